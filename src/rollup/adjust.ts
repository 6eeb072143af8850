import type { Queryable } from '../db/pool.ts';

/** What a revision judges of one camera otherwise than the first one did. */
export type Adjustment = {
  readonly camera: number;
  /** By which it is not counted; null: it is. */
  readonly exemption: number | null;
  readonly online: boolean | null;
  readonly image: boolean | null;
  /** Which made the answers so; null: they are as found. */
  readonly appeal: number | null;
};

/**
 * All that a revision of an inspection would adjust now: the cameras that are exempt by `exempt` and were not when it was
 * closed, or the other way round, and those of granted appeals. By camera.
 */
export const adjustmentsNow = (
  db: Queryable,
  inspection: number,
  exempt: readonly { readonly camera: number; readonly exemption: number }[],
): Promise<Adjustment[]> =>
  db.many<Adjustment>(
    `with granted as (
       select camera, max(id) as appeal, bool_or(claim = 'image') as image
       from appeal where inspection = $1 and decision = 'granted' group by camera
     )
     select ro.camera, e.exemption,
       -- Whoever showed a picture was online.
       case when g.appeal is null then o.online else true end as online,
       case when g.image then true else o.image end as image,
       g.appeal
     from roster ro
     join outcome o using (inspection, camera)
     left join unnest($2::integer[], $3::bigint[]) as e (camera, exemption) on e.camera = ro.camera
     left join granted g on g.camera = ro.camera
     where ro.inspection = $1 and (g.appeal is not null or e.exemption is distinct from ro.exemption)
     order by ro.camera`,
    [inspection, exempt.map(({ camera }) => camera), exempt.map(({ exemption }) => exemption)],
  );

/** Those of a revision that is made, by camera; of the first there are none. */
export const adjustmentsOf = (db: Queryable, inspection: number, revision: number): Promise<Adjustment[]> =>
  db.many<Adjustment>(
    `select camera, exemption, online, image, appeal from adjustment
     where inspection = $1 and revision = $2 order by camera`,
    [inspection, revision],
  );

/** Writes them down; inside the transaction that makes the revision. */
export const saveAdjustments = (
  tx: Queryable,
  inspection: number,
  revision: number,
  adjustments: readonly Adjustment[],
): Promise<number> =>
  tx.run(
    `insert into adjustment (inspection, revision, camera, exemption, online, image, appeal)
     select $1, $2, camera, exemption, online, image, appeal
     from jsonb_to_recordset($3::jsonb)
       as a (camera integer, exemption bigint, online boolean, image boolean, appeal bigint)`,
    [inspection, revision, JSON.stringify(adjustments)],
  );
