import { requireFrozen, revisionsOf } from '../report/revision.ts';
import { changesBetween } from '../report/revision-changes.ts';
import type { Ground } from '../roles/ground.ts';
import { localTime } from '../time.ts';
import { exit } from './exit.ts';
import { changeLines } from './revision-text.ts';
import { type WhichInspection, whichInspection } from './which-inspection.ts';

export type RevisionsOptions = WhichInspection & { readonly json?: true };

/** All revisions of an inspection: who made each and why, its hash, and what it says otherwise than the one before. */
export const revisions = async ({ db }: Ground, options: RevisionsOptions): Promise<number> => {
  const inspection = await whichInspection(db, options);
  let { content: before } = await requireFrozen(db, inspection, null);
  const all = [];
  for (const revision of await revisionsOf(db, inspection)) {
    const { content } = await requireFrozen(db, inspection, revision.number);
    all.push({ ...revision, changes: revision.number === 1 ? null : changesBetween(before, content) });
    before = content;
  }
  const lines = all.flatMap(({ number, madeAt, madeBy, why, sha256, published, changes }) => [
    `第 ${number} 版 revision ${number}  ${localTime(new Date(madeAt))}  ${madeBy}  ${why}`,
    `  SHA-256 ${sha256}`,
    published === null
      ? '  草稿，未发布 / a draft'
      : `  ${published.by} 于 ${localTime(new Date(published.at))} 发布 / published`,
    ...(changes === null ? [] : changeLines(changes)),
  ]);
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ inspection, revisions: all })}\n` : `${lines.join('\n')}\n`,
  );
  return exit.ok;
};
