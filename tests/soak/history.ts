import type { Answer, FailureKind } from '../../probes/index.ts';
import type { Database } from '../../src/db/pool.ts';
import { strideOf } from '../../src/schedule/sweep.ts';
import type { Want } from './allowed.ts';
import type { Planned, Row, Stored } from './compare.ts';
import type { Turns } from './turns.ts';

export type History = {
  readonly planned: readonly Planned[];
  readonly rows: readonly Row[];
  readonly stored: readonly Stored[];
  /** Cameras of inspections that were cut off before their turn. */
  readonly cutOff: number;
  /** What the service says that it skipped, by reason and purpose, in probes. */
  readonly told: readonly { readonly reason: string; readonly want: Want; readonly cameras: number }[];
};

type SweepRow = {
  slot: Date;
  site: string;
  want: Want;
  part: number;
  cameras: number[];
  done: boolean;
  skipped: number | null;
};
type BatchRow = { id: number; slot: Date; cameras: number[]; done: boolean; over: boolean; inspection: number };
type ResultRow = {
  camera: number;
  slot: Date;
  observed_at: Date;
  online: boolean | null;
  image: boolean | null;
  failure: FailureKind | null;
};

const answer = (value: boolean | null): Answer => (value === null ? 'unknown' : value ? 'yes' : 'no');

/** Everything that was planned and everything that was stored, of sweeps and of inspections that are over. */
export const historyOf = async (db: Database): Promise<History> => {
  const results = await db.many<ResultRow>(
    `select camera, slot, coalesce(observed_at, slot + observed_after * interval '1 millisecond') as observed_at, online,
       image, failure
     from result`,
  );
  const stored = results.map(
    ({ camera, slot, observed_at, online, image, failure }): Stored => ({
      camera,
      slot: slot.getTime(),
      observedAt: observed_at.getTime(),
      online: answer(online),
      image: answer(image),
      kind: failure ?? 'sound',
    }),
  );
  const planned: Planned[] = [];
  const rows: Row[] = [];
  const sweeps = await db.many<SweepRow>(
    'select slot, site, want, part, cameras, done_at is not null as done, skipped from sweep',
  );
  for (const { slot, site, want, part, cameras, done, skipped } of sweeps) {
    const row = `sweep ${slot.toISOString()} ${site} ${want} ${part}`;
    rows.push({ row, skipped: done ? 0 : skipped });
    for (const camera of cameras) planned.push({ camera, slot: slot.getTime(), want, row });
  }
  const due = new Set(
    (
      await db.many<{ inspection: number; camera: number }>('select inspection, camera from roster where picture_due')
    ).map(({ inspection, camera }) => `${inspection} ${camera}`),
  );
  const there = new Set(stored.map(({ camera, slot }) => `${camera} ${slot}`));
  let cutOff = 0;
  for (const { id, slot, cameras, done, over, inspection } of await db.many<BatchRow>(
    `select b.id, b.slot, b.cameras, b.done, i.completed_at is not null as over, b.inspection
     from batch b join inspection i on i.id = b.inspection`,
  )) {
    const row = `batch ${id}`;
    const lacking = cameras.filter((camera) => !there.has(`${camera} ${slot.getTime()}`)).length;
    // An inspection that is over before a batch is done leaves the rest of it unknown, and says so in its counts.
    rows.push({ row, skipped: over ? (done ? 0 : lacking) : null });
    if (over && !done) cutOff += lacking;
    for (const camera of cameras)
      planned.push({
        camera,
        slot: slot.getTime(),
        want: due.has(`${inspection} ${camera}`) ? 'picture' : 'answer',
        row,
      });
  }
  const told = await db.many<{ reason: string; want: Want; cameras: number }>(
    'select reason, want, sum(cameras)::bigint as cameras from sweep_skipped group by reason, want order by reason, want',
  );
  return { planned, rows, stored, cutOff, told };
};

export type Place = { readonly code: string; readonly site: string; readonly class: string; readonly phase: number };

export const placesOf = async (db: Database): Promise<Map<number, Place>> =>
  new Map(
    (await db.many<Place & { id: number }>('select id, code, site, class, phase from camera')).map(
      ({ id, ...place }) => [id, place],
    ),
  );

/** Whether nothing is left to be done: no row of a sweep is open, no inspection runs. */
export const isQuiet = async (db: Database): Promise<boolean> => {
  const { open } = await db.one<{ open: number }>(
    `select ((select count(*) from sweep where done_at is null and skipped is null)
       + (select count(*) from inspection where completed_at is null))::integer as open`,
  );
  return open === 0;
};

/** The turns of cameras under a policy that asks each class for an answer, and all but household cameras for a picture. */
export const turnsOf = (places: Iterable<Place>, online: number, picture: number): Turns[] => {
  const all = [...places];
  const sizes = Map.groupBy(all, ({ site }) => site);
  return all.map(({ phase, site, class: of }) => ({
    ...{ phase, stride: strideOf(sizes.get(site)!.length, [online, picture]), online },
    picture: of === 'household' ? null : picture,
  }));
};
