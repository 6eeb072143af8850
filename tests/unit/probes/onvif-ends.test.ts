import { describe, expect, it } from 'vitest';
import { asked, type Behaviour, clockReply, replies, soap } from './onvif-device.ts';

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
    expect(visited).toMatchObject({ heard: false, failure: { kind: 'not_onvif', step: 'clock' } });
    expect(visited.failure!.detail).toMatch(/more than 1048576 bytes/);
    expect(took).toBeLessThan(3_000);
  });

  it('one that would hold the parser for a minute is not parsed', async () => {
    const { visited, took } = await asked({
      GetSystemDateAndTime: (wire) => wire.http(200, {}, soap('xmlns'.repeat(200_000))),
    });
    expect(visited.failure?.kind).toBe('not_onvif');
    expect(took).toBeLessThan(3_000);
  });

  it('one that is nested 100,000 deep is read or refused', async () => {
    const nested = soap('<a>'.repeat(100_000) + '</a>'.repeat(100_000));
    const { took } = await asked({ GetSystemDateAndTime: (wire) => wire.http(200, {}, nested) }, 'clock');
    expect(took).toBeLessThan(5_000);
  });
});

describe.concurrent('a visit ends at its deadline', () => {
  const deadlineMs = 250;
  const slack = 1_500;

  it.each([
    ['silence', () => {}, 'silent'],
    ['half an answer', (wire) => wire.send('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<s:Env'), 'dripping'],
  ] as [string, Behaviour['GetSystemDateAndTime'] & object, string][])('in %s', async (_, odd, kind) => {
    const { visited, took } = await asked({ GetSystemDateAndTime: odd }, 'facts', { deadlineMs });
    expect(visited).toMatchObject({ heard: false, failure: { kind, step: 'clock', origin: 'camera' } });
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('against a byte now and then', async () => {
    const { visited, took } = await asked(
      {
        GetSystemDateAndTime: async (wire) => {
          wire.send('HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n');
          const drip = setInterval(() => wire.send(' '), 10);
          await wire.closed;
          clearInterval(drip);
        },
      },
      'facts',
      { deadlineMs },
    );
    expect(visited.failure?.kind).toBe('dripping');
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('where each of three requests takes nearly all of it', async () => {
    const waits: Behaviour['GetProfiles'] & object = async (wire) => {
      const timer = setTimeout(() => wire.end(), 900);
      await wire.closed;
      clearTimeout(timer);
    };
    const late = (reply: () => string): typeof waits => {
      return async (wire) => {
        const timer = setTimeout(() => wire.http(200, {}, reply()), 600);
        await wire.closed;
        clearTimeout(timer);
      };
    };
    const { visited, took } = await asked(
      { GetCapabilities: late(replies.GetCapabilities), GetProfiles: late(replies.GetProfiles), GetStreamUri: waits },
      'facts',
      { deadlineMs: 1_000 },
    );
    expect(visited.failure).toMatchObject({ kind: 'silent', step: 'stream' });
    expect(took).toBeLessThan(1_000 + 500);
  });

  it('a media service that is silent where the device service answers is silent, not dripping', async () => {
    const { visited } = await asked({ GetProfiles: () => {} }, 'facts', { deadlineMs });
    expect(visited).toMatchObject({
      heard: true,
      failure: { kind: 'silent', step: 'stream' },
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
  ] as [string, Behaviour['GetSystemDateAndTime'] & object][])('%s is told at once', async (_, odd) => {
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
