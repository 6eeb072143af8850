import type { Queryable } from '../db/pool.ts';
import type { Scope } from './availability.ts';
import type { Span } from './availability-split.ts';
import type { CauseFigures, OutageFigures, PeriodClass, RepeatOffender } from './period.ts';

export type Outage = {
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly class: Exclude<PeriodClass, 'total'>;
  readonly site: string;
  readonly began_at: Date;
  /** null: it is not over. */
  readonly ended_at: Date | null;
  /** Of an ended one, without the time that nobody knows of. */
  readonly seconds: number | null;
  /** Of an ended one: what nobody knows of. */
  readonly unknown: number | null;
  readonly kind: string;
  readonly step: string | null;
  readonly detail: string | null;
};

/**
 * A camera that was suspended or removed while it was down is never seen up again: its outage counts in the period in which
 * it began, and not in every one for ever.
 */
const goesOn = `o.ended_at is null and (o.began_at >= $1 or (select in_use from camera where id = o.camera))`;
/** Of an outage `o` that is over, s. */
export const outageSeconds = "(date_part('epoch', o.ended_at - o.began_at)::bigint - o.unknown)";
const scoped = `($3::integer is null or o.camera = $3) and ($4::text is null or o.unit = $4)
  and ($5::text is null or o.site = $5) and ($6::text is null or o.class = $6)`;
const parametersOf = ({ from, until }: Span, { camera, unit, site, class: of }: Scope): unknown[] => [
  ...[from, until],
  ...[camera, unit, site, of],
];

/** Outages that began before `until` and were not over before `from`, in the order of their beginning. */
export const outages = (db: Queryable, scope: Scope, span: Span): Promise<Outage[]> =>
  db.many<Outage>(
    `select c.code, c.name, o.unit, o.class, o.site, o.began_at, o.ended_at, ${outageSeconds} as seconds, o.unknown, o.kind,
       o.step, o.detail
     from outage o join camera c on c.id = o.camera
     where o.began_at < $2 and (o.ended_at >= $1 or ${goesOn}) and ${scoped}
     order by o.began_at, c.code`,
    parametersOf(span, scope),
  );

/** What OutageFigures says, of an outage `o`; one that is over by $2 only because of what came later is open. */
const figures = `count(*) filter (where o.began_at >= $1)::integer as began,
  count(*) filter (where o.ended_at >= $1 and o.ended_at < $2)::integer as ended,
  coalesce(sum(${outageSeconds}) filter (where o.ended_at >= $1 and o.ended_at < $2), 0)::bigint as seconds,
  coalesce(max(${outageSeconds}) filter (where o.ended_at >= $1 and o.ended_at < $2), 0)::bigint as longest,
  count(*) filter (where o.ended_at is null or o.ended_at >= $2)::integer as open`;

export type GroupedOutages = OutageFigures & { readonly of: string };

/** By unit, site, class, kind of failure or camera (its code). Household cameras are counted only where the scope names them. */
export const outageFigures = (
  db: Queryable,
  by: 'unit' | 'site' | 'class' | 'kind' | 'camera',
  scope: Scope,
  span: Span,
): Promise<GroupedOutages[]> =>
  db.many<GroupedOutages>(
    `select ${by === 'camera' ? 'c.code' : `o.${by}`} as of, ${figures}
     from outage o ${by === 'camera' ? 'join camera c on c.id = o.camera' : ''}
     where o.began_at < $2 and (o.ended_at >= $1 or ${goesOn}) and ${scoped}
       and ($6::text is not null or $3::integer is not null or o.class <> 'household')
     group by 1 order by 1`,
    parametersOf(span, scope),
  );

export const noOutages: OutageFigures = { began: 0, ended: 0, seconds: 0, longest: 0, open: 0 };

export const together = (all: readonly OutageFigures[]): OutageFigures =>
  all.reduce(
    (sum, one) => ({
      began: sum.began + one.began,
      ended: sum.ended + one.ended,
      seconds: sum.seconds + one.seconds,
      longest: Math.max(sum.longest, one.longest),
      open: sum.open + one.open,
    }),
    noOutages,
  );

/** Whole seconds, rounded down; null where none ended. */
export const meanTimeToRepair = ({ seconds, ended }: OutageFigures): number | null =>
  ended === 0 ? null : Math.floor(seconds / ended);

/** The most frequent first. */
export const causes = async (db: Queryable, scope: Scope, span: Span): Promise<CauseFigures[]> =>
  (await outageFigures(db, 'kind', scope, span))
    .map(({ of, ...rest }): CauseFigures => ({ kind: of, ...rest }))
    .sort((a, b) => b.began - a.began || (a.kind < b.kind ? -1 : 1));

/** Cameras with `times` outages or more that began in the span, the most first. */
export const repeatOffenders = (db: Queryable, scope: Scope, span: Span, times: number): Promise<RepeatOffender[]> =>
  db.many<RepeatOffender>(
    `select c.code, c.name, c.unit, c.class, o.outages, o.seconds, o.kind
     from (
       select o.camera, count(*)::integer as outages, coalesce(sum(${outageSeconds}), 0)::bigint as seconds,
         mode() within group (order by o.kind) as kind
       from outage o
       where o.began_at >= $1 and o.began_at < $2 and ${scoped}
         and ($6::text is not null or $3::integer is not null or o.class <> 'household')
       group by o.camera having count(*) >= $7
     ) o
     join camera c on c.id = o.camera
     order by o.outages desc, o.seconds desc, c.code`,
    [...parametersOf(span, scope), times],
  );
