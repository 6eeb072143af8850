import { describe, expect, it } from 'vitest';
import { asked, type Behaviour, clockReply, replies, soap } from './onvif-device.ts';

type Play = Behaviour['GetSystemDateAndTime'] & object;

describe('what an answer may cost is bounded', () => {
  const huge = 2 * 1024 * 1024;

  it.each([
    ['of 2 MB announced', { 'Content-Length': String(huge) }],
    ['of 2 MB unannounced', { 'Transfer-Encoding': 'identity' }],
  ])('one %s is cut', async (_, headers) => {
    const { visited, took } = await asked({
      GetSystemDateAndTime: (wire) => {
        const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        wire.send(`HTTP/1.1 200 OK\r\n${head.join('')}Connection: close\r\n\r\n`);
        wire.send(Buffer.alloc(huge, ' '));
        wire.end();
      },
    });
    expect(visited).toMatchObject({ heard: false, failure: { kind: 'unsafe_answer', step: 'clock' } });
    expect(visited.failure!.detail).toMatch(/more than 1048576 bytes/);
    expect(took).toBeLessThan(3_000);
  });

  const endlessly =
    (head: string, more: string): Play =>
    async (wire) => {
      wire.send(head);
      const go = setInterval(() => wire.send(more.repeat(200)), 1);
      await wire.closed;
      clearInterval(go);
    };

  it.each([
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '64\r\n'.concat(' '.repeat(100), '\r\n')],
    ['headers', 'HTTP/1.1 200 OK\r\n', 'X-More: and more and more and more\r\n'],
    ['one header', 'HTTP/1.1 200 OK\r\nX-More: ', 'and more and more and more and more'],
    ['chunk extensions', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1', ';extension=more-and-more-and-more'],
  ])('endless %s are cut', async (_, head, more) => {
    const { visited } = await asked({ GetSystemDateAndTime: endlessly(head, more) }, 'clock', { deadlineMs: 10_000 });
    expect(visited.failure).toMatchObject({ kind: 'unsafe_answer', step: 'clock', origin: 'camera' });
  });

  const body = (inside: string): string =>
    soap(`<tds:GetSystemDateAndTimeResponse>${inside}</tds:GetSystemDateAndTimeResponse>`);
  const doubling = Array.from({ length: 30 }, (_, n) => `<!ENTITY a${n + 1} "&a${n};&a${n};">`).join('');

  it.each([
    ['entities that double each other', `<!DOCTYPE x [<!ENTITY a0 "ha">${doubling}]>${body('&a30;')}`],
    [
      'an entity that names a file',
      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${body('&a;')}`,
    ],
    ['a document type by itself', `<!DOCTYPE soap SYSTEM "http://127.0.0.1/x.dtd">${body('')}`],
    ['a declaration further down', body('<a><!ENTITY b "c"></a>')],
    ['elements 100 deep', body('<a>'.repeat(100) + '</a>'.repeat(100))],
    ['elements 100,000 deep', body('<a>'.repeat(100_000))],
    ['100,000 elements', body('<a/>'.repeat(100_000))],
  ])('%s: refused', async (_, hostile) => {
    const { visited, took } = await asked({ GetSystemDateAndTime: (wire) => wire.http(200, {}, hostile) });
    expect(visited).toMatchObject({
      heard: false,
      failure: { kind: 'unsafe_answer', origin: 'camera', step: 'clock' },
    });
    expect(took).toBeLessThan(3_000);
  });
});

describe.concurrent('a visit ends at its deadline', () => {
  const deadlineMs = 250;
  const slack = 1_500;

  it.each([
    ['silence', () => {}, 'silent'],
    ['half an answer', (wire) => wire.send('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<s:Env'), 'dripping'],
  ] as [string, Play, string][])('in %s', async (_, odd, kind) => {
    const { visited, took } = await asked({ GetSystemDateAndTime: odd }, 'facts', { deadlineMs });
    expect(visited).toMatchObject({ heard: false, failure: { kind, step: 'clock', origin: 'camera' } });
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it.each([
    ['its body', 'HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n', ' ', 'dripping'],
    ['its header', 'HTTP/1.1 200 OK\r\nX: ', 'a', 'dripping'],
    ['interim answers', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'unsafe_answer'],
  ])('against a byte of %s now and then', async (_, head, more, kind) => {
    const { visited, took } = await asked(
      {
        GetSystemDateAndTime: async (wire) => {
          wire.send(head);
          const drip = setInterval(() => wire.send(more), 10);
          await wire.closed;
          clearInterval(drip);
        },
      },
      'facts',
      { deadlineMs },
    );
    expect(visited.failure?.kind).toBe(kind);
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('where each of three requests takes nearly all of it', async () => {
    const late =
      (name: 'GetServices' | 'GetProfiles'): Play =>
      async (wire) => {
        const timer = setTimeout(() => wire.http(200, {}, replies[name]()), 600);
        await wire.closed;
        clearTimeout(timer);
      };
    const { visited, took } = await asked(
      { GetServices: late('GetServices'), GetProfiles: late('GetProfiles') },
      'facts',
      { deadlineMs: 1_000 },
    );
    expect(visited.failure).toMatchObject({ kind: 'media_service_silent', step: 'stream' });
    expect(took).toBeLessThan(1_000 + slack);
  });

  it('a media service that is silent where the device service answers is named', async () => {
    const { visited } = await asked({ GetProfiles: () => {} }, 'facts', { deadlineMs: 600 });
    expect(visited).toMatchObject({
      heard: true,
      failure: { kind: 'media_service_silent', step: 'stream', origin: 'camera' },
      device: { model: 'DS-2CD', streamUri: null },
    });
  });
});

describe('a device that closes', () => {
  it.each([
    ['at once', (wire) => wire.end()],
    [
      'in the middle of its answer',
      (wire) => {
        wire.send('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<s:Env');
        wire.end();
      },
    ],
    [
      'in the middle of its header',
      (wire) => {
        wire.send('HTTP/1.1 200 OK\r\nContent-Le');
        wire.end();
      },
    ],
  ] as [string, Play][])('%s is told at once', async (_, odd) => {
    const { visited, took } = await asked({ GetSystemDateAndTime: odd });
    expect(visited.failure).toMatchObject({ kind: 'closed', step: 'clock' });
    expect(took).toBeLessThan(2_000);
  });

  it('behind an answer without a length has given it', async () => {
    const { visited } = await asked(
      {
        GetSystemDateAndTime: (wire) => {
          wire.send(`HTTP/1.0 200 OK\r\n\r\n${clockReply(new Date())}`);
          wire.end();
        },
      },
      'clock',
    );
    expect(visited).toMatchObject({ heard: true, failure: null });
  });
});
