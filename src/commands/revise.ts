import { type RevisionMade, revise as reviseInspection } from '../report/correction.ts';
import type { Ground } from '../roles/ground.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';
import { changeLines } from './revision-text.ts';
import { type WhichInspection, whichInspection } from './which-inspection.ts';

export type ReviseOptions = WhichInspection & { readonly by: string; readonly why: string; readonly json?: true };

/** Corrects a completed inspection by a new revision, and shows what it says otherwise. */
export const revise = async ({ db }: Ground, options: ReviseOptions): Promise<number> => {
  const inspection = await whichInspection(db, options);
  const { by, why, json } = options;
  const made = await changing(
    db,
    { action: 'inspection.revise', kind: 'inspection', on: String(inspection), why, by },
    async (note) => {
      const revised = await reviseInspection(db, inspection, by, why, new Date());
      note({ detail: { revision: revised.revision, sha256: revised.sha256 } });
      return revised;
    },
  );
  tellRevision(made, json === true);
  return exit.ok;
};

export const tellRevision = (made: RevisionMade, json: boolean): void => {
  const { inspection, revision, sha256, changes } = made;
  process.stdout.write(
    json
      ? `${JSON.stringify(made)}\n`
      : `${[
          `第 ${inspection} 次巡检：已生成第 ${revision} 版，待发布；第 ${revision - 1} 版保持原样`,
          `inspection ${inspection}: revision ${revision} is made and waits to be published; ${revision - 1} stays as it is`,
          `SHA-256 ${sha256}`,
          ...changeLines(changes),
        ].join('\n')}\n`,
  );
};
