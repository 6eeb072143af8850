import pg from 'pg';

/** The database refused a statement. `sqlState` as in appendix A of PostgreSQL's manual. */
export class StatementFailed extends Error {
  override readonly name: string = 'StatementFailed';
  /** True where the same transaction, tried again as a whole, may succeed. */
  readonly retryable: boolean = false;
  readonly sqlState: string;

  constructor(message: string, sqlState: string, options?: ErrorOptions) {
    super(message, options);
    this.sqlState = sqlState;
  }
}

/** A row with this key is there already (23505). */
export class UniqueViolation extends StatementFailed {
  override readonly name = 'UniqueViolation';
  /** Name of the index, null where the server did not tell. */
  readonly constraint: string | null;

  constructor(message: string, sqlState: string, constraint: string | null, options?: ErrorOptions) {
    super(message, sqlState, options);
    this.constraint = constraint;
  }
}

/** Another transaction was in the way: serialization failure (40001) or deadlock (40P01). */
export class Conflict extends StatementFailed {
  override readonly name = 'Conflict';
  override readonly retryable = true;
}

/**
 * The connection was lost or could not be made. Whether a statement under way was carried out is not known: retry only
 * what is idempotent.
 */
export class DatabaseAway extends Error {
  override readonly name = 'DatabaseAway';
  readonly retryable = true;
}

/** Connection exceptions, a server that shuts down or starts, and one with no connection left. */
const awayStates = /^(08...|57P01|57P02|57P03|53300)$/;

/**
 * What `pg` threw, as one of ours. `connectionLost` is what the caller saw of the connection, because pg's own errors
 * of a lost connection carry no code. Anything that did not come from the database (a bug of ours) is given back as is.
 */
export const translateError = (error: unknown, connectionLost: boolean): unknown => {
  if (!(error instanceof Error)) return error;
  const options = { cause: error };
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    const { code, message } = error;
    if (awayStates.test(code)) return new DatabaseAway(message, options);
    if (code === '23505') return new UniqueViolation(message, code, error.constraint ?? null, options);
    if (code === '40001' || code === '40P01') return new Conflict(message, code, options);
    return new StatementFailed(message, code, options);
  }
  return connectionLost ? new DatabaseAway(error.message, options) : error;
};
