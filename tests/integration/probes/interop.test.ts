import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Codec,
  type Decoder,
  type FailureKind,
  openDecoder,
  probeCamera,
  type Target,
  type Trust,
} from '../../../probes/index.ts';
import { type GStreamer, gstreamerMissing, type ServerName, startGStreamer } from '../../support/gstreamer.ts';
import { makeClips, sizes } from '../../support/interop-clips.ts';
import { startVlc, type Vlc, vlcMissing } from '../../support/vlc.ts';

type Peer = 'GStreamer' | 'VLC';

/** How a peer is asked; TCP, the machine's authorities and no login where nothing is said. */
type How = {
  readonly asks?: 'udp';
  readonly trust?: 'own authority' | 'certificate pinned' | 'another certificate pinned' | 'unverified by setting';
  readonly password?: 'right' | 'wrong';
  /** Basic may go without TLS. */
  readonly inClear?: true;
};

/** What comes of it. */
type Outcome = {
  /** The table's words. */
  readonly result: string;
  /** What the picture comes by, or why it does not come. */
  readonly ends: 'tcp' | 'udp' | FailureKind;
  /** The methods on the wire, in order, and how many of the requests carry a login. */
  readonly says: readonly string[];
  readonly logins: number;
};

const picture = (ends: 'tcp' | 'udp'): Outcome => ({
  result: 'picture',
  ends,
  says: ['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN'],
  logins: 0,
});
const pictureAfterLogin = (ends: 'tcp' | 'udp'): Outcome => ({
  result: 'picture',
  ends,
  says: ['DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN'],
  logins: 4,
});
/** The peer has but the one transport, and was asked for the other. */
const pictureAfter461 = (ends: 'tcp' | 'udp'): Outcome => ({
  result: `461, then picture over ${ends.toUpperCase()}`,
  ends,
  says: ['DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'TEARDOWN'],
  logins: 0,
});
const refused: Outcome = {
  result: '`unauthorized`, after one login',
  ends: 'unauthorized',
  says: ['DESCRIBE', 'DESCRIBE'],
  logins: 1,
};
const withheld: Outcome = {
  result: '`auth_unsupported`, no login sent',
  ends: 'auth_unsupported',
  says: ['DESCRIBE'],
  logins: 0,
};
const untrusted: Outcome = {
  result: '`certificate_refused`, nothing sent',
  ends: 'certificate_refused',
  says: [],
  logins: 0,
};

const all: readonly Codec[] = ['h264', 'h265', 'mjpeg', 'mpeg4'];
const main: readonly Codec[] = ['h264', 'h265'];
const one: readonly Codec[] = ['h264'];

const table: readonly (readonly [Peer, ServerName, readonly Codec[], How, Outcome])[] = [
  ['GStreamer', 'open', all, {}, picture('tcp')],
  ['GStreamer', 'open', all, { asks: 'udp' }, picture('udp')],
  ['GStreamer', 'tls', all, { trust: 'own authority' }, picture('tcp')],
  ['GStreamer', 'tls', main, { trust: 'certificate pinned' }, picture('tcp')],
  ['GStreamer', 'tls', main, { trust: 'unverified by setting' }, picture('tcp')],
  ['GStreamer', 'ipv6', main, {}, picture('tcp')],
  ['GStreamer', 'ipv6', main, { asks: 'udp' }, picture('udp')],
  ['GStreamer', 'udpOnly', main, {}, pictureAfter461('udp')],
  ['GStreamer', 'tcpOnly', main, { asks: 'udp' }, pictureAfter461('tcp')],
  ['GStreamer', 'guarded', main, { password: 'right' }, pictureAfterLogin('tcp')],
  ['GStreamer', 'guarded', main, { password: 'right', asks: 'udp' }, pictureAfterLogin('udp')],
  ['GStreamer', 'tlsDigest', main, { password: 'right', trust: 'own authority' }, pictureAfterLogin('tcp')],
  ['GStreamer', 'tlsBasic', main, { password: 'right', trust: 'own authority' }, pictureAfterLogin('tcp')],
  ['GStreamer', 'guarded', one, { password: 'wrong' }, refused],
  ['GStreamer', 'tlsDigest', one, { password: 'wrong', trust: 'own authority' }, refused],
  ['GStreamer', 'tlsBasic', one, { password: 'wrong', trust: 'own authority' }, refused],
  ['GStreamer', 'tlsBasic', one, { password: 'right', trust: 'unverified by setting' }, withheld],
  ['GStreamer', 'tls', one, { trust: 'another certificate pinned' }, untrusted],
  ['GStreamer', 'tls', one, {}, untrusted],
  ['VLC', 'open', all, { asks: 'udp' }, picture('udp')],
  ['VLC', 'open', main, {}, pictureAfter461('udp')],
  ['VLC', 'guarded', main, { password: 'right', inClear: true, asks: 'udp' }, pictureAfterLogin('udp')],
  ['VLC', 'guarded', one, { password: 'wrong', inClear: true, asks: 'udp' }, refused],
  ['VLC', 'guarded', one, { password: 'right', asks: 'udp' }, withheld],
];

const names: Readonly<Record<Codec, string>> = { h264: 'H.264', h265: 'H.265', mjpeg: 'MJPEG', mpeg4: 'MPEG-4' };

const transportWords = (server: ServerName, { asks, trust }: How): string => {
  if (server.startsWith('tls')) return `TLS, ${trust ?? "the machine's authorities"}`;
  return `${asks === undefined ? 'TCP' : 'UDP'}${server === 'ipv6' ? ', IPv6' : ''}`;
};

const loginWords = (peer: Peer, server: ServerName, { password, inClear }: How): string => {
  if (password === undefined) return 'none';
  const scheme = server === 'tlsBasic' || peer === 'VLC' ? 'Basic' : 'digest (MD5)';
  return `${scheme}${inClear ? ', allowed in clear' : ''}${password === 'wrong' ? ', wrong password' : ''}`;
};

const cases = (of: Peer) =>
  table
    .filter(([peer]) => peer === of)
    .flatMap(([peer, server, codecs, how, outcome]) => {
      const words = `${transportWords(server, how)}, login: ${loginWords(peer, server, how)}: ${outcome.result}`;
      return codecs.map((codec) => [`${names[codec]} over ${words}`, { server, codec, how, outcome }] as const);
    });

const login = { user: 'viewer', password: 'näht 巡检' };

let folder: string;
let clips: Record<Codec, string>;
let decoder: Decoder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-interop-'));
  // VLC reads them as nobody.
  await chmod(folder, 0o755);
  clips = await makeClips(folder, all);
  decoder = openDecoder(1);
});
afterAll(async () => {
  await decoder?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Probes as a county is judged, and compares all that was said and found with a line of the table. */
const run = async (url: string, codec: Codec, how: How, trust: Trust | null, outcome: Outcome): Promise<void> => {
  const words: string[] = [];
  const password = how.password === 'wrong' ? 'wrong' : login.password;
  const target: Target = {
    url,
    login: how.password === undefined ? null : { user: login.user, password, basicAllowed: how.inClear === true },
    deadlineMs: 20_000,
    ...(how.asks === undefined ? {} : { transport: how.asks }),
    ...(trust === null ? {} : { trust }),
  };
  const trace = (direction: string, said: string) => void words.push(`${direction} ${said}`);
  const found = await probeCamera(
    target,
    { signal: new AbortController().signal, now: () => performance.now(), trace },
    { want: 'keyframe', decoder, evidence: true, onvif: 'ifUnheard', snapshot: 'never' },
  );
  await found.left;
  const said = words.filter((word) => word.startsWith('> ')).map((word) => word.slice(2));
  const heard = words.filter((word) => word.startsWith('< ')).map((word) => word.slice(2));
  expect(said.map((request) => request.split(' ')[0])).toEqual(outcome.says);
  expect(said.filter((request) => /^authorization:/im.test(request))).toHaveLength(outcome.logins);
  if (outcome.ends !== 'tcp' && outcome.ends !== 'udp') {
    expect(found.failure?.kind).toBe(outcome.ends);
    return expect(found.image).not.toBe('yes');
  }
  const [width, height] = sizes[codec];
  expect(found).toMatchObject({ online: 'yes', image: 'yes', failure: null, video: { codec, width, height } });
  expect(found.picture!.contrast).toBeGreaterThan(20);
  expect(found.jpeg!.length).toBeGreaterThan(1_000);
  const statuses = heard.map((answer) => Number(answer.split(' ')[1]));
  expect(statuses.filter((status) => status === 461)).toHaveLength(outcome.result.startsWith('461') ? 1 : 0);
  const transport = heard.map((answer) => /^transport:.*$/im.exec(answer)?.[0]).findLast((value) => value);
  expect(transport).toContain(outcome.ends === 'tcp' ? 'interleaved=' : 'server_port=');
  // Left as found: the last word is the answer to TEARDOWN.
  expect(statuses.at(-1)).toBe(200);
};

const noGStreamer = gstreamerMissing();

describe.skipIf(noGStreamer !== null)(
  `GStreamer's RTSP server${noGStreamer === null ? '' : ` (${noGStreamer})`}`,
  () => {
    let server: GStreamer;
    beforeAll(async () => {
      server = await startGStreamer(login.user, login.password, clips.mpeg4);
    });
    afterAll(() => server?.stop());

    const trusted = (trust: How['trust']): Trust | null => {
      if (trust === undefined) return null;
      if (trust === 'own authority') return { by: 'ca', pem: server.authority.cert };
      if (trust === 'unverified by setting') return { by: 'nothing' };
      return { by: 'pin', sha256: (trust === 'certificate pinned' ? server.certificate : server.authority).sha256 };
    };

    it.each(cases('GStreamer'))('%s', async (_, { server: name, codec, how, outcome }) => {
      const before = await server.sessions();
      const scheme = name.startsWith('tls') ? 'rtsps' : 'rtsp';
      const host = name === 'ipv6' ? '[::1]' : '127.0.0.1';
      await run(`${scheme}://${host}:${server[name]}/${codec}`, codec, how, trusted(how.trust), outcome);
      // The server forgets a session right after it has answered the TEARDOWN.
      const tornDown = before.tornDown + outcome.says.filter((method) => method === 'TEARDOWN').length;
      await expect.poll(() => server.sessions()).toEqual({ sessions: 0, tornDown });
    });
  },
);

const noVlc = vlcMissing();

describe.skipIf(noVlc !== null)(`VLC's RTSP server${noVlc === null ? '' : ` (${noVlc})`}`, () => {
  let servers: Partial<Record<ServerName, Vlc>> = {};
  beforeAll(async () => {
    const [everybody, guarded] = await Promise.all([
      startVlc(folder, clips, null),
      startVlc(folder, { h264: clips.h264, h265: clips.h265 }, login),
    ]);
    servers = { open: everybody, guarded };
  });
  afterAll(() => Promise.all(Object.values(servers).map((server) => server.stop())));

  it.each(cases('VLC'))('%s', async (_, { server, codec, how, outcome }) => {
    await run(`rtsp://127.0.0.1:${servers[server]!.port}/${codec}`, codec, how, null, outcome);
  });
});

describe('The table of the README', () => {
  it('is what was run here, line by line; versions are those of the machine it was written on', () => {
    const readme = readFileSync(new URL('../../../probes/README.md', import.meta.url), 'utf8');
    const section = readme.split('\n## Interop\n')[1]!.split('\n## ')[0]!;
    const written = section
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2)
      .map((line) => line.replace(/^\| (\S+) [\d.]+ \|/, '| $1 |'));
    expect(written).toEqual(
      table.map(([peer, server, codecs, how, { result }]) => {
        const codec = codecs.map((each) => names[each]).join(', ');
        return `| ${[peer, codec, transportWords(server, how), loginWords(peer, server, how), result].join(' | ')} |`;
      }),
    );
  });
});
