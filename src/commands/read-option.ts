import { readFile } from 'node:fs/promises';
import { Sentence } from '../sentence.ts';

/** The text of the file that an option names; a Sentence where it cannot be read. */
export const readOption = async (option: string, file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Sentence(`${option} ${file}：无法读取（${code}）`, `${option} ${file}: cannot be read (${code})`);
  }
};
