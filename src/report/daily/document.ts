import { createHash } from 'node:crypto';
import type { Queryable } from '../../db/pool.ts';
import { dailyFileName } from '../file-name.ts';
import type { Format } from '../format.ts';
import { print } from '../press.ts';
import { requireDaily, requireFrozen } from '../revision.ts';
import { renderer } from '../words/office.ts';

/** A file that is made, with what tells it from any other. */
export type MadeDocument = {
  readonly name: string;
  readonly file: Uint8Array;
  /** SHA-256 of the canonical content, and of the file; lower-case hex. */
  readonly contentSha256: string;
  readonly fileSha256: string;
  /** null: of a period, which has none of its own. */
  readonly revision: number | null;
  readonly published: boolean;
  readonly renderer: string;
};

export type DailyWish = {
  /** YYYY-MM-DD */
  readonly day: string;
  /** null: the newest. */
  readonly revision: number | null;
  /** null: the city. */
  readonly unit: string | null;
  /** For readers who meet this unit alone: nothing of the city, no rank among the others, no reason of a correction. */
  readonly alone?: true;
  readonly format: Format;
};

export const sealed = (
  file: Uint8Array,
  rest: Omit<MadeDocument, 'file' | 'fileSha256' | 'renderer'>,
): MadeDocument => ({ ...rest, file, fileSha256: createHash('sha256').update(file).digest('hex'), renderer });

/** The document of a day's inspection. Throws a Sentence where there is no such day, revision or unit. */
export const dailyDocument = async (db: Queryable, wish: DailyWish): Promise<MadeDocument> => {
  const { day, revision, unit, alone, format } = wish;
  const { content, bytes, sha256, published } = await requireFrozen(db, await requireDaily(db, day), revision);
  const file = await print({
    report: 'daily',
    format,
    bytes,
    sha256,
    published: published !== null,
    unit,
    ...(alone && { alone }),
  });
  return sealed(file, {
    name: dailyFileName(content, published !== null, unit, format),
    contentSha256: sha256,
    revision: content.revision.number,
    published: published !== null,
  });
};
