import canonicalize from 'canonicalize';
import type { Queryable } from '../../db/pool.ts';
import { everything } from '../../rollup/availability.ts';
import { causes } from '../../rollup/outage-figures.ts';
import type { Period, Sums, UnitPeriod } from '../../rollup/period.ts';
import { periodFigures, spanOf, unitPeriods } from '../../rollup/period-figures.ts';
import { Sentence } from '../../sentence.ts';
import { type MadeDocument, sealed } from '../daily/document.ts';
import { periodFileName } from '../file-name.ts';
import type { Format } from '../format.ts';
import { print } from '../press.ts';
import { sha256Of } from '../revision.ts';
import { localDay } from '../words/local-time.ts';
import { type PeriodContent, periodDraft } from './content.ts';

export type PeriodWish = {
  readonly kind: PeriodContent['kind'];
  /** The month or the year, whole. */
  readonly period: Period;
  /** null: the city. */
  readonly unit: string | null;
  readonly format: Format;
};

/** A camera with so many outages in a month or a year is named: once is chance, twice may be. */
const offends = 3;

/** The document of a month or a year as it stands at `now`. Throws a Sentence where there is nothing of it or no such unit. */
export const periodDocument = async (db: Queryable, wish: PeriodWish, now: Date): Promise<MadeDocument> => {
  const content = await periodContent(db, wish, now);
  const bytes = Buffer.from(canonicalize(content)!);
  const sha256 = sha256Of(bytes);
  return sealed(await print({ report: 'period', format: wish.format, bytes, sha256 }), {
    name: periodFileName(content, wish.format),
    contentSha256: sha256,
    revision: null,
    published: periodDraft(content) === null,
  });
};

/** All that the documents of a period say, with what it was summed from. */
export const periodContent = async (
  db: Queryable,
  { kind, period, unit }: Omit<PeriodWish, 'format'>,
  now: Date,
): Promise<PeriodContent> => {
  const figures = await periodFigures(db, period, { unit: null, offends, now });
  if (figures.inspections.length === 0) await refuseEmpty(db, kind, period);
  if (unit !== null && !figures.units.some(({ code }) => code === unit)) refuseUnit(figures.units, unit);
  return {
    ...figures,
    format: 'xunjian-period/1',
    kind,
    unit,
    ...reached(period, now),
    sweptUntil: figures.sweptUntil?.toISOString() ?? null,
    inspections: await sealedInspections(db, figures.inspections),
    policies: await policiesOf(
      db,
      figures.inspections.map(({ policy }) => policy),
    ),
    causes: unit === null ? figures.causes : await causes(db, { ...everything, unit }, spanOf(period, now)),
    before: await comparedWith(db, periodBefore(kind, period), now),
  };
};

/** How far the period has come at `now`. */
const reached = (period: Period, now: Date): Pick<PeriodContent, 'through' | 'ended'> => {
  const today = localDay(now.toISOString());
  const ended = today > period.until;
  return { through: ended ? period.until : today, ended };
};

/** The month before, or the year before: whole. */
export const periodBefore = (kind: PeriodContent['kind'], { from }: Period): Period => {
  const [year, month] = from.split('-').map(Number) as [number, number];
  if (kind === 'year') return { from: `${year - 1}-01-01`, until: `${year - 1}-12-31` };
  const day = (of: number): string => new Date(of).toISOString().slice(0, 10);
  return { from: day(Date.UTC(year, month - 2, 1)), until: day(Date.UTC(year, month - 1, 0)) };
};

const comparedWith = async (db: Queryable, period: Period, now: Date): Promise<PeriodContent['before']> => {
  const units = (await unitPeriods(db, period, null, now)).filter(({ classes }) => classes.total.inspections > 0);
  if (units.length === 0) return null;
  const total = (metric: keyof Sums): number => units.reduce((sum, { classes }) => sum + classes.total[metric], 0);
  return {
    period,
    units: units.map(({ code, classes: { total: sums } }) => ({
      code,
      assessed: sums.assessed,
      online: sums.online,
      image: sums.image,
    })),
    city: { assessed: total('assessed'), online: total('online'), image: total('image') },
  };
};

type Named = { readonly id: number; readonly day: string; readonly revision: number; readonly policy: number };

const sealedInspections = async (
  db: Queryable,
  inspections: readonly Named[],
): Promise<PeriodContent['inspections']> => {
  const rows = await db.many<{ inspection: number; sha256: string; published: boolean }>(
    `select r.inspection, r.sha256, p.inspection is not null as published
     from unnest($1::bigint[], $2::integer[]) as wanted (inspection, number)
     join revision r using (inspection, number)
     left join publication p on p.inspection = r.inspection and p.revision = r.number`,
    [inspections.map(({ id }) => id), inspections.map(({ revision }) => revision)],
  );
  const seals = new Map(rows.map(({ inspection, ...seal }) => [inspection, seal]));
  // From before inspections were frozen: counted, and by its missing hash told from those that can be proven.
  return inspections.map((one) => ({ ...one, ...(seals.get(one.id) ?? { sha256: null, published: false }) }));
};

const policiesOf = async (db: Queryable, versions: readonly number[]): Promise<PeriodContent['policies']> => {
  const rows = await db.many<{ policy: PeriodContent['policies'][number] }>(
    'select to_jsonb(policy) as policy from policy where version = any($1) order by version',
    [[...new Set(versions)]],
  );
  return rows.map(({ policy }) => policy);
};

const refuseEmpty = async (db: Queryable, kind: PeriodContent['kind'], { from }: Period): Promise<never> => {
  const length = kind === 'year' ? 4 : 7;
  const rows = await db.many<{ name: string }>(
    `select distinct left(day::text, $1) as name from inspection
     where day is not null and completed_at is not null order by name desc limit 12`,
    [length],
  );
  const [asked, known] = [from.slice(0, length), rows.map(({ name }) => name).sort()];
  throw new Sentence(
    `日期 ${asked}：这一时期没有已完成的日巡检；${known.length === 0 ? '尚无任何日巡检' : `有日巡检的是 ${known.join('、')}`}`,
    `date ${asked}: no daily inspection was completed then; ${known.length === 0 ? 'there is none yet' : `there are some in ${known.join(', ')}`}`,
  );
};

const refuseUnit = (units: readonly UnitPeriod[], code: string): never => {
  const known = units.map((unit) => `${unit.code} ${unit.name}`).join('、');
  throw new Sentence(
    `考核单位 ${code}：这一时期没有这个考核单位的数据；有 ${known}`,
    `unit ${code}: there is nothing of such a unit in it; there are ${units.map((unit) => unit.code).join(', ')}`,
  );
};
