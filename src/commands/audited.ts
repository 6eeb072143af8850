import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { type AuditEntry, type AuditOutcome, record } from '../audit/record.ts';
import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import type { Act } from './acts.ts';

/** What a command does, as far as it is known beforehand; `by`: who it says does it. */
export type Acting = { readonly action: Act; readonly kind: string; readonly by?: string | undefined } & Partial<About>;

/** What is known only while it is done. */
type About = Pick<AuditEntry, 'on' | 'unit' | 'why' | 'detail'>;

/**
 * Does what changes something, and leaves it in the audit: a row before, so that nothing is changed of which there is none,
 * and one of what came of it, under the same number. The actor is the system's account, which the system vouches for; who
 * `--by` names stands in the detail.
 */
export const changing = async <T>(
  db: Queryable,
  acting: Acting,
  work: (note: (about: Partial<About>) => void) => Promise<T>,
): Promise<T> => {
  const request = randomUUID();
  let about: Partial<About> = {};
  await record(db, entryOf(acting, about, 'begun', request));
  let done: T;
  try {
    done = await work((more) => {
      about = { ...about, ...more };
    });
  } catch (error) {
    // What went wrong is the news, also where this cannot be written: the row of the begin stands.
    await record(db, entryOf(acting, about, error instanceof Sentence ? 'refused' : 'failed', request)).catch(() => {});
    throw error;
  }
  await record(db, entryOf(acting, about, 'done', request)).catch((error: Error) => {
    throw new Sentence(
      `已办理，但结果无法记入审计（${error.message}）：请先核对，不要重复办理`,
      `it was done, and its outcome cannot be put into the audit (${error.message}): check before you do it again`,
    );
  });
  return done;
};

/** Leaves a look at a picture, or what else goes out into a file, in the audit, before it is seen. */
export const looking = (db: Queryable, acting: Acting): Promise<void> =>
  record(db, entryOf(acting, {}, 'done', randomUUID()));

const entryOf = (acting: Acting, about: Partial<About>, outcome: AuditOutcome, request: string): AuditEntry => {
  const { by, detail, ...what } = { ...acting, ...about };
  const all = { ...acting.detail, ...detail, ...(by === undefined ? {} : { by }) };
  return {
    ...{ actor: account(), role: null, via: 'command', address: null, on: null, unit: null, why: null },
    ...what,
    outcome,
    request,
    detail: Object.keys(all).length === 0 ? null : all,
  };
};

/** Who the command runs as; in a container it may be a number without a name. */
const account = (): string => {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
};
