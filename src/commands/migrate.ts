import type { Config } from '../config/env.ts';
import { migrate as run } from '../db/migrate.ts';
import { openDatabase } from '../db/pool.ts';
import { requireTimescale } from '../db/preflight.ts';
import { migrationsFolder, openGround } from '../roles/ground.ts';
import { exit } from './exit.ts';

/** Brings the database to the state of the migrations; the embedded one is migrated whenever it is opened. */
export const migrate = async (config: Config, options: { json?: true }): Promise<number> => {
  const tell = (applied: readonly string[]): number => {
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ applied })}\n`
        : `已应用 ${applied.length} 个迁移 / ${applied.length} migrations applied${applied.map((name) => `\n  ${name}`).join('')}\n`,
    );
    return exit.ok;
  };
  if (config.databaseUrl === null) {
    const ground = await openGround(config);
    const applied = await ground.db.many<{ name: string }>(
      'select name from schema_migration order by applied_at, name',
    );
    await ground.close();
    return tell(applied.map(({ name }) => name));
  }
  const db = openDatabase(config.databaseUrl, { max: 2 });
  try {
    await requireTimescale(db);
    return tell((await run(db, migrationsFolder)).applied);
  } finally {
    await db.close();
  }
};
