import { randomBytes } from 'node:crypto';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addAccount } from '../../../src/account/account.ts';
import { Hashing, hashing } from '../../../src/account/hashing.ts';
import { identifyWith } from '../../../src/account/identify.ts';
import type { Role } from '../../../src/account/role.ts';
import { digest } from '../../../src/account/secret.ts';
import { MasterKeys } from '../../../src/inventory/master-keys.ts';
import { Vault } from '../../../src/inventory/vault.ts';
import { type Answer, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { Browser } from './browser.ts';

const password = 'three old trees by the river';
let ground: TestGround;
let api: TestApi;
/** Hashed once: each hash costs what it is made to cost. */
let hash: string;

beforeAll(async () => {
  ground = await startGround();
  api = await startTestApi(ground);
  hash = await hashing.hash(password);
});
afterAll(async () => {
  await api.close();
  await ground.close();
});

/** An account with the password above, as somebody set it themselves. */
const account = async (name: string, role: Role = 'centre', unit: string | null = null): Promise<number> => {
  const { id } = await addAccount(ground.db, new Date(), {
    ...{ name, shownName: name, role, unit, phone: null, by: 'test' },
    password: { hash, firstUntil: null },
  });
  return id;
};

let next = 1;
/** A browser at an address of its own, so that no test is held up by what another guessed. */
const browser = (address = `10.9.${next >> 8}.${next++ & 255}`, app = api): Browser => new Browser(app.app, address);

const guesses = async (from: Browser, name: string, times: number): Promise<Answer[]> => {
  const answers: Answer[] = [];
  for (let nth = 0; nth < times; nth++) answers.push(await from.signIn(name, `guess number ${nth}`));
  return answers;
};

const statusOf = ({ status }: Answer): number => status;
const codeOf = (answer: Answer): string => (answer.body as { code: string }).code;
const expectProblem = (answer: Answer, status: number, code: string): void => {
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
};

/** Time goes by for whoever guesses. */
const wait = (seconds: number): Promise<number> =>
  ground.db.run(`update guess set at = at - $1 * interval '1 second', until = until - $1 * interval '1 second'`, [
    seconds,
  ]);

describe('somebody who guesses', () => {
  it('is held up longer and longer, and the owner in their own browser is not', async () => {
    await account('owner');
    const [owner, elsewhere, thief] = [browser(), browser(), browser()];
    expect((await owner.signIn('owner', password)).status).toBe(200);
    expect((await guesses(thief, 'owner', 5)).map(statusOf)).toEqual([401, 401, 401, 401, 401]);

    const held = await thief.signIn('owner', password);
    expectProblem(held, 429, 'too_many_tries');
    expect(held.headers['retry-after']).toMatch(/^([1-5]?\d|60)$/);
    expect(held.text).toContain(`请在 ${held.headers['retry-after']} 秒后再试`);
    // In a browser that nobody knows the owner is a stranger as well; in their own they come in, and again.
    expectProblem(await elsewhere.signIn('owner', password), 429, 'too_many_tries');
    expect((await owner.signIn('owner', password)).status).toBe(200);
    expect((await owner.signIn('owner', 'typed wrong once')).status).toBe(401);
    expect((await owner.signIn('owner', password)).status).toBe(200);

    const delays: number[] = [];
    for (const seconds of [60, 120, 240, 480, 900, 900]) {
      await wait(seconds);
      expect((await guesses(thief, 'owner', 1)).map(statusOf)).toEqual([401]);
      expect((await thief.signIn('owner', password)).status).toBe(429);
      const { delay } = await ground.db.one<{ delay: number }>(
        `select extract(epoch from until - at)::integer as delay from guess where kind = 'name' and key = $1`,
        [digest('owner')],
      );
      delays.push(delay);
    }
    expect(delays).toEqual([120, 240, 480, 900, 900, 900]);
    await wait(900);
    expect((await elsewhere.signIn('owner', password)).status).toBe(200);
  });

  it('gets no more tries by trying all at once', async () => {
    await account('crowd');
    const thief = browser();
    const asked = await Promise.all(
      Array.from({ length: 20 }, (_, nth) => thief.signIn('crowd', `guess number ${nth}`)),
    );
    expect(asked.map(statusOf).sort()).toEqual([...Array(5).fill(401), ...Array(15).fill(429)]);
  });

  it('and asks on while held spends nothing: others at that address still come in', async () => {
    await account('asked-for');
    await account('colleague');
    const thief = browser('10.8.0.2');
    const asked = await guesses(thief, 'asked-for', 36);
    expect(asked.map(statusOf)).toEqual([...Array(5).fill(401), ...Array(31).fill(429)]);
    expect((await browser('10.8.0.2').signIn('colleague', password)).status).toBe(200);
  });

  it('with the owner’s own browser has a small budget of its own there, and spends nobody else’s', async () => {
    await account('lent');
    const lent = browser();
    await lent.signIn('lent', password);
    expect((await guesses(lent, 'lent', 11)).map(statusOf)).toEqual([...Array(10).fill(401), 429]);
    expect((await browser().signIn('lent', password)).status).toBe(200);
  });

  it('cannot tell a name that nobody has: the same words, the same hash, the same delay', async () => {
    await account('somebody');
    const verify = vi.spyOn(Hashing.prototype, 'verify');
    const told = async (name: string): Promise<unknown[]> => {
      verify.mockClear();
      const answers = await guesses(browser(), name, 6);
      return [
        verify.mock.calls.length,
        ...answers.map(({ status, body }) => [status, { ...(body as object), request: '' }]),
      ];
    };
    const [known, unknown] = [await told('somebody'), await told('nobody-of-that-name')];
    verify.mockRestore();
    expect(known[0]).toBe(5);
    expect(unknown).toEqual(known);
  });

  it('over many names is held by the address, and neighbours who are known there go on', async () => {
    await account('neighbour');
    const office = '10.8.0.1';
    const neighbour = browser(office);
    expect((await neighbour.signIn('neighbour', password)).status).toBe(200);
    const sprayer = browser(office);
    for (let nth = 0; nth < 30; nth++) expect((await sprayer.signIn(`name-${nth}`, 'Spring2026!!')).status).toBe(401);
    expectProblem(await sprayer.signIn('name-30', 'Spring2026!!'), 429, 'too_many_tries');
    expect((await neighbour.signIn('neighbour', password)).status).toBe(200);
    expect((await browser().signIn('name-30', 'Spring2026!!')).status).toBe(401);
  });

  it('at an address where somebody mistypes every day holds nobody else there up for ever: tries come back', async () => {
    await account('newcomer');
    const office = '10.8.0.3';
    const sprayer = browser(office);
    for (let nth = 0; nth < 30; nth++) await sprayer.signIn(`typo-${nth}`, 'mistyped');
    expect((await browser(office).signIn('newcomer', password)).status).toBe(429);
    // A minute later one more is tried, and holds longer; half an hour later six are tries again, and no more.
    await wait(60);
    expect((await sprayer.signIn('typo-31', 'mistyped')).status).toBe(401);
    expect((await browser(office).signIn('newcomer', password)).status).toBe(429);
    await wait(1_800);
    const after: number[] = [];
    for (let nth = 40; nth < 48; nth++) after.push((await sprayer.signIn(`typo-${nth}`, 'mistyped')).status);
    expect(after).toEqual([...Array(5).fill(401), ...Array(3).fill(429)]);
  });

  it('leaves rows in the audit, with the reason and without the password', async () => {
    await account('watched', 'county', '450202');
    const from = browser('10.7.0.7');
    await from.signIn('watched', 'a password typed wrong');
    await from.signIn('ghost', 'a password typed wrong');
    await from.signIn('typed wrong: a password!', '');
    await from.signIn('typed wrong: a password!', 'x');
    await from.signIn('7q2m-ab4d-xk9w-pp3z', 'typed into the field of the name');
    await from.signIn('watched', password);
    const rows = await ground.db.many<{ row: string; actor: string; outcome: string; reason: string; unit: string }>(
      `select audit::text as row, actor, outcome, detail ->> 'reason' as reason, unit from audit
       where action = 'session.begin' and address = '10.7.0.7' order by number`,
    );
    expect(rows.map(({ actor, outcome, reason, unit }) => [actor, outcome, reason, unit])).toEqual([
      ['watched', 'refused', 'wrong', null],
      ['gh…', 'refused', 'unknown', null],
      ['?', 'refused', 'unknown', null],
      ['7q…', 'refused', 'unknown', null],
      ['watched', 'done', null, '450202'],
    ]);
    for (const { row } of rows) expect(row).not.toMatch(/typed|three old trees|ab4d/);
  });
});

describe('a session', () => {
  it('is told by a cookie that no script sees, and says who it is and what it may ask', async () => {
    await account('county-one', 'county', '450202');
    const answer = await browser().signIn('COUNTY-one', password);
    for (const line of answer.headers['set-cookie'] as unknown as string[]) {
      expect(line).toMatch(/^xunjian(-browser)?=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax/);
    }
    const told = answer.body as { may: string[] };
    expect(told).toMatchObject({
      ...{ name: 'county-one', role: 'county', unit: { code: '450202', name: '城中区' } },
      ...{ mustChange: false, totp: false, password: true },
    });
    expect(told.may).toContain('POST /api/v1/appeals');
    expect(told.may).not.toContain('GET /api/v1/users');
    expect(told.may).not.toContain('POST /api/v1/policies');
  });

  it('is kept as its hash alone', async () => {
    await account('kept');
    const somebody = browser();
    await somebody.signIn('kept', password);
    const rows = await ground.db.many<{ row: string }>(
      'select session::text as row from session union all select browser::text from browser',
    );
    for (const value of somebody.cookies.values()) {
      const bytes = Buffer.from(value, 'base64url').toString('hex');
      for (const { row } of rows) expect(row.includes(value) || row.includes(bytes)).toBe(false);
    }
  });

  it('ends after two hours in which nothing is asked, and after twelve in any case', async () => {
    const id = await account('sleeper');
    const somebody = browser();
    await somebody.signIn('sleeper', password);
    const shift = (column: 'seen_at' | 'until', minutes: number) =>
      ground.db.run(`update session set ${column} = ${column} - $2 * interval '1 minute' where account = $1`, [
        ...[id, minutes],
      ]);
    await shift('seen_at', 119);
    expect((await somebody.get('/session')).status).toBe(200);
    await shift('seen_at', 119);
    expect((await somebody.get('/session')).status).toBe(200);
    // A stream of events that is open still is no question.
    await shift('seen_at', 60);
    const cookie = [...somebody.cookies].map((pair) => pair.join('=')).join('; ');
    expect(await identifyWith(ground.db, ground.config)({ headers: { cookie } }, 'again')).toMatchObject({
      account: id,
    });
    await shift('seen_at', 61);
    expectProblem(await somebody.get('/session'), 401, 'signed_out');
    await somebody.signIn('sleeper', password);
    await shift('until', 719);
    expect((await somebody.get('/session')).status).toBe(200);
    await shift('until', 2);
    expectProblem(await somebody.get('/session'), 401, 'signed_out');
  });

  it('ends when it is signed out of, and when the same browser signs in anew', async () => {
    await account('leaver');
    const [one, copy] = [browser(), browser()];
    await one.signIn('leaver', password);
    for (const [name, value] of one.cookies) copy.cookies.set(name, value);
    await one.signIn('leaver', password);
    expect((await copy.get('/session')).status).toBe(401);
    for (const [name, value] of one.cookies) copy.cookies.set(name, value);
    expect((await one.send('DELETE', '/session')).status).toBe(204);
    expect(one.cookies.has('xunjian')).toBe(false);
    expect((await copy.get('/session')).status).toBe(401);
  });

  it.each<[string, Role, object]>([
    ['another role', 'viewer', { role: 'maintainer' }],
    ['another unit', 'county', { unit: '450203' }],
    ['being disabled', 'centre', { disabled: true }],
  ])('and every token end with %s', async (what, role, change) => {
    const name = `changed-${what.replace(' ', '-')}`;
    const id = await account(name, role, role === 'county' ? '450202' : null);
    const [one, two] = [browser(), browser()];
    await one.signIn(name, password);
    await two.signIn(name, password);
    const made = await one.send('POST', '/tokens', { name: 'nightly', scope: 'read', days: 30 });
    const program = { authorization: `Bearer ${(made.body as { token: string }).token}` };
    expect((await api.nobody.get('/api/v1/session', program)).status).toBe(200);

    const admin = await api.as('administrator');
    expect((await admin.send('PATCH', `/api/v1/users/${id}`, { shownName: '另一个名字' })).status).toBe(200);
    expect((await one.get('/session')).status).toBe(200);
    expect((await admin.send('PATCH', `/api/v1/users/${id}`, change)).status).toBe(200);
    expect((await one.get('/session')).status).toBe(401);
    expect((await two.get('/session')).status).toBe(401);
    expect((await api.nobody.get('/api/v1/session', program)).status).toBe(401);
    const again = await browser().signIn(name, password);
    if (what === 'being disabled') expectProblem(again, 403, 'account_disabled');
    else expect(again.status).toBe(200);
  });

  it('ends as well where somebody disabled the account in the database', async () => {
    const id = await account('by-hand');
    const somebody = browser();
    await somebody.signIn('by-hand', password);
    await ground.db.run('update account set disabled_at = now() where id = $1', [id]);
    expect((await somebody.get('/session')).status).toBe(401);
  });
});

describe('what another site makes a browser send', () => {
  it('changes nothing: no token, a foreign one, a foreign origin', async () => {
    await account('target');
    await account('forger');
    const [target, forger] = [browser(), browser()];
    await target.signIn('target', password);
    await forger.signIn('forger', password);
    const body = { name: 'x', scope: 'read', days: 1 };
    const foreign: Record<string, string>[] = [
      { 'x-csrf-token': '' },
      { 'x-csrf-token': forger.csrf },
      { 'x-csrf-token': `${target.csrf}a` },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of foreign) expectProblem(await target.send('POST', '/tokens', body, headers), 403, 'forged');
    expect((await target.get('/tokens')).body).toEqual({ items: [] });
    const own = { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin', host: 'localhost:8080' };
    expect((await target.send('POST', '/tokens', body, own)).status).toBe(201);
  });

  it('signs nobody in as somebody else', async () => {
    await account('planted');
    const victim = browser();
    const asked = { name: 'planted', password };
    expectProblem(await victim.send('POST', '/session', asked, { origin: 'https://evil.example' }), 403, 'forged');
    expect(victim.cookies.size).toBe(0);
  });
});

describe('a first password', () => {
  const begin = async (name: string): Promise<{ id: number; firstPassword: string }> => {
    const admin = await api.as('administrator');
    const made = await admin.send('POST', '/api/v1/users', { name, shownName: '新人', role: 'viewer' });
    expect(made.status).toBe(201);
    return made.body;
  };

  it('opens nothing but its own change, which ends every other session', async () => {
    const { firstPassword } = await begin('new-one');
    const [somebody, other] = [browser(), browser()];
    expect((await other.signIn('new-one', firstPassword)).status).toBe(200);
    const signedIn = await somebody.signIn('new-one', firstPassword);
    expect(signedIn.body).toMatchObject({
      mustChange: true,
      may: ['GET /api/v1/session', 'DELETE /api/v1/session', 'PUT /api/v1/session/password'],
    });
    expectProblem(await somebody.get('/tokens'), 403, 'password_must_change');
    expectProblem(await somebody.get('/policies'), 403, 'password_must_change');

    const change = (current: string, to: string) =>
      somebody.send('PUT', '/session/password', { current, password: to });
    expectProblem(await change(firstPassword, 'password123'), 422, 'password_weak');
    expectProblem(await change(firstPassword, firstPassword), 422, 'password_weak');
    expectProblem(await change('not the first one', password), 422, 'password_wrong');
    const changed = await change(firstPassword, password);
    expect(changed.body).toMatchObject({ mustChange: false, name: 'new-one' });
    expect((await other.get('/session')).status).toBe(401);
    expect((await somebody.get('/tokens')).status).toBe(200);
    expect((await browser().signIn('new-one', firstPassword)).status).toBe(401);
    expect((await browser().signIn('new-one', password)).status).toBe(200);
  });

  it('is good for a week', async () => {
    const { id, firstPassword } = await begin('late-one');
    await ground.db.run(`update account set first_until = first_until - interval '7 days' where id = $1`, [id]);
    expectProblem(await browser().signIn('late-one', 'something else'), 401, 'sign_in_wrong');
    expectProblem(await browser().signIn('late-one', firstPassword), 403, 'first_password_expired');
    // Who tried too often is helped by it at once.
    expect((await guesses(browser(), 'late-one', 5)).map(statusOf)).toEqual([401, 401, 401, 401, 429]);
    const admin = await api.as('administrator');
    const reset = await admin.send('POST', `/api/v1/users/${id}/password`);
    const again = (reset.body as { firstPassword: string }).firstPassword;
    expect((await browser().signIn('late-one', again)).body).toMatchObject({ mustChange: true });
  });

  it('may not be guessed by whoever found a session open', async () => {
    await account('left-open');
    const open = browser();
    await open.signIn('left-open', password);
    const guess = (current: string) =>
      open.send('PUT', '/session/password', { current, password: 'a lovely noodle shop' });
    for (let nth = 0; nth < 10; nth++) expectProblem(await guess(`guess ${nth}`), 422, 'password_wrong');
    expectProblem(await guess(password), 429, 'too_many_tries');
  });

  it('nor by asking in between for what is not guessed: a second factor that was never begun', async () => {
    await account('left-open-too');
    const open = browser();
    await open.signIn('left-open-too', password);
    const guess = (nth: number) => open.send('POST', '/session/totp', { password: `guess ${nth}` });
    for (let nth = 0; nth < 9; nth++) expectProblem(await guess(nth), 422, 'password_wrong');
    expectProblem(await open.send('PUT', '/session/totp', { code: '123456' }), 409, 'totp_not_begun');
    expectProblem(await guess(9), 422, 'password_wrong');
    expectProblem(await guess(10), 429, 'too_many_tries');
  });
});

describe('a second factor', () => {
  const now = (): number => Math.floor(Date.now() / 30_000);
  const codes = (secret: string) => {
    const totp = new TOTP({ secret });
    return (step: number): string => totp.generate({ timestamp: step * 30_000 });
  };
  /** Somebody with a second factor, confirmed by the code of now: the next one is free. */
  const enrolled = async (name: string) => {
    const id = await account(name);
    const somebody = browser();
    await somebody.signIn(name, password);
    const begun = await somebody.send('POST', '/session/totp', { password });
    const codeAt = codes((begun.body as { secret: string }).secret);
    const step = now();
    const confirmed = await somebody.send('PUT', '/session/totp', { code: codeAt(step) });
    expect(confirmed.status).toBe(200);
    return { id, somebody, codeAt, step, recovery: (confirmed.body as { recoveryCodes: string[] }).recoveryCodes };
  };

  it('counts from its first right code, takes each code once, and needs the password as well', async () => {
    await account('enrols');
    const somebody = browser();
    await somebody.signIn('enrols', password);
    expectProblem(await somebody.send('PUT', '/session/totp', { code: '123456' }), 409, 'totp_not_begun');
    expectProblem(await somebody.send('POST', '/session/totp', { password: 'wrong' }), 422, 'password_wrong');
    const begun = (await somebody.send('POST', '/session/totp', { password })).body as { secret: string; uri: string };
    expect(begun.uri).toContain(`secret=${begun.secret}`);
    expect((await browser().signIn('enrols', password)).status).toBe(200);

    const codeAt = codes(begun.secret);
    const step = now();
    const wrong = String((Number(codeAt(step)) + 1) % 1_000_000).padStart(6, '0');
    expectProblem(await somebody.send('PUT', '/session/totp', { code: wrong }), 422, 'code_wrong');
    expect((await somebody.send('PUT', '/session/totp', { code: codeAt(step) })).status).toBe(200);
    expect((await somebody.get('/session')).body).toMatchObject({ totp: true });

    const elsewhere = browser();
    expectProblem(await elsewhere.signIn('enrols', password), 401, 'code_wanted');
    expectProblem(await elsewhere.signIn('enrols', 'wrong', codeAt(step + 1)), 401, 'sign_in_wrong');
    // The one that confirmed it was taken; so is each that signed in.
    expectProblem(await elsewhere.signIn('enrols', password, codeAt(step)), 401, 'code_wrong');
    expect((await elsewhere.signIn('enrols', password, codeAt(step + 1))).status).toBe(200);
    expectProblem(await browser().signIn('enrols', password, codeAt(step + 1)), 401, 'code_wrong');
    // Nor an older one than the last.
    expectProblem(await elsewhere.signIn('enrols', password, codeAt(step)), 401, 'code_wrong');
  });

  it('is lent by ten recovery codes, each once, however they are typed', async () => {
    const { recovery, somebody } = await enrolled('lost-phone');
    expect(new Set(recovery).size).toBe(10);
    const [first, second] = recovery as [string, string];
    expect((await browser().signIn('lost-phone', password, first.toUpperCase().replaceAll('-', ' '))).status).toBe(200);
    expectProblem(await browser().signIn('lost-phone', password, first), 401, 'code_wrong');
    expect((await somebody.send('DELETE', '/session/totp', { code: second })).status).toBe(204);
    expect((await browser().signIn('lost-phone', password)).status).toBe(200);
    expectProblem(await browser().signIn('lost-phone', password.toUpperCase()), 401, 'sign_in_wrong');
  });

  it('is guessed no oftener than a password', async () => {
    const { codeAt, step } = await enrolled('guessed-code');
    const thief = browser();
    const wrong = String((Number(codeAt(step)) + 1) % 1_000_000).padStart(6, '0');
    const answers: Answer[] = [];
    for (let nth = 0; nth < 6; nth++) {
      // That a code is wanted is no guess, and gives no tries back that were.
      await thief.signIn('guessed-code', password);
      answers.push(await thief.signIn('guessed-code', password, wrong));
    }
    expect(answers.map(statusOf)).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('of which the key is away is a 503 that names the setting, and costs nobody a try', async () => {
    const { codeAt, step } = await enrolled('no-key');
    const masters = new MasterKeys(async () => [randomBytes(32)]);
    await masters.read();
    const keyless = await startTestApi(ground, { vault: new Vault(masters) });
    for (let nth = 0; nth < 7; nth++) {
      const answer = await browser('10.6.0.6', keyless).signIn('no-key', password, codeAt(step + 1));
      expectProblem(answer, 503, 'key_unavailable');
      expect(answer.text).toContain('XUNJIAN_KEY_FILE');
    }
    await keyless.close();
    expect((await browser().signIn('no-key', password, codeAt(step + 1))).status).toBe(200);
  });

  it('is kept sealed, and taken away by an administrator with all that was open', async () => {
    const { id, somebody, recovery } = await enrolled('helpless');
    const { totp } = await ground.db.one<{ totp: Buffer }>('select totp from account where id = $1', [id]);
    expect(await ground.vault.openText(ground.db, `totp:${id}`, totp)).toMatch(/^[A-Z2-7]{32}$/);
    await expect(ground.vault.openText(ground.db, `totp:${id + 1}`, totp)).rejects.toThrow();
    const admin = await api.as('administrator');
    expect((await admin.send('DELETE', `/api/v1/users/${id}/totp`)).status).toBe(204);
    expect((await somebody.get('/session')).status).toBe(401);
    expect((await browser().signIn('helpless', password)).status).toBe(200);
    expect(await ground.db.many('select hash from recovery_code where account = $1', [id])).toEqual([]);
    expect(recovery).toHaveLength(10);
  });
});
