import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Attachment, requireAttachable } from '../schedule/attachment.ts';
import { Sentence } from '../sentence.ts';

/** The file that --attachment names, null where it was not given; a Sentence where it cannot be read or is not taken. */
export const readAttachment = async (file: string | undefined): Promise<Attachment | null> => {
  if (file === undefined) return null;
  const name = basename(file);
  try {
    // Before it is read: a file of many gigabytes would not fit.
    requireAttachable(name, (await stat(file)).size);
    return { name, bytes: await readFile(file) };
  } catch (error) {
    if (error instanceof Sentence) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Sentence(`--attachment ${file}：无法读取（${code}）`, `--attachment ${file}: cannot be read (${code})`);
  }
};
