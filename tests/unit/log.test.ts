import { describe, expect, it } from 'vitest';
import { openLog } from '../../src/log.ts';

/** What a log of this level wrote, line by line, while `work` used it. */
const written = (work: (log: ReturnType<typeof openLog>) => void): string[] => {
  const lines: string[] = [];
  work(openLog('debug', { write: (line) => lines.push(line) }));
  return lines;
};

const secret = 'Hunter2-柳州!';

describe('a line of the log', () => {
  it.each<[where: string, line: object]>([
    ['a field named password', { password: secret }],
    ['a field named in other words', { newPassword: secret, user_passwd: secret, clientSecret: secret }],
    ['a field deep inside', { request: { body: { items: [{ credential: { password: secret } }] } } }],
    ['a password with quotes and backslashes', { password: `"\\${secret}\\"`, after: 'kept' }],
    ['a password that is a number', { password: 20261123 }],
    ['headers', { headers: { Authorization: `Basic ${secret}`, Cookie: `xunjian=${secret}`, 'x-csrf-token': secret } }],
    ['cookies that are set', { 'set-cookie': [`xunjian=${secret}; HttpOnly`, `other=${secret}`] }],
    ['a header in a text', { detail: 'sent authorization: Bearer SHVudGVyMi3mn7Plt54hHunter2' }],
    ['a login in an address', { error: `connect rtsp://admin:${secret}@10.2.3.4:554/stream failed` }],
    ['a login with @ and / in its password', { error: `rtsp://admin:p@ss/${secret}@10.2.3.4:554/stream` }],
    ['the address of the database', { url: `postgres://xunjian:${secret}@db:5432/xunjian` }],
    ['a digest', { detail: 'Digest username="admin", realm="r", nonce="Hunter2", response="0Hunter2f"' }],
    ['JSON in a text', { msg: JSON.stringify({ login: { password: `${secret}"\\` }, after: 'kept' }) }],
    ['a form in a text', { msg: `grant_type=code&client_secret=${secret}&x=1`, more: `password=${secret}` }],
    ['a token of ours', { msg: 'revoked xj_Hunter2_abcdefghijklmnop' }],
    ['an error', { error: Object.assign(new Error(`GET https://u:${secret}@x/`), { password: secret }) }],
    ['the secret of a second factor', { totpSecret: secret, otpauthUri: secret }],
  ])('holds no secret: %s', (_, line) => {
    const lines = written((log) => log.info({ ...line, err: line }, 'said'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('Hunter2');
    expect(lines[0]).not.toContain('20261123');
    expect(lines[0]).toContain('[hidden]');
    // It is still one object of JSON, and what stands behind the secret is there.
    expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'said' });
    if (JSON.stringify(line).includes('kept')) expect(lines[0]).toContain('kept');
  });

  it('keeps what only looks like one', () => {
    const line = { token: 7, totp: true, code: 'wrong_password', url: 'http://10.0.0.1:80/a', failure: 'auth_failed' };
    const [text] = written((log) => log.warn(line, 'the password was refused; basic auth'));
    expect(JSON.parse(text!)).toMatchObject({ ...line, msg: 'the password was refused; basic auth' });
  });

  it('is made in a time that grows with its length alone', () => {
    // Each is the worst that we know for one of the rules; by backtracking they would take minutes.
    const long = 200_000;
    for (const text of [
      'a'.repeat(long),
      '"'.repeat(long),
      '\\"'.repeat(long),
      'password'.repeat(long / 8),
      `"password":"${'\\\\'.repeat(long / 2)}`,
      'a://'.repeat(long / 4),
      'Bearer '.repeat(long / 7),
      'nonce="'.repeat(long / 7),
    ]) {
      expect(written((log) => log.info({ text }))).toHaveLength(1);
    }
  });
});
