import type { Queryable } from '../db/pool.ts';
import { forgetTries, type Guesser, giveTryBack, takeTry } from './guess.ts';
import { hashing } from './hashing.ts';

/** What is needed to let somebody prove again who they are. */
export type Provable = {
  readonly id: number;
  readonly name: string;
  readonly epoch: number;
  /** Their password's hash; null: they sign in elsewhere. */
  readonly password: string | null;
  readonly totp: Buffer | null;
};

export const provable = (db: Queryable, id: number): Promise<Provable> =>
  db.one<Provable>('select id, name, epoch, password, totp from account where id = $1', [id]);

/** Whether it is their password. Throws HashingBusy. */
export const isPasswordOf = (who: Provable, password: string): Promise<boolean> =>
  hashing.verify(who.password, password);

/**
 * Lets somebody who is signed in prove again that it is they: a session left open must not be enough to guess their password
 * or code. True or false as the proof came out; a Date: nothing was tried, come back then. What `proof` throws is no failure.
 */
export const prove = async (
  db: Queryable,
  now: Date,
  id: number,
  proof: () => Promise<boolean>,
): Promise<boolean | Date> => {
  const self: readonly Guesser[] = [{ kind: 'self', of: String(id) }];
  const until = await takeTry(db, now, self);
  if (until !== null) return until;
  const right = await proof().catch(async (error) => {
    await giveTryBack(db, now, self);
    throw error;
  });
  if (right) await forgetTries(db, self);
  return right;
};
