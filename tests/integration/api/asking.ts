import type { FastifyInstance } from 'fastify';
import { addAccount } from '../../../src/account/account.ts';
import type { Role } from '../../../src/account/role.ts';
import { openSession } from '../../../src/account/session.ts';
import { makeToken } from '../../../src/account/token.ts';
import type { Database } from '../../../src/db/pool.ts';

/** What a request bears besides its own: a session's cookie and proof, or a token. */
export type Bearing = Readonly<Record<string, string>>;

export type Told = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
};

let accounts = 0;

/** Somebody new, signed in (`session`), or a program of theirs with a token of this scope. */
export const somebodyNew = async (
  db: Database,
  role: Role,
  unit: string | null,
  way: 'session' | 'read' | 'write',
): Promise<Bearing> => {
  const now = new Date();
  accounts += 1;
  const name = `caller-${accounts}`;
  const account = { name, shownName: name, role, unit, phone: null, password: null, by: 'test' };
  const { id, epoch } = await addAccount(db, now, account);
  if (way === 'session') {
    const { secret, csrf } = await openSession(db, now, { account: id, epoch, by: 'password', address: null });
    return { cookie: `xunjian=${secret}`, 'x-csrf-token': csrf };
  }
  const expiresAt = new Date(now.getTime() + 3_600_000);
  const made = await makeToken(db, now, { account: id, epoch, name, scope: way, expiresAt });
  return { authorization: `Bearer ${made!.text}` };
};

/** Asks an API without a network. A stream of events has no end: nothing of it is read, and it is hung up on. */
export const askApp = async (
  app: FastifyInstance,
  method: string,
  url: string,
  headers: Bearing,
  payload?: unknown,
): Promise<Told> => {
  const asked = {
    method: method as 'GET',
    url,
    headers,
    ...(payload === undefined ? {} : { payload: payload as Buffer }),
  };
  if (!url.startsWith('/api/v1/events')) {
    const answer = await app.inject(asked);
    return { status: answer.statusCode, headers: answer.headers as Told['headers'], text: answer.body };
  }
  const answer = await app.inject({ ...asked, payloadAsStream: true });
  const type = String(answer.headers['content-type']);
  let text = '';
  if (type.startsWith('text/event-stream')) answer.stream().destroy();
  else for await (const piece of answer.stream()) text += String(piece);
  return { status: answer.statusCode, headers: answer.headers as Told['headers'], text };
};
