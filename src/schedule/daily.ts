import type { Database } from '../db/pool.ts';
import { localTime } from '../time.ts';
import { type Inspection, openInspection } from './inspection.ts';
import { policyAt } from './policy.ts';

/** A service that was away at the hour still holds the round within so many ms; later than that, the day has none. */
const graceMs = 60 * 60_000;

/**
 * Opens the daily round when the policy's hour has come at `now` and the day has none yet; `null` where nothing is to
 * be done. Idempotent by the local date: of two schedulers, one opens it.
 */
export const openDaily = async (db: Database, now: Date): Promise<Inspection | null> => {
  const { daily_at } = await policyAt(db, now);
  if (daily_at === null) return null;
  const day = localTime(now).slice(0, 10);
  const due = new Date(`${day}T${daily_at}+08:00`).getTime();
  if (now.getTime() < due || now.getTime() >= due + graceMs) return null;
  const { open } = await db.one<{ open: boolean }>(
    `select not exists (select from inspection where day = $1) and exists (select from camera where in_use) as open`,
    [day],
  );
  if (!open) return null;
  return openInspection(db, now, null, day);
};
