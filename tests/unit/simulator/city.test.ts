import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { failures } from '../../../probes/index.ts';
import { archiveOf, archiveTitles } from '../../../src/simulator/archive.ts';
import { type City, inventoryCsv, planCity, type TruthRow, truthOf } from '../../../src/simulator/city.ts';
import { type FaultName, factsOf, faults } from '../../../src/simulator/faults.ts';
import { units } from '../../../src/simulator/units.ts';

const ports = { rtsp: 554, onvif: 80, refused: 40001, unreachable: 40002 };
const city = planCity({ cameras: 2000, seed: 1 });
const part = <T>(of: readonly T[], is: (one: T) => boolean): number => of.filter(is).length / of.length;

/** The verdict rules of an inspection in integers: online and image over what is not unknown. */
const verdictOf = (rows: readonly TruthRow[]): 'met' | 'missed' | 'undetermined' => {
  const assessed = (of: readonly TruthRow[]) => of.filter(({ image }) => image !== 'unknown');
  if (100 * assessed(rows).length < 99 * rows.length) return 'undetermined';
  const holds = (of: readonly TruthRow[], target: number) =>
    100 * of.filter(({ online }) => online === 'yes').length >= target * of.length &&
    100 * of.filter(({ image }) => image === 'yes').length >= target * of.length;
  const ofClass = (name: TruthRow['class']) => assessed(rows.filter((row) => row.class === name));
  return holds(assessed(rows), 95) && holds(ofClass('skynet'), 98) && holds(ofClass('social'), 95) ? 'met' : 'missed';
};

describe('a planned city', () => {
  test('is the same, byte for byte, for the same seed, and another for another seed', () => {
    const bytes = (of: City) => JSON.stringify(of) + inventoryCsv(of, ports) + JSON.stringify(truthOf(of));
    expect(bytes(planCity({ cameras: 2000, seed: 1 }))).toBe(bytes(city));
    expect(bytes(planCity({ cameras: 2000, seed: 2 }))).not.toBe(bytes(city));
  });

  test('has exactly as many cameras as were asked for, from one to the whole of Liuzhou', () => {
    for (const cameras of [0, 1, 7, 60, 300, 16_610]) {
      const made = planCity({ cameras, seed: 3 });
      expect(made.cameras.length).toBe(cameras);
      expect(truthOf(made).length).toBe(cameras);
    }
  });

  test('gives every camera a code of its own with 20 digits, a camera type and the civil code of its district', () => {
    const civil = new Map(units.map((unit) => [unit.code, unit.civil]));
    expect(new Set(city.cameras.map(({ code }) => code)).size).toBe(2000);
    for (const camera of city.cameras) {
      expect(camera.code).toMatch(/^\d{10}13[12]\d{7}$/);
      expect(camera.code.slice(0, 6)).toBe(civil.get(camera.unit));
    }
    const zone = city.cameras.find(({ unit }) => unit === '450271')!;
    expect(zone.code.slice(0, 6)).toBe('450203');
  });

  test('gives every camera a name and a loopback address of its own, never a network or broadcast one', () => {
    const whole = planCity({ cameras: 70_000, seed: 1 });
    expect(new Set(whole.cameras.map(({ name }) => name)).size).toBe(70_000);
    expect(new Set(whole.cameras.map(({ address }) => address)).size).toBe(70_000);
    expect(whole.cameras[0]!.address).toBe('127.16.0.1');
    for (const { address } of whole.cameras) {
      const [first, second, third, last] = address.split('.').map(Number) as [number, number, number, number];
      expect(first === 127 && second >= 16 && second < 256 && third < 256 && last >= 1 && last <= 254).toBe(true);
    }
  });

  test('has the shares of codecs, streams, classes and logins that a city has', () => {
    expect(part(city.cameras, ({ codec }) => codec === 'h265')).toBeCloseTo(0.3, 1);
    expect(part(city.cameras, ({ stream }) => stream === 'main')).toBeCloseTo(0.15, 1);
    expect(part(city.cameras, (camera) => camera.class === 'skynet')).toBeCloseTo(0.35, 2);
    expect(part(city.cameras, ({ auth }) => auth === 'md5')).toBeGreaterThan(0.7);
    for (const auth of ['none', 'sha256', 'basic'])
      expect(city.cameras.some((camera) => camera.auth === auth)).toBe(true);
    expect(city.cameras.some((camera) => camera.class === 'household')).toBe(false);
  });

  test('shows at 2,000 cameras every fault there is', () => {
    const seen = new Set(city.cameras.map(({ fault }) => fault));
    expect([...Object.keys(faults)].filter((name) => !seen.has(name as FaultName))).toEqual([]);
  });

  test('has units that meet their targets, units that miss them and one that is undetermined, whatever the seed', () => {
    for (const seed of [1, 2, 3]) {
      const rows = truthOf(planCity({ cameras: 2000, seed }));
      const verdicts = Object.fromEntries(
        units.map(({ code }) => [code, verdictOf(rows.filter(({ unit }) => unit === code))]),
      );
      expect(verdicts).toEqual({
        '450202': 'met',
        '450203': 'missed',
        '450204': 'met',
        '450205': 'met',
        '450206': 'met',
        '450222': 'missed',
        '450223': 'met',
        '450224': 'met',
        '450225': 'missed',
        '450226': 'missed',
        '450271': 'met',
        '450272': 'undetermined',
      });
    }
  });

  test('asks for a login wherever the fault is one of logins', () => {
    for (const { fault, auth } of city.cameras) if (factsOf(fault).login) expect(auth).not.toBe('none');
    for (const { fault, auth } of city.cameras) expect(auth === 'basic').toBe(fault === 'basic_only');
  });
});

describe('the truth', () => {
  test('names only failure kinds that exist, and has exactly the six keys', () => {
    for (const row of truthOf(city)) {
      expect(Object.keys(row)).toEqual(['code', 'unit', 'class', 'online', 'image', 'kind']);
      expect(row.kind === 'sound' || row.kind in failures).toBe(true);
    }
  });

  test('is sound exactly where both answers are yes, and unknown exactly where the device is busy', () => {
    for (const { online, image, kind } of truthOf(city)) {
      expect(kind === 'sound').toBe(online === 'yes' && image === 'yes');
      expect(image === 'unknown').toBe(kind === 'busy');
    }
  });

  test('of a household camera knows no picture, and no failure once the device was heard', () => {
    const rows = truthOf(planCity({ cameras: 2000, seed: 1, household: 0.5 })).filter(
      (row) => row.class === 'household',
    );
    expect(rows.length).toBeGreaterThan(950);
    expect(rows.some(({ online }) => online === 'no')).toBe(true);
    for (const { online, image, kind } of rows) {
      expect(image).toBe('unknown');
      expect(kind === 'sound').toBe(online === 'yes');
    }
  });
});

describe('the inventory', () => {
  const lines = parse(inventoryCsv(city, ports), { columns: true }) as Record<string, string>[];
  const lineOf = (fault: FaultName) => {
    const camera = city.cameras.find((one) => one.fault === fault)!;
    return { camera, line: lines[camera.index]! };
  };

  test('has the columns that an import expects and a row a camera', () => {
    expect(inventoryCsv(city, ports).split('\n')[0]).toBe('code,name,unit,class,site,rtsp_url,onvif_url,user,password');
    expect(lines.length).toBe(2000);
  });

  test('leaves the usual ports out of the URLs and names the others', () => {
    const { camera, line } = lineOf('sound');
    const path = camera.stream === 'main' ? '101' : '102';
    expect(line.rtsp_url).toBe(`rtsp://${camera.address}/Streaming/Channels/${path}`);
    expect(line.onvif_url).toBe(`http://${camera.address}/onvif/device_service`);
    const other = parse(inventoryCsv(city, { ...ports, rtsp: 8554, onvif: 8080 }), { columns: true }) as typeof lines;
    expect(other[camera.index]!.rtsp_url).toBe(`rtsp://${camera.address}:8554/Streaming/Channels/${path}`);
    expect(other[camera.index]!.onvif_url).toBe(`http://${camera.address}:8080/onvif/device_service`);
  });

  test('points dead cameras to dead ports, and leaves ONVIF alive where only RTSP is dead', () => {
    expect(lineOf('refused').line.rtsp_url).toContain(':40001/');
    expect(lineOf('refused').line.onvif_url).toContain(':40001/');
    expect(lineOf('unreachable').line.rtsp_url).toContain(':40002/');
    expect(lineOf('unreachable').line.onvif_url).toContain(':40002/');
    expect(lineOf('rtsp_dead').line.rtsp_url).toContain(':40001/');
    expect(lineOf('rtsp_dead').line.onvif_url).not.toContain('4000');
  });

  test('holds the right password, a wrong one or none, as the fault says', () => {
    expect(lineOf('sound').line.password).toBe(lineOf('sound').camera.password);
    expect(lineOf('unauthorized').line.password).not.toBe(lineOf('unauthorized').camera.password);
    expect([lineOf('no_credentials').line.user, lineOf('no_credentials').line.password]).toEqual(['', '']);
  });
});

describe('the archive', () => {
  const archive = archiveOf(city, 1);

  test('is the same for the same seed, another for another, and changes nothing of the city', () => {
    const before = JSON.stringify(city);
    expect(archiveOf(city, 1)).toEqual(archive);
    expect(archiveOf(city, 2)).not.toEqual(archive);
    expect(JSON.stringify(city)).toBe(before);
  });

  test('stands in the inventory behind the columns that are there without it', () => {
    const rows = parse(inventoryCsv(city, ports, archive)) as string[][];
    const without = parse(inventoryCsv(city, ports)) as string[][];
    expect(rows.map((row) => row.slice(0, 9))).toEqual(without);
    expect(rows[0]!.slice(9)).toEqual(archiveTitles);
    expect(rows[1]!.slice(9)).toEqual(Object.values(archive[0]!));
  });

  test('lets cameras of one spot share pole, box, power, ONU and recorder, and never those of two units', () => {
    for (const [shared, most] of [
      ['pole', 4],
      ['box', 8],
      ['onu', 8],
      ['power', 8],
      ['recorder', 16],
    ] as const) {
      const groups = [...Map.groupBy(archive.keys(), (nth) => archive[nth]![shared]).values()];
      expect(groups.some((members) => members.length > 1)).toBe(true);
      expect(Math.max(...groups.map(({ length }) => length))).toBeLessThanOrEqual(most);
      for (const members of groups) expect(new Set(members.map((nth) => city.cameras[nth]!.unit)).size).toBe(1);
    }
    expect(new Set(archive.map(({ mac }) => mac)).size).toBe(2000);
    expect(new Set(archive.map(({ carrier }) => carrier)).size).toBe(4);
  });

  test('records the channels of one recorder on one', () => {
    const made = planCity({ cameras: 2000, seed: 1, recorders: 0.3 });
    const rows = archiveOf(made, 1);
    const channels = made.cameras.filter(({ channel }) => channel !== undefined);
    for (const members of Map.groupBy(channels, ({ address }) => address).values()) {
      expect(new Set(members.map(({ index }) => rows[index]!.recorder)).size).toBe(1);
    }
  });
});
