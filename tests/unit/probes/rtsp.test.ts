import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { guardBook } from './guard-book.ts';
import { context, digest, h264Sdp, keyframe, sdp, serve, target, works } from './scene.ts';

const stepsOf = (visited: { steps: readonly { name: string; ok: boolean }[] }): string[] =>
  visited.steps.map(({ name, ok }) => (ok ? name : `${name} failed`));

describe('a camera that works', () => {
  it('is asked DESCRIBE, SETUP, PLAY and TEARDOWN, without OPTIONS, and gives a key frame', async () => {
    await using camera = await fakeCamera(works);
    const visited = await visit(target(camera), context(), 'keyframe');
    await visited.left;
    expect(visited).toMatchObject({ heard: true, failure: null, codec: 'h264' });
    expect(visited.keyframe!.length).toBeGreaterThan(2_000);
    expect(stepsOf(visited)).toEqual(['connect', 'describe', 'setup', 'play', 'keyframe']);
    expect(camera.methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(camera.requests.map(({ url }) => url)).toEqual([
      camera.url(),
      camera.url('/live/trackID=0'),
      camera.url(),
      camera.url(),
    ]);
    expect(camera.requests[1]!.headers.get('transport')).toBe('RTP/AVP/TCP;unicast;interleaved=0-1');
    expect([camera.connections, camera.logins, camera.teardowns]).toEqual([1, 0, 1]);
  });

  it('is asked for H.264 where it lists a JPEG track before it', async () => {
    const two = sdp('a=rtpmap:96 H264/90000').replace(
      'm=video',
      'm=video 0 RTP/AVP 26\r\na=control:trackID=9\r\nm=video',
    );
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, undefined, two);
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    expect(await visit(target(camera), context(), 'keyframe')).toMatchObject({ failure: null, codec: 'h264' });
    expect(camera.requests[1]!.url).toBe(camera.url('/live/trackID=0'));
  });

  it('may send its key frame before the answer to PLAY, and RTCP and foreign channels between', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, 'PLAY');
      for (const packet of keyframe()) {
        wire.frame(1, Buffer.from('81c9000100000000', 'hex'));
        wire.send('\r\n');
        wire.frame(0, packet);
        wire.frame(7, Buffer.from('noise'));
      }
      wire.answer(200);
    });
    expect(await visit(target(camera), context(), 'keyframe')).toMatchObject({ failure: null, heard: true });
  });

  it('may answer with any CSeq, with LF-only lines and with provisional answers first', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.send('RTSP/1.0 100 Trying\r\nCSeq: 1\r\n\r\n');
      wire.send(`RTSP/1.0 200 OK\ncseq: 0\nContent-Length: ${h264Sdp.length}\n\n${h264Sdp}`);
      await wire.request();
      wire.send('RTSP/1.0 200 OK\r\nSession:   9 ;timeout=15\r\n\r\n');
      await wire.request();
      wire.send('RTSP/1.0 200 OK\r\nCSeq: 7 \r\n\r\n');
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    expect((await visit(target(camera), context(), 'keyframe')).failure).toBeNull();
  });

  it.each([
    ['and keep the connection open', works],
    ['and close behind it', (wire: Wire) => wire.end()],
  ] as const)('may describe itself without saying the length (VCP, go2rtc#1663) %s', async (_, then) => {
    await using camera = await fakeCamera(async (wire, nth) => {
      if (nth > 1) return;
      await wire.request();
      wire.send('RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\n\r\n');
      wire.send(h264Sdp.slice(0, 40));
      wire.send(h264Sdp.slice(40));
      if (then !== works) return then(wire);
      await wire.request();
      wire.answer(200, { Session: '1' });
      await wire.request();
      wire.answer(200);
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited).toMatchObject({ codec: 'h264', heard: true });
    expect(stepsOf(visited).slice(0, 2)).toEqual(['connect', 'describe']);
    expect(visited.failure?.kind).toBe(then === works ? undefined : 'closed');
  });

  it('may announce a description with PLAY, send none, and go on with its video', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, 'PLAY');
      wire.answer(200, { Session: '77', 'Content-Type': 'application/sdp' });
      const packets = keyframe();
      // Never silent for long, and altogether far less than a description may have.
      let nth = 0;
      const stream = setInterval(() => wire.frame(0, packets[nth++] ?? Buffer.alloc(12, 0x80)), 20);
      await wire.closed;
      clearInterval(stream);
    });
    const visited = await visit(target(camera, { deadlineMs: 2_500 }), context(), 'keyframe');
    expect(visited.failure).toBeNull();
    expect(visited.keyframe!.length).toBeGreaterThan(2_000);
  });

  it('may ask us something of its own', async () => {
    await using camera = await fakeCamera(async (wire) => {
      wire.send('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
      await works(wire);
    });
    expect((await visit(target(camera), context(), 'keyframe')).failure).toBeNull();
  });

  it('may change its session id from one answer to the next: the last one is torn down', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(200, { Session: 'first' }, h264Sdp);
      expect((await wire.request()).headers.get('session')).toBe('first');
      wire.answer(200, { Session: 'second;timeout=15' });
      expect((await wire.request()).headers.get('session')).toBe('second');
      wire.answer(200, { Session: 'third' });
      for (const packet of keyframe()) wire.frame(0, packet);
      expect((await wire.request()).headers.get('session')).toBe('third');
      wire.answer(200);
    });
    await (await visit(target(camera), context(), 'keyframe')).left;
    expect(camera.teardowns).toBe(1);
  });

  it('may lose a packet: the next key frame is taken', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire);
      const packets = keyframe();
      for (const packet of packets.filter((_, at) => at !== packets.length - 2)) wire.frame(0, packet);
      const again = keyframe();
      for (const packet of again) {
        packet.writeUInt16BE((packet.readUInt16BE(2) + packets.length) & 0xffff, 2);
        packet.writeUInt32BE(99_000, 4);
        wire.frame(0, packet);
      }
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited.failure).toBeNull();
    expect(visited.keyframe!.length).toBeGreaterThan(2_000);
  });
});

describe('only the address of the target is dialled', () => {
  it('whatever Content-Base and control name, and nothing is asked of another host', async () => {
    let strangers = 0;
    await using stranger = await fakeCamera(() => {
      strangers++;
    });
    const elsewhere = `rtsp://admin:right%20horse@127.0.0.1:${stranger.port}/evil/`;
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(200, { 'Content-Base': elsewhere }, h264Sdp.replace('trackID=0', `${elsewhere}track`));
      await wire.request();
      wire.answer(200, { Session: '1', Location: elsewhere });
      await wire.request();
      wire.answer(200);
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    await visited.left;
    expect(visited.failure).toBeNull();
    expect(camera.requests.map(({ url }) => url)).toEqual([
      camera.url(),
      camera.url('/evil/track'),
      camera.url('/evil/'),
      camera.url('/evil/'),
    ]);
    expect(strangers).toBe(0);
  });

  it.each([301, 302, 305])('a redirect (%s) is a failure of its own and is not followed', async (status) => {
    await using stranger = await fakeCamera(works);
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(status, { Location: stranger.url() });
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited.failure).toMatchObject({ kind: 'redirected', origin: 'camera', step: 'describe' });
    expect([camera.connections, stranger.connections]).toEqual([1, 0]);
  });

  it('an address outside the allowed networks is refused before a connection', async () => {
    await using camera = await fakeCamera(works);
    const visited = await visit(target(camera, { allow: (address) => address !== '127.0.0.1' }), context(), 'keyframe');
    expect(visited).toMatchObject({
      heard: false,
      failure: { kind: 'address_not_allowed', origin: 'ours', step: 'connect', detail: '127.0.0.1' },
    });
    expect(camera.connections).toBe(0);
  });

  it('the allow-list is asked for the address, also where the URL has a name', async () => {
    await using camera = await fakeCamera(works);
    const asked: string[] = [];
    const allow = (address: string) => {
      asked.push(address);
      return false;
    };
    const visited = await visit(
      target(camera, { url: `rtsp://localhost:${camera.port}/`, allow }),
      context(),
      'keyframe',
    );
    expect(visited.failure?.kind).toBe('address_not_allowed');
    expect(asked.every((address) => address === '127.0.0.1' || address === '::1')).toBe(true);
    expect(camera.connections).toBe(0);
  });
});

describe('what a device says instead of video', () => {
  it.each([
    [404, 'not_found'],
    [403, 'forbidden'],
    [453, 'busy'],
    [503, 'busy'],
    [500, 'rtsp_error'],
    [400, 'rtsp_error'],
    [551, 'rtsp_error'],
  ] as const)('%s to DESCRIBE', async (status, kind) => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(status);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    await visited.left;
    expect(visited).toMatchObject({ heard: true, failure: { kind, step: 'describe' } });
    expect(visited.failure!.detail).toContain(String(status));
    expect(camera.methods).toEqual(['DESCRIBE']);
  });

  it.each([
    [453, 'busy'],
    [454, 'rtsp_error'],
  ] as const)('%s to SETUP, which leaves no session to tear down', async (status, kind) => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, 'SETUP');
      wire.answer(status);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    await visited.left;
    expect(visited.failure).toMatchObject({ kind, step: 'setup' });
    expect(camera.methods).toEqual(['DESCRIBE', 'SETUP']);
  });

  it('503 to PLAY is busy, and its session is torn down', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, 'PLAY');
      wire.answer(503);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    await visited.left;
    expect(visited.failure).toMatchObject({ kind: 'busy', step: 'play' });
    expect(camera.teardowns).toBe(1);
  });

  it.each([
    ['an empty description', '', 'bad_sdp', '0 bytes'],
    ['a description without media', 'v=0\r\ns=-\r\n', 'bad_sdp', '10 bytes'],
    ['only sound', 'v=0\r\nm=audio 0 RTP/AVP 8\r\n', 'no_video', 'audio'],
    ['only VP8', sdp('a=rtpmap:96 VP8/90000'), 'unsupported_codec', 'VP8'],
  ] as const)('%s', async (_, description, kind, evidence) => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(200, {}, description);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited).toMatchObject({ heard: true, failure: { kind, step: 'describe' } });
    expect(visited.failure!.detail).toContain(evidence);
  });

  it.each([
    ['a web page', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 400'],
    ['binary noise', Buffer.from([0, 1, 2, 3, 255]), '"....'],
    ['an endless header', `RTSP/1.0 200 OK\r\n${'X-Pad: 0123456789\r\n'.repeat(4_000)}`, 'header'],
    ['one endless line', `RTSP/1.0 200 ${'x'.repeat(80_000)}`, 'header'],
    ['a body without bound', 'RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n', '999999999 bytes'],
  ])('%s is not RTSP, and the device is not online for it', async (_, words, evidence) => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.send(words);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited).toMatchObject({ heard: false, failure: { kind: 'not_rtsp', step: 'describe' } });
    expect(visited.failure!.detail).toContain(evidence);
  });

  it('noise right behind an answer fails the step that waits for the next', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.send(`RTSP/1.0 200 OK\r\nContent-Length: ${h264Sdp.length}\r\n\r\n${h264Sdp}!!!!`);
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited.failure).toMatchObject({ kind: 'rtsp_error', step: 'setup' });
    expect(stepsOf(visited)).toEqual(['connect', 'describe', 'setup failed']);
  });

  it('noise after a valid answer is an RTSP error of a device that is online', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, 'SETUP');
      wire.send('!!!!');
    });
    expect(await visit(target(camera), context(), 'keyframe')).toMatchObject({
      heard: true,
      failure: { kind: 'rtsp_error', step: 'setup' },
    });
  });
});

describe('to ask only whether the channel of a recorder answers', () => {
  const asked = async (status: number) => {
    await using camera = await fakeCamera(async (wire) => {
      for (;;) {
        const { method, login: sent } = await wire.request();
        if (method === 'OPTIONS') wire.answer(200);
        else if (sent === null) wire.answer(401, { 'WWW-Authenticate': digest });
        else wire.answer(status, {}, status === 200 ? h264Sdp : '');
      }
    });
    const { guard, told } = guardBook();
    const visited = await visit(target(camera, { recorder: true }), context({ guard }), 'answer');
    await visited.left;
    return { visited, methods: camera.methods, told };
  };

  it.each([
    [200, null],
    [404, 'not_found'],
  ] as const)('is one DESCRIBE, with the login: its OPTIONS says nothing of the channel (%s)', async (status, kind) => {
    const { visited, methods, told } = await asked(status);
    expect(visited.heard).toBe(true);
    expect(visited.failure?.kind ?? null).toBe(kind);
    expect(methods).toEqual(['DESCRIBE', 'DESCRIBE']);
    expect(told).toEqual(['may rtsp?', 'accepted']);
  });
});

describe('to ask only whether a device answers', () => {
  it.each([200, 401, 404, 501])('is one OPTIONS without a login, and any status will do (%s)', async (status) => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(status, { 'WWW-Authenticate': 'Digest realm="r", nonce="n"' });
    });
    const visited = await visit(target(camera), context(), 'answer');
    await visited.left;
    expect(visited).toMatchObject({ heard: true, failure: null, keyframe: null });
    expect(camera.methods).toEqual(['OPTIONS']);
    expect(camera.logins).toBe(0);
  });
});

describe('the words on the wire', () => {
  it('hold no login either where a device says our request again, nor does the evidence', async () => {
    const said: string[] = [];
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(401, { 'WWW-Authenticate': 'Basic realm="r"' });
      const { text } = await wire.request();
      const echo = `${text.slice(0, -2)}X: authorization: ${/Basic .*/.exec(text)![0]}\r\n\r\n`;
      wire.send(
        `RTSP/1.0 400 no /user=admin_password=right_horse_channel=1\r\nContent-Length: ${echo.length}\r\n\r\n${echo}`,
      );
    });
    const trace = (direction: string, words: string) => void said.push(`${direction} ${words}`);
    const basic = { user: 'admin', password: 'right horse', basicAllowed: true };
    const { failure } = await visit(target(camera, { login: basic }), context({ trace }), 'keyframe');
    expect(said.at(-1)).toMatch(/^< RTSP\/1\.0 400.*\r\nAuthorization: Basic \*\*\*\r\nCSeq/s);
    expect(said.join('\n')).not.toContain(Buffer.from('admin:right horse').toString('base64'));
    expect(failure?.detail).toBe('DESCRIBE: 400 no /user=admin_password=***_channel=1');
  });

  it('are told with every password and digest struck out', async () => {
    const said: string[] = [];
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(401, { 'WWW-Authenticate': 'Digest realm="r", nonce="n"' });
      await wire.request();
      wire.answer(200, { 'Content-Base': 'rtsp://admin:right%20horse@127.0.0.1/live/' }, h264Sdp);
    });
    const trace = (direction: string, words: string) => void said.push(`${direction} ${words}`);
    await visit(target(camera, { deadlineMs: 300 }), context({ trace }), 'keyframe');
    expect(said[0]).toMatch(/^> DESCRIBE rtsp:\/\/127\.0\.0\.1:\d+\/live RTSP\/1\.0\r\n/);
    expect(said[1]).toMatch(/^< RTSP\/1\.0 401/);
    expect(said[2]).toContain('Authorization: Digest ***\r\n');
    expect(said[3]).toContain('rtsp://***@127.0.0.1/live/');
    expect(said.join('\n')).not.toMatch(/response=|right%20horse/);
  });
});
