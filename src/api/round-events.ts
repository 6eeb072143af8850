import type { Queryable } from '../db/pool.ts';

/** What became of a round, by its number in the order of commits (migration 0018). */
export type RoundEvent = {
  readonly id: number;
  readonly at: Date;
  readonly kind: 'opened' | 'completed' | 'revised' | 'published';
  readonly inspection: number;
  readonly revision: number | null;
  /** Whose round it is; null: the city's. */
  readonly unit: string | null;
  /** Of `revised`: the units of the cameras that are judged otherwise than before. */
  readonly touched: readonly string[] | null;
};

const adjusted = (revision: string): string =>
  `select camera, exemption, online, image, appeal from adjustment
   where inspection = e.inspection and revision = ${revision}`;

/** Those after `after` up to `until`, the first one first. */
export const roundEvents = (db: Queryable, after: number, until: number, limit: number): Promise<RoundEvent[]> =>
  db.many<RoundEvent>(
    `select e.id, e.at, e.kind, e.inspection, e.revision, i.unit,
       case when e.kind = 'revised' then (
         select coalesce(array_agg(distinct ro.unit), '{}')
         from (
           (${adjusted('e.revision')} except ${adjusted('e.revision - 1')})
           union all
           (${adjusted('e.revision - 1')} except ${adjusted('e.revision')})
         ) d
         join roster ro on ro.inspection = e.inspection and ro.camera = d.camera
       ) end as touched
     from round_event e join inspection i on i.id = e.inspection
     where e.id > $1 and e.id <= $2 order by e.id limit $3`,
    [after, until, limit],
  );

/** The number of the newest; 0: there is none. */
export const newestRoundEvent = async (db: Queryable): Promise<number> =>
  (await db.one<{ id: number }>('select coalesce(max(id), 0) as id from round_event')).id;

export type RoundProgress = {
  readonly inspection: number;
  /** Of the round. */
  readonly scope: string | null;
  readonly unit: string;
  readonly cameras: number;
  /** With a result, whatever it says. */
  readonly answered: number;
};

/** How far the rounds are that are under way, by unit. Reads the results of each: 16,610 cameras in some 30 ms. */
export const roundProgress = async (db: Queryable): Promise<RoundProgress[]> => {
  const running = await db.many<{ id: number; unit: string | null; started_at: Date; cutoff_at: Date }>(
    'select id, unit, started_at, cutoff_at from inspection where completed_at is null order by id',
  );
  const all: RoundProgress[] = [];
  for (const { id, unit, started_at, cutoff_at } of running) {
    // As parameters: joined to the inspection, every chunk of the history would be read.
    const rows = await db.many<Omit<RoundProgress, 'inspection' | 'scope'>>(
      `select ro.unit, count(*)::integer as cameras,
         count(*) filter (where ro.camera in (
           select camera from result where inspection = $1 and slot between $2 and $3
         ))::integer as answered
       from roster ro where ro.inspection = $1 group by ro.unit`,
      [id, started_at, cutoff_at],
    );
    for (const row of rows) all.push({ inspection: id, scope: unit, ...row });
  }
  return all;
};
