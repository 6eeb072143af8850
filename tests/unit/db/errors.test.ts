import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { Conflict, DatabaseAway, StatementFailed, translateError, UniqueViolation } from '../../../src/db/errors.ts';

const refused = (code: string): Error => Object.assign(new pg.DatabaseError('words', 5, 'error'), { code });

describe('what the database says is told by its code, not by its words', () => {
  it.each([
    ['23505', UniqueViolation],
    ['40001', Conflict],
    ['40P01', Conflict],
    ['57P01', DatabaseAway],
    ['57P03', DatabaseAway],
    ['53300', DatabaseAway],
    ['08006', DatabaseAway],
    ['42601', StatementFailed],
    ['23503', StatementFailed],
  ])('%s', (code, kind) => {
    const error = refused(code);
    expect(translateError(error, false)).toMatchObject({ constructor: kind, cause: error });
  });
});

it('only what may succeed when tried again is retryable', () => {
  const retryable = (code: string) => (translateError(refused(code), false) as StatementFailed).retryable;
  expect(['40001', '40P01', '57P01'].map(retryable)).toEqual([true, true, true]);
  expect(['23505', '42601', '22012'].map(retryable)).toEqual([false, false, false]);
});

it('an error without a code is the loss of the connection only where the connection was lost', () => {
  const error = new Error('Connection terminated unexpectedly');
  expect(translateError(error, true)).toBeInstanceOf(DatabaseAway);
  expect(translateError(error, false)).toBe(error);
});
