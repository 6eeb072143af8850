import type { Queryable } from '../db/pool.ts';

/** An inspection, also one that runs. */
export type ListedInspection = {
  readonly id: number;
  readonly started_at: Date;
  readonly cutoff_at: Date;
  readonly completed_at: Date | null;
  readonly day: string | null;
  /** Of this unit alone; null: of the city. */
  readonly unit: string | null;
  readonly policy: number;
  /** The newest; null while it runs. */
  readonly revision: number | null;
  /** When that one was published; null: a draft. */
  readonly published_at: Date | null;
  /** Cameras on its roster, of those that are met. */
  readonly cameras: number;
};

/** What is null is not asked for. With a reach, an inspection of another unit alone is none. */
export type InspectionsWanted = {
  readonly reach: string | null;
  readonly unit: string | null;
  readonly daily: boolean | null;
  readonly complete: boolean | null;
};

const columns = `i.id, i.started_at, i.cutoff_at, i.completed_at, i.day, i.unit, i.policy, v.number as revision,
  p.published_at`;
const newest = `left join lateral (
    select number from revision where revision.inspection = i.id order by number desc limit 1
  ) v on true
  left join publication p on p.inspection = i.id and p.revision = v.number`;
/** Of one that is closed they are counted already. Of $1, the reach. */
const cameras = `case when i.completed_at is not null
    then (select coalesce(sum(r.roster), 0) from rate r where r.inspection = i.id and r.revision = 1
      and r.class <> 'total' and ($1::text is null or r.unit = $1))
    else (select count(*) from roster o where o.inspection = i.id and ($1::text is null or o.unit = $1)) end as cameras`;

/** So many by number, after one; and how many there are in all. */
export const inspectionsWanted = async (
  db: Queryable,
  { reach, unit, daily, complete }: InspectionsWanted,
  page: { readonly down: boolean; readonly after: number | null; readonly limit: number },
): Promise<{ readonly rows: ListedInspection[]; readonly total: number }> => {
  const wanted = `from inspection i
    where ($1::text is null or i.unit is null or i.unit = $1) and ($2::text is null or i.unit = $2)
      and ($3::boolean is null or (i.day is not null) = $3)
      and ($4::boolean is null or (i.completed_at is not null) = $4)`;
  const parameters = [reach, unit, daily, complete];
  const [sign, order] = page.down ? ['<', 'desc'] : ['>', 'asc'];
  const rows = await db.many<ListedInspection>(
    `select ${columns}, ${cameras}
     from (
       select i.* ${wanted} and ($5::bigint is null or i.id ${sign} $5) order by i.id ${order} limit $6
     ) i ${newest} order by i.id ${order}`,
    [...parameters, page.after, page.limit],
  );
  const { total } = await db.one<{ total: number }>(`select count(*) as total ${wanted}`, parameters);
  return { rows, total };
};

/** One that is met; null: there is none of this number. */
export const inspectionMet = (db: Queryable, id: number, reach: string | null): Promise<ListedInspection | null> =>
  db.maybeOne<ListedInspection>(
    `select ${columns}, ${cameras} from inspection i ${newest}
     where i.id = $2 and ($1::text is null or i.unit is null or i.unit = $1)`,
    [reach, id],
  );

/**
 * Of the revisions of an inspection those that judge a camera of a unit otherwise than the one before: what was said of the
 * others is not about this unit. The first is about everybody.
 */
export const revisionsTouching = async (db: Queryable, inspection: number, unit: string): Promise<Set<number>> => {
  const rows = await db.many<{ number: number }>(
    `with own as (
       select a.revision, a.camera, a.exemption, a.online, a.image, a.appeal
       from adjustment a join roster ro using (inspection, camera)
       where a.inspection = $1 and ro.unit = $2
     )
     select v.number from revision v
     where v.inspection = $1 and (v.number = 1 or exists (
       (select camera, exemption, online, image, appeal from own where revision = v.number
        except select camera, exemption, online, image, appeal from own where revision = v.number - 1)
       union all
       (select camera, exemption, online, image, appeal from own where revision = v.number - 1
        except select camera, exemption, online, image, appeal from own where revision = v.number)
     ))`,
    [inspection, unit],
  );
  return new Set(rows.map(({ number }) => number));
};
