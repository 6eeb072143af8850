import { Unfit } from '../sentence.ts';
import type { Queryable } from './pool.ts';

/**
 * As major, minor. Before 2.19.1 an INSERT … SELECT … ON CONFLICT DO NOTHING into compressed chunks could end at its first
 * conflict: the other rows were lost without an error (timescale/timescaledb#7672), and so does the store deliver again.
 */
const OLDEST = [2, 20] as const;

/** Throws Unfit where the database has no TimescaleDB, an older one than 2.20, or one under the Apache licence only. */
export const requireTimescale = async (db: Pick<Queryable, 'one'>): Promise<void> => {
  const found = await db.one<{
    server: string;
    installed: string | null;
    available: string | null;
    license: string | null;
  }>(
    `select current_setting('server_version') as server,
            (select extversion from pg_extension where extname = 'timescaledb') as installed,
            (select default_version from pg_available_extensions where name = 'timescaledb') as available,
            current_setting('timescaledb.license', true) as license`,
  );
  if (found.installed === null) {
    const server = `PostgreSQL ${found.server}`;
    if (found.available === null) {
      throw new Unfit(
        `数据库（${server}）未安装 TimescaleDB；请先在服务器上安装 TimescaleDB ${OLDEST.join('.')} 或更新版本，再执行 create extension timescaledb`,
        `the database (${server}) has no TimescaleDB; install TimescaleDB ${OLDEST.join('.')} or later on its server, then run create extension timescaledb`,
      );
    }
    throw new Unfit(
      `数据库（${server}）的服务器上有 TimescaleDB ${found.available}，但此库未启用；请在此库执行 create extension timescaledb`,
      `the server (${server}) has TimescaleDB ${found.available}, but this database does not use it; run create extension timescaledb in it`,
    );
  }
  if (!isRecent(found.installed)) {
    throw new Unfit(
      `TimescaleDB ${found.installed} 过旧，至少需要 ${OLDEST.join('.')}；请升级后执行 alter extension timescaledb update`,
      `TimescaleDB ${found.installed} is too old, ${OLDEST.join('.')} is needed; upgrade it and run alter extension timescaledb update`,
    );
  }
  if (found.license === 'apache') {
    throw new Unfit(
      'TimescaleDB 以 Apache 许可版运行，缺少连续聚合与压缩；请安装社区版，并设置 timescaledb.license = timescale',
      'TimescaleDB runs under its Apache licence, without continuous aggregates and compression; install the community edition and set timescaledb.license = timescale',
    );
  }
};

/** Of '2.23.0-dev' or '2.20.3'; what cannot be read is not recent. */
const isRecent = (version: string): boolean => {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
};
