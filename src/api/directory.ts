import type { Database } from '../db/pool.ts';
import { CameraDirectory } from '../rollup/directory.ts';

const known = new WeakMap<Database, CameraDirectory>();

/** The one directory of a database's cameras, which lists and exports are made from. */
export const directoryOf = (db: Database): CameraDirectory => {
  const directory = known.get(db) ?? new CameraDirectory(db);
  known.set(db, directory);
  return directory;
};
