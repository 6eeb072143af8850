import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { carryOut } from '../inventory/import.ts';
import { type Plan, planImport } from '../inventory/plan.ts';
import { knownFrom } from '../inventory/sheet.ts';
import { sites } from '../inventory/site.ts';
import { readInventory } from '../inventory/table.ts';
import { units } from '../inventory/unit.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { askOn } from './ask.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';
import { complaint, planJson, planText } from './import-plan.ts';
import { whoever } from './whoever.ts';

export type ImportOptions = {
  readonly dryRun?: true;
  /** The file is all that there is of its units. */
  readonly complete?: true;
  readonly unit?: string;
  readonly yes?: true;
  readonly by?: string;
  readonly note?: string;
  readonly json?: true;
};

/**
 * Reads a sheet against the units and sites there are, shows what it would change, and on a terminal asks; then brings
 * the inventory to it, all of it or nothing.
 */
export const importFile = async (
  { db, vault }: Ground,
  file: string,
  options: ImportOptions,
  ask: ((question: string) => Promise<boolean>) | null = terminal(),
): Promise<number> => {
  const who = whoever(options);
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Sentence(`文件 ${file}：无法读取（${error.code}）`, `file ${file}: cannot be read (${error.code})`);
  });
  const sha256 = createHash('sha256').update(bytes).digest();
  const unitsKnown = new Map(
    (await units(db)).flatMap(({ code, name }) => [[code, code] as const, [name, code] as const]),
  );
  const unit = unitNamed(unitsKnown, options.unit);
  const networks = new Map((await sites(db)).map((site) => [site.code, site.networks]));
  const known = knownFrom(unitsKnown, networks, today(), unit);
  const { rows, faults, warnings } = await readInventory(bytes, known);
  if (faults.length > 0) {
    if (options.json === true) process.stdout.write(`${JSON.stringify({ faults })}\n`);
    else process.stderr.write(complaint(file, faults));
    return exit.usage;
  }
  const plan = await planImport(db, vault, rows, { complete: options.complete === true, unit });
  const { json, dryRun } = { json: options.json === true, dryRun: options.dryRun === true };
  if (!json) process.stdout.write(planText(plan, warnings));
  if (!dryRun && !(await agreed(plan, options, json ? null : ask))) {
    process.stdout.write('未写入任何内容。\nNothing was written.\n');
    return exit.usage;
  }
  const occasion = { ...who, file: basename(file), sha256 };
  const id = dryRun
    ? null
    : await changing(
        db,
        {
          ...{ action: 'inventory.import', kind: 'import', unit, why: who.note, by: who.by },
          detail: { file: occasion.file, sha256: sha256.toString('hex'), ...sizeOf(plan) },
        },
        async (note) => {
          const carried = await carryOut(db, vault, plan, occasion);
          note({ on: carried === null ? null : String(carried) });
          return carried;
        },
      );
  process.stdout.write(
    json ? `${JSON.stringify({ dryRun, import: id, ...planJson(plan, warnings) })}\n` : counted(plan, dryRun),
  );
  return exit.ok;
};

/** On a terminal a person says yes. Elsewhere nobody can be asked, and what takes cameras out has to be said beforehand. */
const agreed = async (
  plan: Plan,
  { yes }: ImportOptions,
  ask: ((question: string) => Promise<boolean>) | null,
): Promise<boolean> => {
  if (yes === true) return true;
  const removed = plan.complete ? plan.missing.length : 0;
  if (ask !== null) {
    const changes = plan.added.length + plan.changed.length + removed;
    return changes === 0 || (await ask('写入以上更改？write these changes? [y/N] '));
  }
  if (removed === 0) return true;
  throw new Sentence(
    `将有 ${removed} 个点位标为拆除，而无法在终端确认：请先用 --dry-run 核对，再加 --yes`,
    `${removed} cameras would be marked as removed, and nobody can be asked here: check with --dry-run, then add --yes`,
  );
};

const terminal = (): ((question: string) => Promise<boolean>) | null =>
  process.stdin.isTTY && process.stdout.isTTY ? askOn(process.stdin, process.stdout) : null;

const unitNamed = (known: ReadonlyMap<string, string>, name: string | undefined): string | null => {
  if (name === undefined) return null;
  const code = known.get(name);
  if (code !== undefined) return code;
  throw new Sentence(`--unit ${name}：没有这个考核单位`, `--unit ${name}: no such unit`);
};

/** The date in Liuzhou. */
const today = (): string => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date());

const sizeOf = ({ added, changed, missing, complete }: Plan) => ({
  ...{ added: added.length, changed: changed.length, removed: complete ? missing.length : 0 },
});

const counted = ({ added, changed, same, missing, complete }: Plan, dryRun: boolean): string => {
  const [zh, en] =
    complete && missing.length > 0 ? [`，拆除 ${missing.length} 个`, `, ${missing.length} removed`] : ['', ''];
  return (
    `${dryRun ? '试运行，未写入：' : ''}新增 ${added.length} 个点位，更改 ${changed.length} 个，未变 ${same} 个${zh}。\n` +
    `${dryRun ? 'Dry run, nothing written: ' : ''}${added.length} cameras added, ${changed.length} changed, ${same} as they were${en}.\n`
  );
};
