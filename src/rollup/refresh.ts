import type { Database } from '../db/pool.ts';

/**
 * Brings the hourly aggregate up to `until` for the hours since `from`. Outside a transaction, as TimescaleDB demands.
 * On a real server its own policy does the same every ten minutes; the embedded one has no background workers.
 */
export const refreshHours = async (db: Pick<Database, 'patient'>, from: Date, until: Date): Promise<void> => {
  const hour = 3_600_000;
  const begin = new Date(Math.floor(from.getTime() / hour) * hour);
  const end = new Date((Math.floor(until.getTime() / hour) + 1) * hour);
  await db.patient.run(
    `call refresh_continuous_aggregate('camera_hour', '${begin.toISOString()}', '${end.toISOString()}')`,
  );
};
