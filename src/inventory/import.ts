import type { Database, Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { archiveColumns } from './columns.ts';
import { readyKeys } from './data-key.ts';
import { type Changed, cameraFields, chunk, type Gone, type Plan, planImport, stateOf } from './plan.ts';
import type { Row } from './row.ts';
import type { Vault } from './vault.ts';
import { resealed, type ToReseal, toReseal, writeLogins } from './write-logins.ts';

export type Imported = { readonly added: number; readonly changed: number; readonly same: number };

/** Who imports what, for the history. */
export type Occasion = {
  readonly by: string;
  /** Of the file; null: there was none. */
  readonly file: string | null;
  readonly sha256: Buffer | null;
  readonly note: string | null;
};

/**
 * Does what was planned, all in one transaction, with every change in the history; gives the id of the import. A Sentence
 * where somebody else imported since: what was shown would not be what is done. Throws KeyUnavailable.
 */
export const carryOut = async (db: Database, vault: Vault, plan: Plan, occasion: Occasion): Promise<number> => {
  if (plan.sealing.length > 0) await readyKeys(db, vault, plan.sealing);
  return db.patient.transaction(async (tx) => {
    await lockImports(tx);
    const { latest } = await tx.one<{ latest: number }>('select coalesce(max(id), 0)::integer as latest from import');
    if (latest !== plan.after) {
      throw new Sentence(
        '在此期间另有一次导入，档案已变：未写入任何内容，请重新导入',
        'another import came in between and the inventory has changed: nothing was written, import again',
      );
    }
    const removed = plan.complete ? plan.missing : [];
    const { id } = await tx.one<{ id: number }>(
      `insert into import (by, file, sha256, note, added, changed, removed, same)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
      [
        ...[occasion.by, occasion.file, occasion.sha256, occasion.note],
        ...[plan.added.length, plan.changed.length, removed.length, plan.same],
      ],
    );
    for (const some of inChunks(plan.added)) await add(tx, id, some);
    for (const some of inChunks(plan.changed)) await change(tx, id, some);
    for (const some of inChunks(removed)) await remove(tx, id, some);
    for (const some of inChunks(plan.logins)) await writeLogins(tx, vault, some);
    for (const some of inChunks(plan.toReseal)) {
      const logins = await tx.many<ToReseal>(`${toReseal} where c.id = any ($1) for update of cr`, [some]);
      await resealed(tx, vault, logins);
    }
    return id;
  });
};

/** One change to the inventory at a time, until the transaction ends; whoever only reads is not kept waiting. */
export const lockImports = (tx: Queryable): Promise<number> => tx.run('lock table import in share row exclusive mode');

/**
 * Brings the inventory to what rows say, at once and without asking: for what a program made itself. Credentials that
 * are as they were keep their version; new ones get the next, and a refused login is lifted by them.
 */
export const importRows = async (
  db: Database,
  vault: Vault,
  rows: readonly Row[],
  dryRun: boolean,
): Promise<Imported> => {
  const plan = await planImport(db, vault, rows, { complete: false, unit: null });
  if (!dryRun) await carryOut(db, vault, plan, { by: 'xunjian', file: null, sha256: null, note: null });
  return { added: plan.added.length, changed: plan.changed.length, same: plan.same };
};

const inChunks = function* <T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += chunk) yield all.slice(at, at + chunk);
};

/** Columns that rows tell, as SQL takes them: what a sheet does not speak of stays as it is. */
type Part = { readonly names: readonly string[]; readonly unnest: string; readonly arrays: readonly unknown[] };

type Field = { readonly name: string; readonly type: string; readonly of: (row: Row) => unknown };

const stateFields: readonly Field[] = [
  { name: 'in_use', type: 'boolean', of: (row) => stateOf(row, null) === 'in_use' },
  { name: 'removed', type: 'boolean', of: (row) => stateOf(row, null) === 'removed' },
];
const typesOfArchive: Readonly<Record<string, string>> = {
  longitude: 'numeric',
  latitude: 'numeric',
  built_on: 'date',
  retention_days: 'integer',
};
const archiveFields: readonly Field[] = archiveColumns.map((name) => ({
  name,
  type: typesOfArchive[name] ?? 'text',
  of: (row) => row.archive?.[name],
}));

const partOf = (rows: readonly Row[], fields: readonly Field[], key: readonly unknown[], keyType: string): Part => {
  const told = fields.filter(({ of }) => rows.some((row) => of(row) !== undefined));
  const names = told.map(({ name }) => name);
  const types = [keyType, ...told.map(({ type }) => type)].map((type, nth) => `$${nth + 1}::${type}[]`);
  return {
    names,
    unnest: `unnest(${types.join(', ')}) as s (${['key', ...names].join(', ')})`,
    arrays: [key, ...told.map(({ of }) => rows.map(of))],
  };
};

const listed = (names: readonly string[], table: string): string => names.map((name) => `${table}.${name}`).join(', ');

const add = async (tx: Queryable, id: number, rows: readonly Row[]): Promise<void> => {
  const camera = partOf(
    rows,
    [...cameraFields, ...stateFields],
    rows.map(({ code }) => code),
    'text',
  );
  const come = await tx.many<{ id: number; code: string }>(
    `insert into camera (code, ${camera.names.join(', ')}) select s.* from ${camera.unnest} returning id, code`,
    camera.arrays,
  );
  const ids = new Map(come.map((one) => [one.code, one.id]));
  const key = rows.map(({ code }) => ids.get(code)!);
  await writeArchive(tx, rows, key);
  await tx.run(
    `insert into camera_change (camera, import, changes)
     select s.camera, $2, jsonb_build_object('state', jsonb_build_array(null, s.state))
     from unnest($1::integer[], $3::text[]) as s (camera, state)`,
    [key, id, rows.map((row) => stateOf(row, null))],
  );
};

const change = async (tx: Queryable, id: number, changed: readonly Changed[]): Promise<void> => {
  const rows = changed.map(({ row }) => row);
  const key = changed.map((one) => one.id);
  const camera = partOf(rows, [...cameraFields, ...stateFields], key, 'integer');
  await tx.run(
    `update camera c set (${camera.names.join(', ')}, changed_at) = row (${listed(camera.names, 's')}, now())
     from ${camera.unnest} where c.id = s.key`,
    camera.arrays,
  );
  await writeArchive(tx, rows, key);
  const changes = changed.map((one) =>
    JSON.stringify(Object.fromEntries(one.changes.map(({ field, old, new: next }) => [field, [old, next]]))),
  );
  await tx.run(
    `insert into camera_change (camera, import, changes)
     select s.camera, $3, s.changes from unnest($1::integer[], $2::jsonb[]) as s (camera, changes)`,
    [key, changes, id],
  );
};

const remove = async (tx: Queryable, id: number, gone: readonly Gone[]): Promise<void> => {
  const key = gone.map((one) => one.id);
  await tx.run('update camera set in_use = false, removed = true, changed_at = now() where id = any ($1)', [key]);
  await tx.run(
    `insert into camera_change (camera, import, changes)
     select s.camera, $3, jsonb_build_object('state', jsonb_build_array(s.old, 'removed'))
     from unnest($1::integer[], $2::text[]) as s (camera, old)`,
    [key, gone.map(({ state }) => state), id],
  );
};

const writeArchive = async (tx: Queryable, rows: readonly Row[], key: readonly number[]): Promise<void> => {
  const { names, unnest, arrays } = partOf(rows, archiveFields, key, 'integer');
  if (names.length === 0) return;
  await tx.run(
    `insert into archive as a (camera, ${names.join(', ')}) select s.* from ${unnest}
     on conflict (camera) do update set (${names.join(', ')}) = row (${listed(names, 'excluded')})
     where (${listed(names, 'a')}) is distinct from (${listed(names, 'excluded')})`,
    arrays,
  );
};
