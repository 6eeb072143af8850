import type { City } from './city.ts';
import { Draw } from './draw.ts';

/** The archive of one camera as a county keeps it, by the names of an inventory's columns; all in Chinese words. */
export type ArchiveRow = Readonly<Record<(typeof archiveTitles)[number], string>>;

export const archiveTitles = [
  ...([
    'state',
    'kind',
    'manufacturer',
    'model',
    'serial',
    'mac',
    'address',
    'longitude',
    'latitude',
    'facing',
  ] as const),
  ...(['power', 'carrier', 'onu', 'recorder', 'pole', 'box'] as const),
  ...(['managing_unit', 'managing_contact', 'managing_phone'] as const),
  ...(['maintaining_unit', 'maintaining_contact', 'maintaining_phone'] as const),
  ...(['project', 'built_on', 'retention_days'] as const),
] as const;

/** Where each unit's seat is: longitude and latitude. */
const seats: Readonly<Record<string, readonly [number, number]>> = {
  '450202': [109.4273, 24.366],
  '450203': [109.4525, 24.3184],
  '450204': [109.3855, 24.336],
  '450205': [109.4022, 24.3627],
  '450206': [109.3264, 24.2546],
  '450222': [109.2446, 24.6506],
  '450223': [109.7507, 24.4728],
  '450224': [109.3975, 25.2246],
  '450225': [109.2566, 25.0659],
  '450226': [109.6077, 25.7833],
  '450271': [109.587, 24.409],
  '450272': [109.448, 24.419],
};

const makes = [
  { name: '海康威视', models: ['DS-2CD3T46', 'DS-2DE4423', 'iDS-2CD9371'], mac: 'a4:14:37' },
  { name: '大华', models: ['DH-IPC-HFW4443', 'DH-SD-6C3423'], mac: '3c:ef:8c' },
  { name: '宇视', models: ['HIC5421', 'IPC-E632'], mac: '48:ea:63' },
] as const;
const kinds = ['固定枪机', '固定枪机', '固定枪机', '球机', '半球', '遥控枪机', '卡口', '全景'];
const carriers = ['电信', '移动', '联通', '广电'];
const facings = ['东', '南', '西', '北', '东南', '东北', '西南', '西北'];
const keepers = ['联通系统集成', '广西广电网络', '中电科海康', '柳州智慧城市', '桂盾安防'];
const family = ['韦', '覃', '黄', '莫', '梁', '罗', '蒙', '吴', '石', '杨'];
const projects = [
  { name: '雪亮工程一期', year: 2017 },
  { name: '雪亮工程二期', year: 2019 },
  { name: '社会面补点', year: 2022 },
  { name: '平安家园', year: 2023 },
] as const;

/** Cameras of one spot that hang on one pole, share one box with its ONU and its power, and are recorded by one recorder. */
const onPole = 4;
const inBox = 8;
const onRecorder = 16;

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');
const mobile = (draw: Draw): string => `13${padded(draw.integer(10), 1)}${padded(draw.integer(100_000_000), 8)}`;
const person = (draw: Draw): string => `${draw.pick(family)}工`;

/**
 * The archive of a city's cameras, in their order: poles, boxes, ONUs, power and recorders are shared by cameras of one
 * spot, carriers by those of one street, and who manages and maintains by those of a unit, so that what fails together
 * can be told from it. Drawn apart: the city is the same with it and without.
 */
export const archiveOf = (city: City, seed: number): ArchiveRow[] => {
  const draw = new Draw(seed ^ 0x5a_17_c0_de);
  const names = new Map(city.units.map(({ code, name }) => [code, name]));
  const streets = new Map<string, { nth: number; carrier: string; spot: readonly [number, number] }>();
  const keepersOf = new Map(
    city.units.map(({ code, name }) => {
      const keeper = {
        unit: draw.pick(keepers),
        contact: person(draw),
        phone: `0772-${padded(2_000_000 + draw.integer(7_000_000), 7)}`,
      };
      const managing = { unit: `${name}综治中心`, contact: person(draw), phone: mobile(draw) };
      return [code, { keeper, managing }] as const;
    }),
  );
  return city.cameras.map((camera): ArchiveRow => {
    const [, street = '', spot = ''] = camera.name.split('-');
    const place = `${camera.unit}-${street}-${spot}`;
    const along = streets.get(`${camera.unit}-${street}`) ?? {
      nth: streets.size + 1,
      carrier: draw.pick(carriers),
      spot: [draw.next(), draw.next()] as const,
    };
    streets.set(`${camera.unit}-${street}`, along);
    // 1, 2, 3 … at its spot: the number that its name ends with.
    const nth = Number(camera.name.slice(camera.name.lastIndexOf('-') + 1)) - 1;
    const [longitude, latitude] = seats[camera.unit] ?? [109.4, 24.3];
    const at = (whole: number, share: number): string =>
      (whole + (share - 0.5) * 0.2 + (draw.next() - 0.5) * 0.004).toFixed(6);
    const make = makes[draw.next() < 0.7 ? 0 : draw.next() < 0.7 ? 1 : 2]!;
    const project = camera.class === 'household' ? projects[3] : projects[draw.integer(3)]!;
    const { keeper, managing } = keepersOf.get(camera.unit)!;
    const tag = `${camera.unit}-${padded(along.nth, 4)}-${spot}`;
    const box = `${tag}-箱${Math.floor(nth / inBox) + 1}`;
    return {
      state: '在用',
      kind: draw.pick(kinds),
      manufacturer: make.name,
      model: draw.pick(make.models),
      serial: `${make.models[0]}${padded(project.year, 4)}${padded(camera.index, 9)}`,
      mac: `${make.mac}:${padded(camera.index, 6).match(/../g)!.join(':')}`,
      address: `柳州市${names.get(camera.unit)}${street}${spot}`,
      longitude: at(longitude, along.spot[0]),
      latitude: at(latitude, along.spot[1]),
      facing: draw.pick(facings),
      power: `${tag}-电${Math.floor(nth / inBox) + 1}`,
      carrier: along.carrier,
      onu: `${box}-ONU`,
      recorder:
        camera.channel === undefined ? `${place}-NVR${Math.floor(nth / onRecorder) + 1}` : `NVR-${camera.address}`,
      pole: `${tag}-杆${Math.floor(nth / onPole) + 1}`,
      box,
      managing_unit: managing.unit,
      managing_contact: managing.contact,
      managing_phone: managing.phone,
      maintaining_unit: keeper.unit,
      maintaining_contact: keeper.contact,
      maintaining_phone: keeper.phone,
      project: project.name,
      built_on: `${project.year}-${padded(1 + draw.integer(12), 2)}-${padded(1 + draw.integer(28), 2)}`,
      retention_days: camera.class === 'skynet' ? '90' : '30',
    };
  });
};
