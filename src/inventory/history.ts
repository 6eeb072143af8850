import type { Queryable } from '../db/pool.ts';

/** What one import changed of a camera: by field, its old and new value; a login shows as `***`. */
export type CameraHistory = {
  readonly import: number;
  readonly at: Date;
  readonly by: string;
  readonly file: string | null;
  readonly note: string | null;
  readonly changes: Readonly<Record<string, readonly [string | null, string | null]>>;
};

/** The import that last made it another unit's; null: none did. */
export const lastMove = (db: Queryable, camera: number): Promise<{ import: number; at: Date } | null> =>
  db.maybeOne(
    `select c.import, i.at from camera_change c join import i on i.id = c.import
     where c.camera = $1 and c.changes ? 'unit' order by c.import desc limit 1`,
    [camera],
  );

export type HistoryWanted = {
  readonly down: boolean;
  readonly after: number | null;
  readonly limit: number;
  /** Of this import and those after it; null: of all. */
  readonly since: number | null;
};

/** So many changes of a camera's archive by the number of their import, after one; and how many there are in all. */
export const camerasHistory = async (
  db: Queryable,
  camera: number,
  { down, after, limit, since }: HistoryWanted,
): Promise<{ readonly rows: CameraHistory[]; readonly total: number }> => {
  const rows = await db.many<CameraHistory>(
    `select c.import, i.at, i.by, i.file, i.note, c.changes
     from camera_change c join import i on i.id = c.import
     where c.camera = $1 and ($2::bigint is null or case when $3 then c.import < $2 else c.import > $2 end)
       and ($5::bigint is null or c.import >= $5)
     order by case when $3 then -c.import else c.import end limit $4`,
    [camera, after, down, limit, since],
  );
  const { total } = await db.one<{ total: number }>(
    'select count(*) as total from camera_change where camera = $1 and ($2::bigint is null or import >= $2)',
    [camera, since],
  );
  return { rows, total };
};
