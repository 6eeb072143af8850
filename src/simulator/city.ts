import { stringify } from 'csv-stringify/sync';
import type { Answer, Codec, FailureKind } from '../../probes/index.ts';
import { apportion, Draw } from './draw.ts';
import { type FaultName, factsOf, faultsOf, truthFor } from './faults.ts';
import { channelsAmong } from './recorders.ts';
import { type Unit, units } from './units.ts';

export type CameraClass = 'skynet' | 'social' | 'household';
export type Stream = 'main' | 'sub';
/** What the city films, of the codecs that a probe knows. */
export type VideoCodec = Extract<Codec, 'h264' | 'h265'>;
export type Auth = 'none' | 'basic' | 'md5' | 'sha256';

export type Camera = {
  readonly index: number;
  /** 20 digits, GB/T 28181. */
  readonly code: string;
  readonly name: string;
  /** Unit code; not the same as the civil code in `code`. */
  readonly unit: string;
  readonly class: CameraClass;
  /** Site code. */
  readonly site: string;
  /** In 127.16.0.1 upward, no other camera's but those of the same recorder. */
  readonly address: string;
  readonly codec: VideoCodec;
  readonly stream: Stream;
  readonly auth: Auth;
  readonly user: string;
  /** What the camera itself accepts; the inventory may hold another. */
  readonly password: string;
  readonly fault: FaultName;
  /** Of a recorder's channel: its number, from 1. */
  readonly channel?: number;
};

/** What a city is made from. */
export type CityPlan = {
  readonly cameras: number;
  readonly seed: number;
  /** Part of the cameras that is of class household, 0 to 1. */
  readonly household?: number;
  /** Part of the cameras that are channels of recorders of 16 or 64, 0 to 1, as far as their faults allow. */
  readonly recorders?: number;
  /** The one stream that all cameras show; else some show their main stream. */
  readonly stream?: Stream;
  /** No camera has a fault: for what is measured, and not judged. */
  readonly sound?: true;
};

export type Site = { readonly code: string; readonly name: string; readonly networks: readonly string[] };

export type City = {
  readonly units: readonly { readonly code: string; readonly name: string }[];
  readonly sites: readonly Site[];
  readonly cameras: readonly Camera[];
};

export type TruthRow = {
  readonly code: string;
  readonly unit: string;
  readonly class: CameraClass;
  readonly online: Answer;
  readonly image: Answer;
  readonly kind: FailureKind | 'sound';
};

/** Where the listeners of a running simulator are. */
export type Ports = {
  readonly rtsp: number;
  readonly onvif: number;
  readonly refused: number;
  readonly unreachable: number;
};

/** How a unit's cameras do, as parts of the class. `up` rounds against the unit, so that it misses in a small city too. */
type Quality = { readonly skynet: number; readonly social: number; readonly busy: number; readonly up: boolean };

const good: Quality = { skynet: 0.012, social: 0.022, busy: 0.002, up: false };
const justMet: Quality = { skynet: 0.02, social: 0.048, busy: 0.002, up: false };
const justMissed: Quality = { skynet: 0.025, social: 0.07, busy: 0.002, up: true };
const clearlyMissed: Quality = { skynet: 0.07, social: 0.16, busy: 0.002, up: true };
/** So many busy cameras that coverage is under 99 %. */
const undetermined: Quality = { ...good, busy: 0.02 };

const qualities: Readonly<Record<string, Quality>> = {
  '450203': justMissed,
  '450205': justMet,
  '450222': clearlyMissed,
  '450224': justMet,
  '450225': clearlyMissed,
  '450226': justMissed,
  '450272': undetermined,
};

const skynetShare = 0.35;
const householdFaults = 0.05;
const quirkShare = 0.04;
const spots = ['东口', '西口', '南口', '北口', '中段', '公交站'];
const places = ['村口', '广场', '卫生室', '学校门口', '文化楼', '桥头'];

/** 127.16.0.1 upward; no last byte 0 or 255. */
const addressOf = (index: number): string =>
  `127.${16 + Math.floor(index / (254 * 256))}.${Math.floor(index / 254) % 256}.${(index % 254) + 1}`;

/** `count` fault names of a group by weight, each at least once where `count` allows, in no order that tells anything. */
const deck = (group: 'quirk' | 'failing', count: number, draw: Draw): FaultName[] => {
  const names = faultsOf(group);
  const once = count >= names.length ? 1 : 0;
  const parts = apportion(
    count - once * names.length,
    names.map((name) => factsOf(name).weight),
  );
  return draw.shuffle(names.flatMap((name, index) => Array<FaultName>(parts[index]! + once).fill(name)));
};

type Place = { readonly name: string; readonly code: string };

/** The name and the code of one camera; `taken` counts the cameras of each spot. */
const placeOf = (unit: Unit, serial: number, draw: Draw, taken: Map<string, number>): Place => {
  const road = draw.next() < 0.6;
  const station = 1 + draw.integer(12);
  const spot = `${unit.name}-${road ? draw.pick(unit.roads) : draw.pick(unit.villages)}-${draw.pick(road ? spots : places)}`;
  const number = (taken.get(spot) ?? 0) + 1;
  taken.set(spot, number);
  const trade = road ? '00' : spot.endsWith('学校门口') || spot.endsWith('卫生室') ? '02' : '01';
  const type = draw.next() < 0.9 ? '132' : '131';
  return {
    name: `${spot}-${String(number).padStart(2, '0')}`,
    code: `${unit.civil}${String(station).padStart(2, '0')}${trade}${type}0${String(serial).padStart(6, '0')}`,
  };
};

/** Letters, digits and the signs that have broken digest headers, URLs and XML; neither quote nor backslash. */
const passwordFrom = (draw: Draw): string => {
  const letters = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const signs = '@#&:/%+!?=<';
  const body = Array.from({ length: 9 }, () => letters[draw.integer(letters.length)]!).join('');
  return `${body.slice(0, 5)}${signs[draw.integer(signs.length)]!}${body.slice(5)}`;
};

const authFor = (fault: FaultName, draw: Draw): Auth => {
  const chance = draw.next();
  if (fault === 'basic_only') return 'basic';
  if (chance < 0.08 && factsOf(fault).login !== true) return 'none';
  return chance < 0.2 ? 'sha256' : 'md5';
};

/** Drawn in any case: what else is drawn does not depend on what was asked for. */
const streamFor = ({ stream }: CityPlan, draw: Draw): Stream => {
  const drawn = draw.next() < 0.15 ? 'main' : 'sub';
  return stream ?? drawn;
};

/**
 * A city of simulated cameras. Pure: the same arguments give the same city, byte for byte. How many cameras of a unit
 * fail is a quota, not chance, so that the units' verdicts do not depend on the seed; which of them, and how, does.
 */
export const planCity = (plan: CityPlan): City => {
  const draw = new Draw(plan.seed);
  const sizes = apportion(
    plan.cameras,
    units.map((unit) => unit.weight),
  );
  const marked = units.flatMap((unit, index) => {
    const quality = qualities[unit.code] ?? good;
    const round = quality.up ? Math.ceil : Math.floor;
    const household = Math.round(sizes[index]! * (plan.household ?? 0));
    const counted = sizes[index]! - household;
    const skynet = Math.round(counted * skynetShare);
    const social = counted - skynet;
    const busy = (quality.busy > 0.01 ? Math.ceil : Math.floor)(quality.busy * counted);
    const members: { unit: Unit; class: CameraClass; group: 'failing' | 'busy' | 'sound' }[] = [];
    const add = (of: CameraClass, count: number, failing: number, busyOnes: number) => {
      for (let nth = 0; nth < count; nth += 1)
        members.push({
          unit,
          class: of,
          group: nth < failing ? 'failing' : nth < failing + busyOnes ? 'busy' : 'sound',
        });
    };
    add('skynet', skynet, round(quality.skynet * skynet), 0);
    add('social', social, round(quality.social * social), busy);
    add('household', household, Math.floor(householdFaults * household), 0);
    return draw.shuffle(members);
  });

  const failing = deck('failing', marked.filter(({ group }) => group === 'failing').length, draw);
  const sound = marked.filter(({ group }) => group === 'sound').length;
  const quirks = Math.floor(sound * quirkShare);
  const working = draw.shuffle([...deck('quirk', quirks, draw), ...Array<FaultName>(sound - quirks).fill('sound')]);
  const taken = new Map<string, number>();

  const cameras = marked.map(({ unit, class: of, group }, index): Camera => {
    const dealt = group === 'busy' ? 'busy' : (group === 'failing' ? failing : working).pop()!;
    const fault = plan.sound === true ? 'sound' : dealt;
    return {
      index,
      ...placeOf(unit, index + 1, draw, taken),
      unit: unit.code,
      class: of,
      site: unit.code,
      address: addressOf(index),
      codec: draw.next() < 0.3 ? 'h265' : 'h264',
      stream: streamFor(plan, draw),
      auth: authFor(fault, draw),
      user: draw.next() < 0.8 ? 'admin' : 'xueliang',
      password: passwordFrom(draw),
      fault,
    };
  });

  const channels = channelsAmong(cameras, plan.recorders ?? 0, draw);
  return {
    units: units.map(({ code, name }) => ({ code, name })),
    sites: units.map(({ code, name }) => ({ code, name: `${name}机房`, networks: ['127.0.0.0/8'] })),
    cameras: channels.size === 0 ? cameras : cameras.map((camera) => ({ ...camera, ...channels.get(camera.index) })),
  };
};

/** What a right inspection of the city must find, a row a camera in the city's order. */
export const truthOf = (city: City): TruthRow[] =>
  city.cameras.map((camera) => ({
    code: camera.code,
    unit: camera.unit,
    class: camera.class,
    ...truthFor(camera.fault, camera.class === 'household', camera.channel !== undefined),
  }));

/** The path of a camera's stream as Hikvision names it. */
export const streamPath = ({ channel = 1, stream }: Camera): string =>
  `/Streaming/Channels/${channel}0${stream === 'main' ? 1 : 2}`;

const inventoryPassword = (camera: Camera): string =>
  camera.fault === 'unauthorized' ? `old-${camera.password}` : camera.password;

/**
 * The inventory as a county would hand it in: CSV, UTF-8, one line a camera, CRLF-free. With an archive, its columns stand
 * behind the others.
 */
export const inventoryCsv = (
  city: City,
  ports: Ports,
  archive: readonly Readonly<Record<string, string>>[] = [],
): string =>
  stringify(
    city.cameras.map((camera, nth) => {
      const dead = camera.fault === 'refused' || camera.fault === 'rtsp_dead';
      const rtsp = dead ? ports.refused : camera.fault === 'unreachable' ? ports.unreachable : ports.rtsp;
      const onvif =
        camera.fault === 'refused' ? ports.refused : camera.fault === 'unreachable' ? ports.unreachable : ports.onvif;
      const login = camera.fault !== 'no_credentials';
      return {
        code: camera.code,
        name: camera.name,
        unit: camera.unit,
        class: camera.class,
        site: camera.site,
        rtsp_url: `rtsp://${camera.address}${rtsp === 554 ? '' : `:${rtsp}`}${streamPath(camera)}`,
        onvif_url: `http://${camera.address}${onvif === 80 ? '' : `:${onvif}`}/onvif/device_service`,
        user: login ? camera.user : '',
        password: login ? inventoryPassword(camera) : '',
        ...archive[nth],
      };
    }),
    {
      header: true,
      columns: [
        ...['code', 'name', 'unit', 'class', 'site', 'rtsp_url', 'onvif_url', 'user', 'password'],
        ...Object.keys(archive[0] ?? {}),
      ],
    },
  );
