import type { FastifyInstance } from 'fastify';
import { type Answer, callerOf, type Method } from '../../support/api.ts';

type SignedIn = { readonly csrf: string };

/** A browser at an address: it keeps cookies, and its page sends the token that the session told it. */
export class Browser {
  readonly #app: FastifyInstance;
  readonly #address: string;
  readonly cookies = new Map<string, string>();
  csrf = '';

  constructor(app: FastifyInstance, address = '10.9.0.1') {
    this.#app = app;
    this.#address = address;
  }

  async send(
    method: Method,
    url: string,
    body?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie === '' ? {} : { cookie }), 'x-csrf-token': this.csrf, ...more };
    const answer = await callerOf(this.#app, headers, this.#address).send(method, `/api/v1${url}`, body);
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0(;|$)/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    if (answer.status === 200 && url.startsWith('/session')) this.csrf = (answer.body as SignedIn).csrf ?? this.csrf;
    return answer;
  }

  get(url: string): Promise<Answer> {
    return this.send('GET', url);
  }

  signIn(name: string, password: string, code?: string): Promise<Answer> {
    return this.send('POST', '/session', { name, password, ...(code === undefined ? {} : { code }) });
  }
}
