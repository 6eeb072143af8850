import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type ExportFormat, exportFormats, exportInventory } from '../inventory/export.ts';
import { units } from '../inventory/unit.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { looking } from './audited.ts';
import { exit } from './exit.ts';

export type ExportOptions = { readonly unit?: string; readonly json?: true };

/** Writes the inventory into a new file, as it can be imported again, without logins; CSV or xlsx by the file's name. */
export const exportFile = async ({ db }: Ground, file: string, options: ExportOptions): Promise<number> => {
  const format = exportFormats.find((one) => file.toLowerCase().endsWith(`.${one}`));
  if (format === undefined) {
    throw new Sentence(
      `${file}：文件名须以 .csv 或 .xlsx 结尾`,
      `${file}: the name of the file must end in .csv or .xlsx`,
    );
  }
  const unit = options.unit ?? null;
  if (unit !== null && !(await units(db)).some(({ code }) => code === unit)) {
    throw new Sentence(`--unit ${unit}：没有这个考核单位`, `--unit ${unit}: no such unit`);
  }
  const { cameras } = await db.one<{ cameras: number }>(
    'select count(*) as cameras from camera where $1::text is null or unit = $1',
    [unit],
  );
  await looking(db, { action: 'camera.export', kind: 'camera', unit, detail: { file, format, cameras } });
  await write(db, file, format, unit);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ file, format, cameras })}\n`
      : `${cameras} 个点位已写入 ${file}，不含密码。\n${cameras} cameras are in ${file}, without logins.\n`,
  );
  return exit.ok;
};

const write = async (db: Ground['db'], file: string, format: ExportFormat, unit: string | null): Promise<void> => {
  // Never over a file that is there: it may be the only sheet with the passwords.
  const out = createWriteStream(file, { flags: 'wx' });
  try {
    await pipeline(exportInventory(db, format, unit), out);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== 'open') await rm(file, { force: true });
    if (syscall === undefined) throw error;
    throw new Sentence(`${file}：无法写入（${code}）`, `${file}: cannot be written (${code})`);
  }
};
