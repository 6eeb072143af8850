import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { MadeDocument } from '../report/daily/document.ts';
import type { Format, ReportKind } from '../report/format.ts';
import { documentOf, wishOf } from '../report/wish.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { exit } from './exit.ts';

export type ReportOptions = {
  readonly date: string;
  readonly unit?: string;
  readonly format: Format;
  readonly out?: string;
  readonly revision?: number;
  readonly json?: true;
};

/** Makes a document of what was frozen, and says where it lies and by which hashes it is known. */
export const report = async (ground: Ground, kind: ReportKind, options: ReportOptions): Promise<number> => {
  const { out, format } = options;
  if (out === '-' && format !== 'csv' && format !== 'json') {
    throw new Sentence(
      `--out -：只有 csv 与 json 可以写到标准输出，${format} 请给出文件名`,
      `--out -: only csv and json go to stdout; name a file for ${format}`,
    );
  }
  const { date, unit = null, revision = null } = options;
  const wish = wishOf(kind, { date, format, unit, revision });
  const made = await documentOf(ground.db, wish, new Date());
  const { file, name, ...facts } = made;
  if (out === '-') {
    // Whoever reads its head only has read enough: main.ts tells that from other errors.
    await new Promise<void>((done) => process.stdout.write(file, () => done()));
    return exit.ok;
  }
  const path = resolve(out ?? name);
  await writeTo(path, file);
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ file: path, bytes: file.length, ...facts })}\n` : words(path, made),
  );
  return exit.ok;
};

const writeTo = async (path: string, file: Uint8Array): Promise<void> => {
  try {
    await writeFile(path, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Sentence(
      `--out ${path}：无法写入（${code}）；请换一个可写的位置`,
      `--out ${path}: cannot be written (${code}); name a place that can`,
      { cause: error },
    );
  }
};

const words = (path: string, { contentSha256, fileSha256, revision, published, renderer }: MadeDocument): string =>
  [
    path,
    `${published ? '已发布 / published' : '草稿，未发布 / a draft, not published'}` +
      `${revision === null ? '' : `；第 ${revision} 版 / revision ${revision}`}；${renderer}`,
    `内容 SHA-256 / of the content  ${contentSha256}`,
    `文件 SHA-256 / of the file     ${fileSha256}`,
    '',
  ].join('\n');
