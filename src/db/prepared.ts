const names = new Map<string, string>();

/**
 * Marks a statement that is asked many times a second: each connection has it parsed and planned once, and not each time,
 * which on the embedded database is half of what a look by key costs. For constant texts alone, since each stays in every
 * connection for as long as it lives, and for looks by key: after some times its plan no longer depends on the parameters.
 */
export const prepared = (sql: string): string => {
  if (!names.has(sql)) names.set(sql, `prepared_${names.size + 1}`);
  return sql;
};

/** What a connection knows it by; undefined: it is parsed each time. */
export const preparedName = (sql: string): string | undefined => names.get(sql);
