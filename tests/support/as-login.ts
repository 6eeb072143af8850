import type { Database, Queryable } from '../../src/db/pool.ts';

/**
 * The database with the rights of one of its logins or groups alone. Each statement is a transaction of its own: the
 * embedded database has one session, in which a role that was set for good would be everybody's.
 */
export const asLogin = (db: Database, login: string): Database => {
  const within = <T>(work: (tx: Queryable) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      await tx.run(`set local role ${login}`);
      return work(tx);
    });
  const statements = {
    one: <T extends object>(sql: string, parameters?: readonly unknown[]) => within((tx) => tx.one<T>(sql, parameters)),
    maybeOne: <T extends object>(sql: string, parameters?: readonly unknown[]) =>
      within((tx) => tx.maybeOne<T>(sql, parameters)),
    many: <T extends object>(sql: string, parameters?: readonly unknown[]) =>
      within((tx) => tx.many<T>(sql, parameters)),
    run: (sql: string, parameters?: readonly unknown[]) => within((tx) => tx.run(sql, parameters)),
    transaction: within,
    connection: within,
  };
  return { ...statements, patient: statements, close: async () => {} };
};
