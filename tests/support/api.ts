import type { FastifyInstance } from 'fastify';
import { type Account, accountNamed, addAccount } from '../../src/account/account.ts';
import { jarOf } from '../../src/account/cookie.ts';
import { identifyWith } from '../../src/account/identify.ts';
import type { Role } from '../../src/account/role.ts';
import { openSession } from '../../src/account/session.ts';
import { makeToken } from '../../src/account/token.ts';
import { buildApi } from '../../src/api/app.ts';
import type { ApiParts } from '../../src/api/parts.ts';
import type { TestGround } from './ground.ts';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As text. */
  readonly text: string;
  /** As JSON; `never`, so that it fits whatever a test takes it for. */
  readonly body: never;
  readonly bytes: Buffer;
};

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Somebody who has signed in. */
export type Caller = {
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  send(method: Method, url: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
};

export type TestApi = {
  readonly app: FastifyInstance;
  /** An account of this role, of a unit or of the city; made on first use, signed in. */
  as(role: Role, unit?: string): Promise<Caller>;
  /** A program with a token of that account. */
  asToken(role: Role, scope: 'read' | 'write', unit?: string): Promise<Caller>;
  /** Nobody. */
  readonly nobody: Caller;
  close(): Promise<void>;
};

/** The name of the account that `as` makes. */
export const nameOf = (role: Role, unit?: string): string => (unit === undefined ? role : `${role}-${unit}`);

/** Answers of an app, asked from an address with these headers besides a request's own. */
export const callerOf = (
  app: FastifyInstance,
  more: Readonly<Record<string, string>>,
  remoteAddress = '127.0.0.1',
): Caller => {
  const send: Caller['send'] = async (method, url, body, headers = {}) => {
    const answer = await app.inject({
      ...{ method, url, headers: { ...more, ...headers }, remoteAddress },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
      text: answer.body,
      bytes: answer.rawPayload,
      get body() {
        return JSON.parse(answer.body) as never;
      },
    };
  };
  return { send, get: (url, headers) => send('GET', url, undefined, headers) };
};

/** The API on a ground, as the role `api` builds it; `changes` for what a test makes otherwise. */
export const startTestApi = async (ground: TestGround, changes: Partial<ApiParts> = {}): Promise<TestApi> => {
  const { db, redis, vault, config, log } = ground;
  const identify = identifyWith(db, changes.config ?? config);
  // A machine that is busy with other tests, or with building all this, is no reason to refuse requests.
  const bounds = { lag: 600_000, ...changes.bounds };
  const app = await buildApi({ db, redis, vault, config, log, identify, ...changes, bounds });
  await app.ready();
  const jar = jarOf(changes.config ?? config);
  const account = async (role: Role, unit?: string): Promise<Account> => {
    const name = nameOf(role, unit);
    const known = await accountNamed(db, name);
    // Without a password: a hash costs 50 ms, and nobody signs in here.
    const fresh = { name, shownName: name, role, unit: unit ?? null, phone: null, password: null, by: 'test' };
    return known ?? (await addAccount(db, new Date(), fresh));
  };
  return {
    app,
    nobody: callerOf(app, {}),
    async as(role, unit) {
      const { id, epoch } = await account(role, unit);
      const opened = await openSession(db, new Date(), { account: id, epoch, by: 'password', address: null });
      return callerOf(app, { cookie: `${jar.session}=${opened.secret}`, 'x-csrf-token': opened.csrf });
    },
    async asToken(role, scope, unit) {
      const now = new Date();
      const { id, epoch } = await account(role, unit);
      const expiresAt = new Date(now.getTime() + 3_600_000);
      const made = await makeToken(db, now, { account: id, epoch, name: 'test', scope, expiresAt });
      return callerOf(app, { authorization: `Bearer ${made!.text}` });
    },
    close: () => app.close(),
  };
};
