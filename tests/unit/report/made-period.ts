import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { PeriodContent, PeriodIssue } from '../../../src/report/period/content.ts';
import type { Ranked, Sums, UnitPeriod } from '../../../src/rollup/period.ts';
import { madeContent } from './made-city.ts';

const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** Numbers that vary and that anybody can make again. */
const wave = (n: number, among: number): number => ((n * 37) ^ (n * 11)) % among;

const sumsOf = (roster: number, days: number, salt: number): Sums => {
  const assessed = roster * days - wave(salt, 20);
  const online = Math.floor((assessed * (9_300 + wave(salt + 3, 650))) / 10_000);
  return {
    inspections: days,
    roster: roster * days,
    exempt: wave(salt, 10),
    unknown: wave(salt, 20) - Math.min(wave(salt, 20), wave(salt, 10)),
    assessed,
    online,
    image: online - wave(salt + 5, 60),
  };
};

const add = (list: readonly Sums[]): Sums => {
  const sum = (of: (one: Sums) => number): number => list.reduce((all, one) => all + of(one), 0);
  return {
    inspections: list[0]?.inspections ?? 0,
    roster: sum((one) => one.roster),
    exempt: sum((one) => one.exempt),
    unknown: sum((one) => one.unknown),
    assessed: sum((one) => one.assessed),
    online: sum((one) => one.online),
    image: sum((one) => one.image),
  };
};

const ranking = (units: readonly UnitPeriod[], of: (unit: UnitPeriod) => { yes: number; of: number }): Ranked[] =>
  units
    .map((unit) => ({ code: unit.code, name: unit.name, ...of(unit) }))
    .sort((a, b) => b.yes * a.of - a.yes * b.of)
    .map((one, index) => ({ rank: index + 1, ...one }));

/** The figures of a month (or a year) of the same city; one day in it has no inspection, and one unit no sweeps. */
export const madePeriod = (kind: 'month' | 'year' = 'month', unit: string | null = null): PeriodContent => {
  const from = kind === 'month' ? '2026-10-01' : '2026-01-01';
  const days = kind === 'month' ? 31 : 365;
  const city = madeContent({ cameras: 300 });
  const all = Array.from({ length: days }, (_, index) => dayAfter(from, index)).filter(
    (day) => day !== dayAfter(from, 12),
  );
  const outages = (salt: number) => {
    const ended = 4 + wave(salt, 30);
    return { began: ended + 2, ended, seconds: ended * (5_000 + wave(salt, 90_000)), longest: 400_000 + salt, open: 2 };
  };
  const units: UnitPeriod[] = city.units.map(({ code, name }, index) => {
    const skynet = sumsOf(120 + index, all.length, index);
    const social = sumsOf(160 + index, all.length, index + 40);
    const none = sumsOf(0, 0, 0);
    const seconds = (cameras: number) =>
      index === 11
        ? { online: 0, offline: 0, unknown: 0 }
        : {
            online: cameras * days * 83_000,
            offline: cameras * days * (1_000 + wave(index, 3_000)),
            unknown: cameras * days * wave(index, 900),
          };
    return {
      code,
      name,
      classes: {
        total: add([skynet, social]),
        skynet,
        social,
        household: { ...none, assessed: 0, online: 0, image: 0 },
      },
      availability: { total: seconds(280), skynet: seconds(120), social: seconds(160), household: seconds(0) },
      days: { met: all.length - index, missed: Math.max(0, index - 1), undetermined: Math.min(1, index) },
      outages: outages(index),
    };
  });
  const trend = (cameras: number, salt: number) => ({
    inspections: all.map((day, index) => {
      const online = Math.floor((cameras * (9_400 + wave(index + salt, 550))) / 10_000);
      return { day, inspection: 100 + index, assessed: cameras, online, image: online - wave(index, 5) };
    }),
    availability: Array.from({ length: days }, (_, index) => ({
      day: dayAfter(from, index),
      online: cameras * (80_000 + wave(index + salt, 5_000)),
      offline: cameras * wave(index, 4_000),
      unknown: cameras * wave(index, 300),
    })),
  });
  const total = units.map(({ availability }) => availability.total);
  return {
    format: 'xunjian-period/1',
    kind,
    unit,
    period: { from, until: dayAfter(from, days - 1) },
    through: dayAfter(from, days - 1),
    ended: true,
    formula: 'xunjian-period/1',
    sweptUntil: `${dayAfter(from, days - 1)}T16:00:00.000Z`,
    inspections: all.map((day, index) => ({
      id: 100 + index,
      day,
      revision: index === 3 ? 2 : 1,
      policy: 3,
      sha256: createHash('sha256').update(day).digest('hex'),
      published: true,
    })),
    policies: [city.policy],
    units,
    city: {
      classes: {
        total: add(units.map(({ classes }) => classes.total)),
        skynet: add(units.map(({ classes }) => classes.skynet)),
        social: add(units.map(({ classes }) => classes.social)),
        household: add(units.map(({ classes }) => classes.household)),
      },
      availability: {
        total: {
          online: total.reduce((sum, one) => sum + one.online, 0),
          offline: total.reduce((sum, one) => sum + one.offline, 0),
          unknown: total.reduce((sum, one) => sum + one.unknown, 0),
        },
        skynet: { online: 0, offline: 0, unknown: 0 },
        social: { online: 0, offline: 0, unknown: 0 },
        household: { online: 0, offline: 0, unknown: 0 },
      },
      outages: outages(17),
    },
    trends: units.map(({ code }, index) => ({ code, ...trend(280, index) })),
    cityTrend: trend(3_360, 50),
    rankings: {
      online: ranking(units, ({ classes }) => ({ yes: classes.total.online, of: classes.total.assessed })),
      image: ranking(units, ({ classes }) => ({ yes: classes.total.image, of: classes.total.assessed })),
      availability: ranking(units, ({ availability: { total: t } }) => ({ yes: t.online, of: t.online + t.offline })),
    },
    causes: ['unreachable', 'refused', 'no_keyframe', 'unauthorized', 'damaged_picture'].map((kindOf, index) => ({
      kind: kindOf,
      ...outages(30 - index),
      began: 90 - index * 17,
    })),
    offenders: city.cameras.slice(0, 37).map(({ code, name, unit: of, class: camera }, index) => ({
      code,
      name,
      unit: of,
      class: camera,
      outages: 40 - index,
      seconds: 90_000 - index * 1_100,
      kind: 'unreachable',
    })),
    offends: 3,
    before: {
      period: { from: '2026-09-01', until: '2026-09-30' },
      units: units.map(({ code }, index) => {
        const { assessed, online, image } = sumsOf(280, 30, index + 70);
        return { code, assessed, online, image };
      }),
      city: { assessed: 100_800, online: 97_000, image: 96_100 },
    },
  };
};

export const periodIssueOf = (content: PeriodContent): PeriodIssue => ({
  content,
  sha256: createHash('sha256').update(canonicalize(content)!).digest('hex'),
});
