import type { Queryable } from '../db/pool.ts';
import type { Span } from './availability-split.ts';

/** A result as it is stored; null is unknown. */
export type ProbeRow = {
  readonly slot: Date;
  readonly observed_at: Date;
  readonly inspection: number | null;
  readonly online: boolean | null;
  readonly image: boolean | null;
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
  readonly took: number;
  readonly codec: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly keyframe_bytes: number | null;
  readonly mean_luma: number | null;
  readonly contrast: number | null;
  readonly sharpness: number | null;
  readonly faults: string[] | null;
};

const columns = `slot, coalesce(observed_at, slot + observed_after * interval '1 millisecond') as observed_at, inspection,
  online, image, failure, step, detail, took, codec, width, height, keyframe_bytes, mean_luma, contrast, sharpness, faults`;

/** The one of a slot; null where there is none. */
export const probeAt = (db: Queryable, camera: number, slot: Date): Promise<ProbeRow | null> =>
  db.maybeOne<ProbeRow>(`select ${columns} from result where camera = $1 and slot = $2`, [camera, slot]);

/**
 * So many probes of a camera within a span, after a slot, and how many there are in all. Times go as parameters, so that
 * the chunks of other days are left out; each direction is a statement of its own, which reads the index as it lies.
 */
export const probesOf = async (
  db: Queryable,
  camera: number,
  { from, until }: Span,
  { down, after, limit }: { readonly down: boolean; readonly after: Date | null; readonly limit: number },
): Promise<{ readonly rows: ProbeRow[]; readonly total: number }> => {
  const rows = await (down
    ? db.many<ProbeRow>(
        `select ${columns} from result where camera = $1 and slot >= $2 and slot < $3 order by slot desc limit $4`,
        [camera, from, after !== null && after < until ? after : until, limit],
      )
    : db.many<ProbeRow>(
        `select ${columns} from result where camera = $1 and slot > $2 and slot < $3 order by slot limit $4`,
        [camera, after !== null && after >= from ? after : new Date(from.getTime() - 1), until, limit],
      ));
  const { total } = await db.one<{ total: number }>(
    'select count(*) as total from result where camera = $1 and slot >= $2 and slot < $3',
    [camera, from, until],
  );
  return { rows, total };
};
