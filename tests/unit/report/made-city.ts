import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { failures } from '../../../probes/index.ts';
import type { Answer, ClassFigures, ComparedUnit, FrozenCamera, FrozenContent } from '../../../src/report/content.ts';
import type { Issue } from '../../../src/report/daily/issue.ts';
import { type CameraClass, type Counts, formula, judgeUnit, type Targets } from '../../../src/verdict/rates.ts';

/** An inspection of a city that never was, all of it drawn from one seed: the same seed gives the same content. */

const names = [
  ['450202', '城中区'],
  ['450203', '鱼峰区'],
  ['450204', '柳南区'],
  ['450205', '柳北区'],
  ['450206', '柳江区'],
  ['450222', '柳城县'],
  ['450223', '鹿寨县'],
  ['450224', '融安县'],
  ['450225', '融水苗族自治县'],
  ['450226', '三江侗族自治县'],
  ['450271', '柳东新区'],
  ['450272', '北部生态新区（阳和工业新区）'],
] as const;

export const targets: Targets = {
  total: { online: 95, image: 95 },
  skynet: { online: 98, image: 98 },
  social: { online: 95, image: 95 },
  coverage: 99,
};

const policy = {
  version: 3,
  valid_from: '2025-12-31T16:00:00.000Z',
  note: '柳州市 2026 年考核口径',
  total_online: 95,
  total_image: 95,
  skynet_online: 98,
  skynet_image: 98,
  social_online: 95,
  social_image: 95,
  coverage: 99,
  attempts: [0, 300, 900],
  cutoff: 3600,
};

/** mulberry32 */
const draws = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const kinds = Object.keys(failures).filter(
  (kind) => failures[kind as keyof typeof failures].origin !== 'ours' && kind !== 'busy',
);
const places = [
  '文昌路与东环大道交叉口西北角人行天桥下方',
  '幸福村民委员会三组进村路口',
  '人民广场',
  '融水苗族自治县香粉乡雨卜村苗寨停车场出入口及周边道路全景（球机）',
  '白莲洞社区综治中心大门',
];
const reasons = ['道路施工', '供电部门计划停电', '点位迁建'];

const cameraOf = (index: number, draw: () => number, units: number): FrozenCamera => {
  const [unit] = names[index % units]!;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const skynet = draw() < 0.4;
  const fate = draw();
  const online: Answer = fate < 0.03 ? 'no' : fate < 0.034 ? 'unknown' : 'yes';
  const image: Answer = online === 'yes' ? (fate < 0.05 ? 'no' : 'yes') : online;
  const failure =
    online === 'unknown' ? 'overloaded' : online === 'no' ? 'unreachable' : image === 'no' ? pick(kinds) : null;
  const faults = image === 'yes' && draw() < 0.01 ? [pick(['black', 'blurred', 'frozen'])] : [];
  const exempt = draw() < 0.02;
  const serial = String(index).padStart(6, '0');
  const slot = (attempt: number): string =>
    new Date(Date.UTC(2026, 10, 22, 0, [0, 5, 15][attempt], 0, 500)).toISOString();
  const tries = online === 'yes' && image === 'yes' ? 1 : 3;
  return {
    code: `${unit}0101131${'0'}${serial}`.padEnd(20, '0').slice(0, 20),
    name: `${pick(places)}${index}号`,
    unit,
    class: skynet ? 'skynet' : 'social',
    site: unit,
    pictureDue: true,
    exempt: exempt ? { exemption: 1 + (index % 7), reason: pick(reasons), until: '2026-11-30T16:00:00.000Z' } : null,
    online,
    image,
    failure,
    step: failure === null ? null : online === 'no' ? 'connect' : 'keyframe',
    detail: failure === null ? null : `10.1.${index % 250}.7:554 no answer in 5000 ms`,
    faults,
    attempts: Array.from({ length: tries }, (_, attempt) => ({
      attempt: attempt + 1,
      slot: slot(attempt),
      observedAt: slot(attempt),
      online,
      image,
      failure,
      step: failure === null ? null : 'connect',
      detail: failure === null ? null : 'no answer in 5000 ms',
      took: 40 + (index % 4900),
    })),
    appeal: null,
    party:
      draw() < 0.8
        ? {
            managingUnit: `${names[index % units]![1]}公安分局`,
            maintainingUnit: '中国移动柳州分公司',
            maintainingContact: '韦工',
            maintainingPhone: '0772-0000000',
          }
        : null,
    shares: {
      recorder: null,
      pole: `P-${Math.floor(index / 3)}`,
      onu: null,
      power: `取电点-${Math.floor(index / 40)}`,
      carrier: index % 2 === 0 ? '移动' : '电信',
      host: null,
    },
  };
};

const countsOf = (cameras: readonly FrozenCamera[]): Counts & { raw: ClassFigures['raw'] } => {
  const unknown = ({ online, image }: FrozenCamera): boolean => online === 'unknown' || image === 'unknown';
  const of = (list: readonly FrozenCamera[]) => {
    const assessed = list.filter((camera) => !unknown(camera));
    return {
      assessed: assessed.length,
      online: assessed.filter(({ online }) => online === 'yes').length,
      image: assessed.filter(({ image }) => image === 'yes').length,
    };
  };
  const counted = cameras.filter(({ exempt }) => exempt === null);
  const { online, image } = of(counted);
  return {
    roster: cameras.length,
    exempt: cameras.length - counted.length,
    unknown: counted.filter(unknown).length,
    online,
    image,
    raw: of(cameras),
  };
};

const figuresOf = (cameras: readonly FrozenCamera[]) => {
  const by = (...classes: CameraClass[]) => countsOf(cameras.filter((camera) => classes.includes(camera.class)));
  const counts = { skynet: by('skynet'), social: by('social'), household: by('household') };
  const { classes, verdict } = judgeUnit(counts, targets);
  const raw = { ...counts, total: by('skynet', 'social') };
  const figures = (name: keyof typeof classes): ClassFigures => ({ ...classes[name], raw: raw[name].raw });
  return {
    classes: {
      total: figures('total'),
      skynet: figures('skynet'),
      social: figures('social'),
      household: figures('household'),
    },
    verdict,
  };
};

const unjudged = (figures: ClassFigures): ClassFigures => ({ ...figures, verdict: { online: null, image: null } });

/** The same cameras, counted anew: for a test that changes some of them. */
export const recounted = (content: FrozenContent): FrozenContent => {
  const { total, skynet, social, household } = figuresOf(content.cameras).classes;
  return {
    ...content,
    units: content.units.map(({ code, name }) => ({
      code,
      name,
      ...figuresOf(content.cameras.filter(({ unit }) => unit === code)),
    })),
    city: {
      total: unjudged(total),
      skynet: unjudged(skynet),
      social: unjudged(social),
      household: unjudged(household),
    },
  };
};

export type Wish = {
  readonly cameras?: number;
  readonly units?: number;
  readonly seed?: number;
  readonly corrected?: boolean;
  readonly day?: string;
  /** Number of the inspection. */
  readonly id?: number;
};

export const madeContent = ({
  cameras = 300,
  units = 12,
  seed = 1,
  corrected = false,
  day = '2026-11-22',
  id = 321,
}: Wish = {}): FrozenContent => {
  const draw = draws(seed);
  const all = Array.from({ length: cameras }, (_, index) => cameraOf(index, draw, units)).sort((a, b) =>
    a.code < b.code ? -1 : 1,
  );
  const unitFigures = names.slice(0, units).map(([code, name]) => ({
    code,
    name,
    ...figuresOf(all.filter(({ unit }) => unit === code)),
  }));
  const city = figuresOf(all).classes;
  const before = ({ assessed, online, image }: Omit<ComparedUnit, 'code'>): Omit<ComparedUnit, 'code'> => ({
    assessed,
    online: Math.max(0, online - Math.floor(draw() * 3)),
    image: Math.min(assessed, image + Math.floor(draw() * 2)),
  });
  const comparison = (against: 'yesterday' | 'last_week', date: string, inspection: number) => ({
    against,
    day: date,
    inspection,
    revision: 1,
    sha256: createHash('sha256').update(`${seed}${against}`).digest('hex'),
    units: unitFigures.map(({ code, classes }) => ({ code, ...before(classes.total) })),
    city: before(city.total),
  });
  return {
    format: 'xunjian-inspection/1',
    inspection: {
      id,
      day,
      unit: null,
      startedAt: `${day}T00:00:00.500Z`,
      cutoffAt: `${day}T01:00:00.500Z`,
      completedAt: `${day}T01:00:04.120Z`,
    },
    revision: corrected
      ? {
          number: 2,
          previous: { number: 1, sha256: createHash('sha256').update('first').digest('hex') },
          madeAt: `${day}T09:20:00.000Z`,
          madeBy: '市综治中心 覃某',
          why: '申诉12成立：鹿寨县1个点位误判离线',
        }
      : { number: 1, previous: null, madeAt: `${day}T01:00:05.000Z`, madeBy: '巡检平台', why: '巡检完成' },
    formula,
    policy,
    units: unitFigures,
    city: {
      total: unjudged(city.total),
      skynet: unjudged(city.skynet),
      social: unjudged(city.social),
      household: unjudged(city.household),
    },
    comparisons: [comparison('yesterday', '2026-11-21', 320), comparison('last_week', '2026-11-15', 314)],
    cameras: all,
  };
};

export const issueOf = (content: FrozenContent, published = true): Issue => ({
  content,
  sha256: createHash('sha256').update(canonicalize(content)!).digest('hex'),
  published,
});
