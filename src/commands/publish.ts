import { publish as publishRevision } from '../report/revision.ts';
import type { Ground } from '../roles/ground.ts';
import { requireName } from '../schedule/written.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';
import { type WhichInspection, whichInspection } from './which-inspection.ts';

export type PublishOptions = WhichInspection & {
  readonly by: string;
  /** The one that was looked at: refused where a newer one came since. */
  readonly revision?: number;
  readonly json?: true;
};

/** Publishes the newest revision of an inspection; one that comes after it has to be published for itself. */
export const publish = async ({ db }: Ground, options: PublishOptions): Promise<number> => {
  requireName(options.by);
  const { by, revision: looked = null } = options;
  const which = await whichInspection(db, options);
  const published = await changing(
    db,
    { action: 'inspection.publish', kind: 'inspection', on: String(which), by },
    async (note) => {
      const made = await publishRevision(db, which, by.trim(), new Date(), looked);
      note({ detail: { revision: made.revision, sha256: made.sha256 } });
      return made;
    },
  );
  const { inspection, revision, sha256 } = published;
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(published)}\n`
      : `第 ${inspection} 次巡检第 ${revision} 版已发布\nrevision ${revision} of inspection ${inspection} is published\nSHA-256 ${sha256}\n`,
  );
  return exit.ok;
};
