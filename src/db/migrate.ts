import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sentence } from '../sentence.ts';
import type { Database, Queryable, Statements } from './pool.ts';

type Migration = {
  /** `NNNN_name.sql`, or `repeatable/name.sql`. */
  readonly name: string;
  /** 1, 2, 3 …; null for a repeatable one. */
  readonly version: number | null;
  readonly sql: string;
  readonly sha256: string;
  readonly inTransaction: boolean;
};

type Recorded = { readonly name: string; readonly version: number | null; readonly sha256: string };

/** Any number; the same in every release, or two releases would not see each other's lock. */
const LOCK = 20_261_101;

/**
 * Brings the database to the state of `folder`: `NNNN_name.sql` each once, in order; then `repeatable/*.sql` in the
 * order of their names, each when its content changed. A file and its record are one transaction, unless the file's
 * first line is `-- no-transaction`: then it holds exactly one statement, which must bear being run twice
 * (`if not exists`), because a crash between it and its record runs it again. `log` hears each file before it is run.
 * A Sentence where folder and database disagree, or a file fails.
 */
export const migrate = async (
  db: Database,
  folder: string,
  log: (line: string) => void = () => {},
): Promise<{ applied: string[] }> => {
  const numbered = await readNumbered(folder);
  const repeatable = await readRepeatable(folder);
  await db.patient.transaction(async (tx) => {
    // `if not exists` alone fails where two create it at the same moment.
    await tx.run('select pg_advisory_xact_lock($1)', [LOCK]);
    await tx.run(
      `create table if not exists public.schema_migration (
         name text primary key,
         version int unique,
         sha256 text not null,
         applied_at timestamptz not null default now()
       )`,
    );
  });
  const recorded = await db.patient.many<Recorded>('select name, version, sha256 from public.schema_migration');
  refuseDisagreement(numbered, recorded);

  const applied: string[] = [];
  for (const migration of [...numbered, ...repeatable]) {
    const known = recorded.some(({ name, sha256 }) => name === migration.name && sha256 === migration.sha256);
    if (!known && (await apply(db.patient, migration, log))) applied.push(migration.name);
  }
  return { applied };
};

/**
 * Refuses, with a Sentence, a database that is not at the state of `folder`: older, newer, or with changed files. For
 * programs that use a real database and must not change its schema by themselves.
 */
export const requireMigrated = async (db: Queryable, folder: string): Promise<void> => {
  const numbered = await readNumbered(folder);
  const { known } = await db.one<{ known: boolean }>(
    "select to_regclass('public.schema_migration') is not null as known",
  );
  const recorded = known ? await db.many<Recorded>('select name, version, sha256 from public.schema_migration') : [];
  refuseDisagreement(numbered, recorded);
  const missing = numbered.filter(({ name }) => !recorded.some((record) => record.name === name));
  if (missing.length === 0) return;
  throw new Sentence(
    `数据库结构尚未更新（缺 ${missing.length} 个迁移，从 ${missing[0]!.name} 起）：请先运行 xunjian migrate`,
    `the database lacks ${missing.length} migrations, from ${missing[0]!.name} on: run "xunjian migrate" first`,
  );
};

/**
 * True where this runner applied the file. Of two runners at once, one waits: on a real server for the advisory lock;
 * on the embedded database, which grants every advisory lock at once because all clients are one session, for the
 * transaction, which is alone in that session. Only a file without a transaction may there be run by both, one after
 * the other, which it must bear anyway.
 */
const apply = async (db: Statements, migration: Migration, log: (line: string) => void): Promise<boolean> => {
  try {
    if (migration.inTransaction) {
      return await db.transaction(async (tx) => {
        await tx.run('select pg_advisory_xact_lock($1)', [LOCK]);
        return runOnce(tx, migration, log);
      });
    }
    return await db.connection(async (connection) => {
      await connection.run('select pg_advisory_lock($1)', [LOCK]);
      try {
        return await runOnce(connection, migration, log);
      } finally {
        await connection.run('select pg_advisory_unlock($1)', [LOCK]);
      }
    });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new Sentence(`迁移 ${migration.name} 失败：${detail}`, `migration ${migration.name} failed: ${detail}`, {
      cause: error,
    });
  }
};

const isRecorded = async (db: Queryable, { name, sha256 }: Migration): Promise<boolean> =>
  (await db.maybeOne('select from public.schema_migration where name = $1 and sha256 = $2', [name, sha256])) !== null;

const runOnce = async (db: Queryable, migration: Migration, log: (line: string) => void): Promise<boolean> => {
  if (await isRecorded(db, migration)) return false;
  log(migration.name);
  await db.run(migration.sql);
  await db.run(
    `insert into public.schema_migration (name, version, sha256) values ($1, $2, $3)
     on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()`,
    [migration.name, migration.version, migration.sha256],
  );
  return true;
};

const readNumbered = async (folder: string): Promise<Migration[]> => {
  const migrations: Migration[] = [];
  for (const name of await sqlFiles(folder)) {
    const expected = migrations.length + 1;
    const version = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
    if (version !== expected) {
      const number = String(expected).padStart(4, '0');
      throw new Sentence(
        `迁移文件编号须从 0001 起连续且不重复：此处应为 ${number}_名称.sql，却是 ${name}`,
        `migrations are numbered from 0001 without a gap or a double: ${number}_name.sql was due, found ${name}`,
      );
    }
    migrations.push(await readMigration(folder, name, version));
  }
  return migrations;
};

const readRepeatable = async (folder: string): Promise<Migration[]> => {
  const names = await sqlFiles(join(folder, 'repeatable'));
  return Promise.all(names.map((name) => readMigration(folder, `repeatable/${name}`, null)));
};

/** Sorted by code unit, which for numbers of four digits is by number. A folder that is not there has none. */
const sqlFiles = async (folder: string): Promise<string[]> => {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && folder.endsWith('repeatable')) return [];
    throw error;
  }
};

const readMigration = async (folder: string, name: string, version: number | null): Promise<Migration> => {
  const bytes = await readFile(join(folder, name));
  const sql = bytes.toString('utf8');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, version, sql, sha256, inTransaction: sql.split('\n', 1)[0]!.trim() !== '-- no-transaction' };
};

const refuseDisagreement = (files: readonly Migration[], recorded: readonly Recorded[]): void => {
  for (const { name, version, sha256 } of recorded) {
    if (version === null) continue;
    const file = files[version - 1];
    if (file === undefined) {
      throw new Sentence(
        `数据库比本程序新：已有迁移 ${name}，而本程序只到 ${files.at(-1)?.name ?? '0'}；请使用较新的程序版本`,
        `the database is newer than this program: it has ${name}, and this program ends at ${files.at(-1)?.name ?? '0'}; use the newer release`,
      );
    }
    if (file.name !== name || file.sha256 !== sha256) {
      throw new Sentence(
        `迁移 ${name} 在执行之后被改动或改名；请恢复原文件，把改动写入新的迁移`,
        `migration ${name} was changed or renamed after it had been applied; restore it and put the change into a new one`,
      );
    }
  }
};
