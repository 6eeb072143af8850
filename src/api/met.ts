import type { Database } from '../db/pool.ts';
import { lastMove } from '../inventory/history.ts';
import { inspectionMet, type ListedInspection } from '../report/inspection-list.ts';
import { ApiProblem } from './problem.ts';

/** What a caller meets: a thing of another unit answers exactly as a thing that does not exist. */

export const noSuchUnit = (): ApiProblem =>
  new ApiProblem(
    404,
    'no_such_unit',
    '没有这个考核单位：请核对 6 位代码',
    'No such unit: check its code of six digits',
    'unit',
  );

export const noSuchCamera = (): ApiProblem =>
  new ApiProblem(
    404,
    'no_such_camera',
    '没有这个点位：请核对 20 位编码',
    'No such camera: check its code of 20 digits',
    'code',
  );

/** The id of a camera that is met; the same 404 for one of another unit as for none. */
export const requireCamera = async (db: Database, code: string, reach: string | null): Promise<number> => {
  const camera = await db.maybeOne<{ id: number }>(
    'select id from camera where code = $1 and ($2::text is null or unit = $2)',
    [code, reach],
  );
  if (camera === null) throw noSuchCamera();
  return camera.id;
};

/** What brought a camera to the unit that is met: of the time before, that unit is told nothing. null: it was always its, or the city asks. */
export const cameAs = async (
  db: Database,
  camera: number,
  reach: string | null,
): Promise<{ readonly import: number; readonly at: Date } | null> => (reach === null ? null : lastMove(db, camera));

/** One that is met; the same 404 for another unit's as for none. */
export const requireInspection = async (
  db: Database,
  id: number,
  reach: string | null,
  complete: boolean,
): Promise<ListedInspection> => {
  const found = await inspectionMet(db, id, reach);
  if (found !== null && (!complete || found.completed_at !== null)) return found;
  throw complete ? noSuchCompleted() : noSuchInspection();
};

const noSuchInspection = (): ApiProblem =>
  new ApiProblem(404, 'no_such_inspection', '没有这次巡检：请核对编号', 'No such inspection: check its number', 'id');
export const noSuchCompleted = (): ApiProblem =>
  new ApiProblem(
    404,
    'no_such_inspection',
    '没有这次已完成的巡检，或没有这一版：请核对编号与版次',
    'No such completed inspection, or no such revision: check the numbers',
  );
