import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountNamed, addAccount } from '../../../src/account/account.ts';
import { unbindAccount } from '../../../src/account/identity.ts';
import type { Role } from '../../../src/account/role.ts';
import { openSession } from '../../../src/account/session.ts';
import { buildApi } from '../../../src/api/app.ts';
import { addDemoAccounts } from '../../../src/commands/demo-accounts.ts';
import type { Config } from '../../../src/config/env.ts';
import { planCity } from '../../../src/simulator/city.ts';
import { pages } from '../../../src/web/pages.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { type Browser, openBrowser } from '../../support/browser.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clientId, type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts';

/** Where people reach the service: a proxy with TLS before it, so that its cookies are __Host- and its address is not ours. */
const site = 'https://xunjian.example';
const callback = `${site}/api/v1/oidc/callback`;

let ground: TestGround;
let provider: IdentityProvider;
let api: TestApi;
let served: string;

/** The API of this ground, beside a provider. */
const configOf = async (issuer: string, secret: string | null): Promise<Config> => {
  const oidcSecretFile = secret === null ? null : join(ground.pair.folder, `secret-${new URL(issuer).port}`);
  if (oidcSecretFile !== null && secret !== null) await writeFile(oidcSecretFile, `${secret}\n`);
  const { config } = ground;
  return {
    ...config,
    publicUrl: site,
    oidc: { issuer, clientId },
    secrets: { ...config.secrets, oidcSecretFile },
  };
};

const start = async (config: Config): Promise<{ api: TestApi; served: string }> => {
  const started = await startTestApi(ground, { config });
  return { api: started, served: await started.app.listen({ host: '127.0.0.1', port: 0 }) };
};

beforeAll(async () => {
  ground = await startGround();
  provider = await startIdentityProvider(callback);
  ({ api, served } = await start(await configOf(provider.issuer, provider.clientSecret)));
});
afterAll(async () => {
  await api?.close();
  await provider?.stop();
  await ground?.close();
});

const browser = (): Browser => openBrowser({ [site]: served });

const account = (name: string, role: Role = 'centre', unit: string | null = null) =>
  addAccount(ground.db, new Date(), { name, shownName: name, role, unit, phone: null, password: null, by: 'test' });

/** Claims at the provider's form to be `subject`, and agrees; gives the address that the provider sends them back to. */
const atProvider = async (with_: Browser, first: Response, subject: string): Promise<URL> => {
  let page = await with_.follow(first, callback);
  for (const fields of [{ prompt: 'login', login: subject, password: 'any' }, { prompt: 'consent' }]) {
    if (page instanceof URL) return page;
    const action = /action="([^"]+)"/.exec(await page.text())![1]!;
    page = await with_.follow(await with_.post(action, fields as Record<string, string>), callback);
  }
  if (page instanceof URL) return page;
  throw new Error(`the provider still asks: ${page.url}`);
};

/** From the link on the sign-in page to the service's answer when the person is back. */
const signIn = async (subject: string, to = '/', with_ = browser()) => {
  const begun = await with_.get(`${site}/api/v1/oidc/start?to=${encodeURIComponent(to)}`);
  const back = await atProvider(with_, begun, subject);
  return { begun, back, with_, answer: await with_.get(back.href) };
};

const whoIs = async (with_: Browser) => {
  const answer = await with_.get(`${site}/api/v1/session`);
  return { status: answer.status, ...((await answer.json()) as { name?: string; role?: string; unit?: string }) };
};

/** The last row that the audit has of anybody's signing in. */
const lastAudited = async () => {
  const [last] = await ground.db.many<{ actor: string; outcome: string; address: string; detail: object }>(
    `select actor, outcome, address, detail from audit where action = 'session.begin' order by number desc limit 1`,
  );
  return last;
};

const sessions = async (): Promise<number> =>
  (await ground.db.one<{ count: number }>('select count(*) from session')).count;

/** As a program reads a refusal, and as a browser shows it. */
const problemOf = async (answer: Response) => ({
  status: answer.status,
  ...((await answer.json()) as { code: string }),
});
const pageOf = async (answer: Response) => ({
  ...{ status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() },
});

const kept = (with_: Browser): Record<string, string> => {
  const [, value = ''] = /xunjian-oidc=([\w-]+)/.exec(with_.cookies(site)) ?? [];
  return JSON.parse(Buffer.from(value, 'base64url').toString()) as Record<string, string>;
};
const keep = (with_: Browser, changed: Record<string, string>): void =>
  with_.setCookies(site, `__Host-xunjian-oidc=${Buffer.from(JSON.stringify(changed)).toString('base64url')}`);

describe('signing in at an identity provider', () => {
  it('opens a session of the account of the same name, goes on to the page that was asked for, and says so in the audit', async () => {
    await account('li.wei', 'county', '450202');
    provider.people.set('subject-1', { preferred_username: 'Li.Wei' });
    const { begun, answer, with_ } = await signIn('subject-1', '/account?a=1#b');
    const asked = new URL(begun.headers.get('location')!).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      ...{
        response_type: 'code',
        code_challenge_method: 'S256',
        redirect_uri: callback,
        scope: 'openid profile email',
      },
      ...{ state: expect.stringMatching(/^[\w-]{43}$/), nonce: expect.stringMatching(/^[\w-]{43}$/) },
    });
    expect(begun.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-xunjian-oidc=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/),
    ]);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/account?a=1#b']);
    expect(answer.headers.getSetCookie()).toEqual([
      '__Host-xunjian-oidc=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
      expect.stringMatching(/^__Host-xunjian=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
    ]);
    expect(await whoIs(with_)).toMatchObject({ status: 200, name: 'li.wei', role: 'county' });
    expect(await lastAudited()).toMatchObject({
      ...{ actor: 'li.wei', outcome: 'done', address: '127.0.0.1', detail: { by: 'oidc', subject: 'subject-1' } },
    });
  });

  it('knows a person by the provider’s subject from then on: their name may change, and somebody else of that name is refused', async () => {
    await account('wang.fang');
    provider.people.set('subject-2', { preferred_username: 'wang.fang' });
    await signIn('subject-2');
    provider.people.set('subject-2', { preferred_username: 'married.since' });
    const again = await signIn('subject-2');
    expect(await whoIs(again.with_)).toMatchObject({ name: 'wang.fang' });

    provider.people.set('subject-3', { preferred_username: 'wang.fang' });
    const before = await sessions();
    const { answer } = await signIn('subject-3');
    const page = await pageOf(answer);
    expect(page).toMatchObject({ status: 403, type: 'text/html; charset=utf-8' });
    expect(page.text).toContain('账号 wang.fang 已绑定统一身份认证中的另一人');
    expect(page.text).toContain('href="/sign-in"');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await sessions()).toBe(before);
    expect(await lastAudited()).toMatchObject({
      ...{ actor: 'wang.fang', outcome: 'refused', detail: { reason: 'other', subject: 'subject-3' } },
    });

    // Until an administrator says that this is the person now.
    const wang = (await accountNamed(ground.db, 'wang.fang'))!;
    await unbindAccount(ground.db, wang);
    expect((await whoIs(again.with_)).status).toBe(401);
    expect((await signIn('subject-3')).answer.status).toBe(302);
    provider.people.set('subject-2', { preferred_username: 'wang.fang' });
    expect((await signIn('subject-2')).answer.status).toBe(403);
  });

  it('makes no account: who is unknown here is refused, by name, and whatever the name holds is text', async () => {
    provider.people.set('subject-4', { preferred_username: 'nobody-here' });
    const unknown = await signIn('subject-4');
    expect((await pageOf(unknown.answer)).text).toContain('本系统没有 nobody-here 的账号');
    expect(unknown.answer.status).toBe(403);
    provider.people.set('subject-5', { preferred_username: '<script>alert(1)</script>' });
    const scripted = await signIn('subject-5');
    expect(scripted.answer.status).toBe(403);
    expect(await scripted.answer.text()).not.toContain('<script');
    expect((await ground.db.one<{ n: number }>(`select count(*) as n from account where name like '%nobody%'`)).n).toBe(
      0,
    );
    expect(await lastAudited()).toMatchObject({
      actor: 'subject-5',
      outcome: 'refused',
      detail: { reason: 'unknown' },
    });
  });

  it('takes an e-mail address for a name where the provider has verified it, and a name that only looks alike for none', async () => {
    await account('chen@city.example', 'viewer');
    provider.people.set('subject-6', { email: 'Chen@city.example', email_verified: false });
    expect((await signIn('subject-6')).answer.status).toBe(403);
    provider.people.set('subject-6', { email: 'Chen@city.example', email_verified: true });
    expect((await signIn('subject-6')).answer.status).toBe(302);
    await account('keeper', 'administrator');
    provider.people.set('subject-7', { preferred_username: 'ｋｅｅｐｅｒ' });
    expect((await signIn('subject-7')).answer.status).toBe(403);
    // The Kelvin sign becomes a k in lower case.
    provider.people.set('subject-7', { preferred_username: '\u212aeeper' });
    expect((await signIn('subject-7')).answer.status).toBe(403);
    provider.people.set('subject-7', {
      ...{ preferred_username: 'keeper', email: 'li.wei@city.example', email_verified: true },
    });
    await account('li.wei@city.example');
    const two = await signIn('subject-7');
    expect((await pageOf(two.answer)).text).toContain('对应两个账号');
  });

  it('lets no disabled account in, whether it was bound before or not', async () => {
    const { id } = await account('zhao');
    provider.people.set('subject-8', { preferred_username: 'zhao' });
    await ground.db.run('update account set disabled_at = now() where id = $1', [id]);
    expect((await pageOf((await signIn('subject-8')).answer)).text).toContain('账号 zhao 已停用');
    expect(await ground.db.many('select from account_identity where account = $1', [id])).toEqual([]);
    await ground.db.run('update account set disabled_at = null where id = $1', [id]);
    expect((await signIn('subject-8')).answer.status).toBe(302);
    await ground.db.run('update account set disabled_at = now() where id = $1', [id]);
    expect((await signIn('subject-8')).answer.status).toBe(403);
  });

  it('opens no account whose person signs in by a password here, until they say so in a session of their own', async () => {
    const { id } = await account('gao', 'administrator');
    await ground.db.run(`update account set password = '$argon2id$', signed_in_at = now() where id = $1`, [id]);
    // Whoever may choose a name at the provider chooses the administrator's.
    provider.people.set('subject-11', { preferred_username: 'gao' });
    const before = await sessions();
    const refused = await signIn('subject-11');
    expect(await pageOf(refused.answer)).toMatchObject({
      status: 403,
      text: expect.stringContaining('请先用密码登录'),
    });
    expect(await lastAudited()).toMatchObject({ actor: 'gao', outcome: 'refused', detail: { reason: 'unproven' } });
    expect(await sessions()).toBe(before);
    expect(await ground.db.many('select from account_identity where account = $1', [id])).toEqual([]);

    const inSession = async (account: number, epoch: number): Promise<Browser> => {
      const { secret } = await openSession(ground.db, new Date(), { account, epoch, by: 'password', address: null });
      const with_ = browser();
      with_.setCookies(site, `__Host-xunjian=${secret}`);
      return with_;
    };
    const somebody = await account('mei');
    const as_ = await inSession(somebody.id, somebody.epoch);
    expect((await signIn('subject-11', '/', as_)).answer.status).toBe(403);
    expect((await signIn('subject-11', '/account', await inSession(id, 1))).answer.status).toBe(302);
    // From then on without.
    expect(await whoIs((await signIn('subject-11')).with_)).toMatchObject({ name: 'gao' });
  });

  it('asks nobody for a first password that they never used', async () => {
    const { id } = await account('feng');
    await ground.db.run(`update account set password = '$argon2id$', must_change = true where id = $1`, [id]);
    provider.people.set('subject-10', { preferred_username: 'feng' });
    const { with_ } = await signIn('subject-10');
    expect(await whoIs(with_)).toMatchObject({ status: 200, mustChange: false });
    expect((await with_.get(`${site}/api/v1/units`)).status).toBe(200);
  });

  it('ends the session that the browser had before', async () => {
    await account('qian');
    provider.people.set('subject-9', { preferred_username: 'qian' });
    const { with_ } = await signIn('subject-9');
    const former = with_.cookies(site);
    await signIn('subject-9', '/', with_);
    const old = browser();
    old.setCookies(site, former);
    expect((await whoIs(old)).status).toBe(401);
    expect(await whoIs(with_)).toMatchObject({ name: 'qian' });
  });
});

describe('what comes back from the provider', () => {
  beforeAll(async () => {
    await account('sun');
    provider.people.set('sun', { preferred_username: 'sun' });
  });

  const begun = async () => {
    const with_ = browser();
    const back = await atProvider(with_, await with_.get(`${site}/api/v1/oidc/start`), 'sun');
    return { with_, back };
  };

  it('serves once: neither its address nor its cookie opens a second session', async () => {
    const { with_, back } = await begun();
    const cookies = with_.cookies(site);
    expect((await with_.get(back.href)).status).toBe(302);
    const before = await sessions();
    const again = await pageOf(await with_.get(back.href));
    expect(again).toMatchObject({ status: 400, text: expect.stringContaining('此次登录已过期、已用过') });
    with_.setCookies(site, cookies);
    expect((await with_.get(back.href)).status).toBe(400);
    expect(await sessions()).toBe(before);
  });

  it('is taken from the browser that asked alone, and with its state, nonce and verifier', async () => {
    const stranger = await begun();
    expect((await browser().get(stranger.back.href)).status).toBe(400);
    const { with_, back } = await begun();
    const own = kept(with_);
    const other = 'x'.repeat(43);
    const told = async (cookie: Record<string, string>, address = back.href) => {
      keep(with_, cookie);
      const answer = await fetch(address.replace(site, served), {
        redirect: 'manual',
        headers: { cookie: with_.cookies(site) },
      });
      return problemOf(answer);
    };
    const wrongState = new URL(back);
    wrongState.searchParams.set('state', other);
    expect(await told(own, wrongState.href)).toMatchObject({ status: 400, code: 'oidc_unasked' });
    expect(await told({ ...own, state: other })).toMatchObject({ status: 400, code: 'oidc_unasked' });
    expect(await told({ ...own, verifier: other })).toMatchObject({ status: 400, code: 'oidc_unasked' });
    const third = await begun();
    keep(third.with_, { ...kept(third.with_), nonce: other });
    expect((await third.with_.get(third.back.href)).status).toBe(403);
    expect(await lastAudited()).toMatchObject({ outcome: 'refused', detail: { reason: 'provider' } });
  });

  it('leads to pages of this site alone', async () => {
    const foreign = [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      '/\t/evil.example',
      '',
      'evil',
      '/a b',
      '/ä',
    ];
    for (const to of foreign) {
      const answer = await browser().get(`${site}/api/v1/oidc/start?to=${encodeURIComponent(to)}`);
      expect([to, answer.status, answer.headers.get('location')]).toEqual([to, 400, null]);
    }
    const { with_, back } = await begun();
    keep(with_, { ...kept(with_), to: '//evil.example' });
    expect((await with_.get(back.href)).status).toBe(400);
  });

  it('may be a refusal, which is told in our words and never in those of an address that anybody can write', async () => {
    const with_ = browser();
    const page = await with_.follow(await with_.get(`${site}/api/v1/oidc/start`), callback);
    const abort = /href="([^"]+abort)"/.exec(await (page as Response).text())![1]!;
    const back = (await with_.follow(await with_.get(abort), callback)) as URL;
    back.searchParams.set('error_description', 'Call 555-0100 to get in');
    const told = await pageOf(await with_.get(back.href));
    expect(told).toMatchObject({ status: 403, text: expect.stringContaining('统一身份认证未允许此次登录') });
    expect(told.text).not.toContain('555-0100');
  });

  it('fills no audit where somebody makes it up', async () => {
    const other = await start(await configOf(provider.issuer, provider.clientSecret));
    try {
      const with_ = openBrowser({ [site]: other.served });
      await with_.get(`${site}/api/v1/oidc/start`);
      const own = kept(with_);
      const rows = async () => (await ground.db.one<{ n: number }>('select count(*) as n from audit')).n;
      const before = await rows();
      const made = `${callback}?state=${own.state}&error=access_denied&iss=${encodeURIComponent(provider.issuer)}`;
      for (let nth = 0; nth < 30; nth++) {
        keep(with_, own);
        expect((await with_.get(made)).status).toBe(403);
      }
      // Five a minute; the minute may change once meanwhile.
      expect([5, 10]).toContain((await rows()) - before);
    } finally {
      await other.api.close();
    }
  });

  it('is malformed without harm', async () => {
    const { with_ } = await begun();
    const { state } = kept(with_);
    const queries = ['', '?code=a', `?state=${state}`, `?state=${state}&code=`, `?state=${state}&code=a&code=b`];
    for (const query of [...queries, `?state=${state}&error=%00`, `?state=${state}&code=${'a'.repeat(5000)}`]) {
      keep(with_, { ...kept(await begun().then((one) => one.with_)), state: state! });
      const { status } = await with_.get(`${callback}${query}`);
      expect([query.slice(0, 80), [400, 403].includes(status)]).toEqual([query.slice(0, 80), true]);
    }
  });
});

describe('a provider', () => {
  it('that gives us no secret, and tells names when asked only, serves as well', async () => {
    const second = await startIdentityProvider(callback, true);
    const other = await start(await configOf(second.issuer, second.clientSecret));
    try {
      await account('wu');
      second.people.set('subject-1', { preferred_username: 'wu' });
      const with_ = openBrowser({ [site]: other.served });
      const { answer } = await signIn('subject-1', '/', with_);
      expect(answer.status).toBe(302);
      // The first provider has a subject of the same name, who is somebody else.
      expect(await whoIs(with_)).toMatchObject({ name: 'wu' });
    } finally {
      await other.api.close();
      await second.stop();
    }
  });

  it('that is away keeps no service from starting: signing in there says so, and goes on when it is back', async () => {
    const second = await startIdentityProvider(callback);
    second.away = true;
    const other = await start(await configOf(second.issuer, second.clientSecret));
    try {
      const with_ = openBrowser({ [site]: other.served });
      const away = await with_.get(`${site}/api/v1/oidc/start`);
      expect(away.headers.get('retry-after')).toBe('30');
      expect(await pageOf(away)).toMatchObject({
        status: 503,
        text: expect.stringContaining('统一身份认证暂时连不上'),
      });
      second.away = false;
      await account('zheng');
      second.people.set('zheng', { preferred_username: 'zheng' });
      const back = await atProvider(with_, await with_.get(`${site}/api/v1/oidc/start`), 'zheng');
      second.away = true;
      expect((await with_.get(back.href)).status).toBe(503);
    } finally {
      await other.api.close();
      await second.stop();
    }
  });

  it('that does not know our secret is no fault of the person', async () => {
    const other = await start(await configOf(provider.issuer, 'another secret'));
    try {
      const with_ = openBrowser({ [site]: other.served });
      const { answer } = await signIn('sun', '/', with_);
      const told = await pageOf(answer);
      expect(told).toMatchObject({ status: 503, text: expect.stringContaining('XUNJIAN_OIDC_CLIENT_SECRET_FILE') });
    } finally {
      await other.api.close();
    }
  });

  it('is none where none is set: both addresses say so', async () => {
    const other = await startTestApi(ground);
    try {
      for (const url of ['/api/v1/oidc/start', '/api/v1/oidc/callback']) {
        expect(
          await other.nobody.get(url).then(({ status, body }) => [status, (body as { code: string }).code]),
        ).toEqual([404, 'oidc_not_set']);
      }
    } finally {
      await other.close();
    }
  });

  it('must be asked over TLS, or on this machine', async () => {
    const config = { ...(await configOf(provider.issuer, null)), oidc: { issuer: 'http://id.city.example', clientId } };
    await expect(startTestApi(ground, { config })).rejects.toThrow('XUNJIAN_OIDC_ISSUER=http://id.city.example');
  });
});

describe('the demonstration', () => {
  it('has somebody of the centre and somebody of one county to sign in as, with passwords that need no change', async () => {
    const other = await startTestApi(ground);
    try {
      const reach: number[] = [];
      for (const { name, password } of await addDemoAccounts(ground, planCity({ cameras: 20, seed: 1 }))) {
        const answer = await other.nobody.send('POST', '/api/v1/session', { name, password });
        expect(answer).toMatchObject({ status: 200, body: { name, mustChange: false } });
        const cookie = [answer.headers['set-cookie']].flat().map((line) => line!.split(';')[0]);
        const units = await other.nobody.get('/api/v1/units', { cookie: cookie.join('; ') });
        reach.push((units.body as { total: number }).total);
      }
      expect(reach).toEqual([expect.any(Number), 1]);
      expect(reach[0]).toBeGreaterThan(1);
    } finally {
      await other.close();
    }
  });
});

describe('the pages', () => {
  it('keep a policy of their own beside the API, which has none that lets a page work', async () => {
    const { db, redis, vault, config, log } = ground;
    const app = await buildApi({ db, redis, vault, config, log, identify: async () => null });
    await app.register(pages);
    try {
      for (const [url, script] of [
        ['/', "script-src 'self'"],
        ['/sign-in', "script-src 'self'"],
        ['/account', "script-src 'self'"],
        ['/api/v1/sign-in', "default-src 'none'"],
      ] as const) {
        const { statusCode, headers } = await app.inject(url);
        expect([url, statusCode, headers['content-security-policy']]).toEqual([
          url,
          200,
          expect.stringContaining(script),
        ]);
        expect(headers['content-security-policy']).not.toContain('unsafe');
        expect(headers['x-frame-options']).toBe('DENY');
      }
    } finally {
      await app.close();
    }
  });
});
