import { describe, expect, it } from 'vitest';
import type { Login } from '../../../../probes/index.ts';
import { parseHeaders, type Response } from '../../../../probes/rtsp/message.ts';
import { Session } from '../../../../probes/rtsp/session.ts';

const login: Login = { user: 'admin', password: 'secret' };
const response = (status: number, ...lines: string[]): Response => ({
  status,
  reason: '',
  headers: parseHeaders(lines.join('\r\n')),
  body: Buffer.alloc(0),
});
const challenge = (...more: string[]) => response(401, `WWW-Authenticate: Digest realm="r", nonce="${more.join('')}"`);
const lines = (text: string): string[] => text.trimEnd().split('\r\n');
const carriesLogin = (text: string): boolean => /^Authorization:/m.test(text);

describe('a session', () => {
  it('counts its requests and sends the last session id that it was told, without its time-out', () => {
    const session = new Session(null);
    expect(lines(session.request('DESCRIBE', 'rtsp://h/a')).at(-1)).toBe('CSeq: 1');
    session.note(response(200, 'Session:        708345999;timeout=60'));
    expect(lines(session.request('SETUP', 'rtsp://h/a'))).toContain('Session: 708345999');
    session.note(response(200, 'Session: ABC'));
    session.note(response(200, 'Session: '));
    expect(lines(session.request('PLAY', 'rtsp://h/a'))).toEqual(expect.arrayContaining(['Session: ABC', 'CSeq: 3']));
  });

  it.each([
    ['Session: 7;timeout=15', 15_000],
    ['Session: 7 ; Timeout = 90', 90_000],
    ['Session: 7', 60_000],
    ['Session: 7;timeout=0', 60_000],
    ['Session: 7;timeout=soon', 60_000],
  ])('of %s lives %s ms without a word', (line, ms) => {
    const session = new Session(null);
    session.note(response(200, line));
    expect([session.id, session.timeoutMs]).toEqual(['7', ms]);
  });

  it('logs in after a challenge and goes on so once that was accepted', () => {
    const session = new Session(login);
    expect(carriesLogin(session.request('DESCRIBE', 'rtsp://h/a'))).toBe(false);
    expect(session.challenged(challenge('n'))).toBe('answer');
    expect(carriesLogin(session.request('DESCRIBE', 'rtsp://h/a'))).toBe(true);
    session.note(response(200));
    expect(carriesLogin(session.request('SETUP', 'rtsp://h/a'))).toBe(true);
    expect(carriesLogin(session.request('TEARDOWN', 'rtsp://h/a'))).toBe(true);
    expect([session.proven, session.unproven]).toEqual([true, false]);
  });

  it('is accepted by the method that was challenged, not by one that was free before', () => {
    const session = new Session(login);
    session.request('SETUP', 'rtsp://h/a');
    session.challenged(challenge('n'));
    expect(carriesLogin(session.request('DESCRIBE', 'rtsp://h/a'))).toBe(true);
    session.note(response(200));
    expect(session.proven).toBe(false);
    expect(carriesLogin(session.request('SETUP', 'rtsp://h/a'))).toBe(true);
    session.note(response(200));
    expect(session.proven).toBe(true);
  });

  it('begins on a new connection without the nonce of the old one (#647), and is still accepted', () => {
    const session = new Session(login);
    session.request('DESCRIBE', 'rtsp://h/a');
    session.challenged(challenge('n'));
    session.request('DESCRIBE', 'rtsp://h/a');
    session.note(response(200, 'Session: 4'));
    session.begin();
    expect(session.request('DESCRIBE', 'rtsp://h/a')).not.toMatch(/Session|Authorization/);
    expect(session.challenged(challenge('m'))).toBe('answer');
    expect(session.proven).toBe(true);
    expect(session.request('DESCRIBE', 'rtsp://h/a')).toContain('nonce="m"');
  });

  it('takes another nonce for its next request, once, where one that cannot be repeated was refused', () => {
    const session = new Session(login);
    session.request('DESCRIBE', 'rtsp://h/a');
    session.challenged(challenge('n'));
    session.request('DESCRIBE', 'rtsp://h/a');
    session.note(response(200));
    session.renew(challenge('m'));
    expect(session.request('OPTIONS', 'rtsp://h/a')).toContain('nonce="m"');
    session.renew(challenge('o'));
    expect(carriesLogin(session.request('TEARDOWN', 'rtsp://h/a'))).toBe(false);
  });

  it('sends a login once while nobody has accepted it', () => {
    const session = new Session(login);
    session.challenged(challenge('n'));
    session.request('SETUP', 'rtsp://h/a');
    expect(session.unproven).toBe(true);
    session.repeat();
    expect(carriesLogin(session.request('TEARDOWN', 'rtsp://h/a'))).toBe(false);
    session.request('SETUP', 'rtsp://h/a');
    expect(carriesLogin(session.request('TEARDOWN', 'rtsp://h/a'))).toBe(false);
  });

  it('never sends a refused login again', () => {
    const session = new Session(login);
    session.challenged(challenge('n'));
    session.request('DESCRIBE', 'rtsp://h/a');
    expect(session.challenged(challenge('m'))).toBe('refused');
    expect(session.challenged(challenge('o'))).toBe('refused');
    expect(carriesLogin(session.request('TEARDOWN', 'rtsp://h/a'))).toBe(false);
  });

  it('renews a stale nonce once, and no more', () => {
    const session = new Session(login);
    session.challenged(challenge('n'));
    session.request('DESCRIBE', 'rtsp://h/a');
    expect(session.challenged(challenge('m", stale="true'))).toBe('answer');
    expect(session.request('DESCRIBE', 'rtsp://h/a')).toContain('nonce="m"');
    expect(session.challenged(challenge('o", stale="true'))).toBe('refused');
  });

  it('answers one more nonce after that of another connection was refused (#647), and no third, stale or not', () => {
    for (const refuse of ['403', '401'] as const) {
      const session = new Session(login);
      session.challenged(challenge('n'));
      session.inherit();
      session.request('DESCRIBE', 'rtsp://h/a');
      expect(session.inherits).toBe(true);
      if (refuse === '403') {
        session.drop();
        expect(session.unproven).toBe(true);
        expect(carriesLogin(session.request('DESCRIBE', 'rtsp://h/a'))).toBe(false);
      }
      expect(session.challenged(challenge('m'), true)).toBe('answer');
      expect(session.request('DESCRIBE', 'rtsp://h/a')).toContain('nonce="m"');
      expect(session.inherits).toBe(false);
      expect(session.challenged(challenge('o", stale="true'))).toBe('refused');
    }
  });

  it('does not take the same nonce for a new one, whatever the device calls it', () => {
    const session = new Session(login);
    session.challenged(challenge('n'));
    session.request('DESCRIBE', 'rtsp://h/a');
    expect(session.challenged(challenge('n", stale="true'))).toBe('refused');
  });

  it('counts the answers to one nonce', () => {
    const session = new Session(login);
    session.challenged(challenge('n", qop="auth'));
    expect(session.request('DESCRIBE', 'rtsp://h/a')).toContain('nc=00000001');
    session.note(response(200));
    expect(session.request('SETUP', 'rtsp://h/a')).toContain('nc=00000002');
  });

  it.each([
    ['no credentials', null, 'Digest realm="r", nonce="n"', 'no_credentials'],
    ['a way of login that nobody knows', login, 'Kerberos', 'unsupported'],
    ['Basic, which is not allowed', login, 'Basic realm="r"', 'unsupported'],
    ['Basic, inside TLS', login, 'Basic realm="r"', 'answer', true],
    ['Basic, which is allowed', { ...login, basicAllowed: true }, 'Basic realm="r"', 'answer'],
  ] as [string, Login, string, string, boolean?][])('with %s', (_, given, offered, expected, confidential = false) => {
    expect(new Session(given, confidential).challenged(response(401, `WWW-Authenticate: ${offered}`))).toBe(expected);
  });

  it('prefers a digest although Basic is allowed', () => {
    const session = new Session({ ...login, basicAllowed: true });
    session.challenged(
      response(401, 'WWW-Authenticate: Basic realm="r"', 'WWW-Authenticate: Digest realm="r", nonce="n"'),
    );
    expect(session.request('DESCRIBE', 'rtsp://h/a')).toContain('Authorization: Digest ');
  });
});
