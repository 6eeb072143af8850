import type { Database } from '../../../src/db/pool.ts';
import type { FrozenContent } from '../../../src/report/content.ts';
import { saveRevision } from '../../../src/report/revision.ts';
import { saveVerdicts } from '../../../src/verdict/save.ts';

/** Puts a content into the database as if its inspection had just been closed or corrected; gives its SHA-256. */
export const putFrozen = (db: Database, content: FrozenContent): Promise<string> =>
  db.transaction(async (tx) => {
    const { inspection, revision, units } = content;
    await tx.run(
      `insert into inspection (id, started_at, cutoff_at, completed_at, policy, day)
       overriding system value values ($1, $2, $3, $4, 1, $5) on conflict (id) do nothing`,
      [inspection.id, inspection.startedAt, inspection.cutoffAt, inspection.completedAt, inspection.day],
    );
    await saveVerdicts(
      tx,
      inspection.id,
      revision.number,
      units.map(({ code, classes, verdict }) => ({
        unit: code,
        rates: { classes, verdict },
        raw: { skynet: classes.skynet.raw, social: classes.social.raw, household: classes.household.raw },
      })),
    );
    return saveRevision(tx, content);
  });
