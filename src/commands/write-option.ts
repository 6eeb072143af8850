import { writeFile } from 'node:fs/promises';
import { Sentence } from '../sentence.ts';

/** Writes a new file where an option says; a Sentence where it cannot be, or where there is one. */
export const writeOption = async (option: string, file: string, bytes: Uint8Array): Promise<void> => {
  await writeFile(file, bytes, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new Sentence(
      `${option} ${file}：无法写入（${error.code}）；请换一个可写、尚不存在的文件名`,
      `${option} ${file}: cannot be written (${error.code}); name a file that can, and that is not there yet`,
    );
  });
};
