import { describe, expect, it } from 'vitest';
import { visit } from '../../../../probes/rtsp.ts';
import { type Asked, type FakeCamera, fakeCamera, type Script, type Wire } from '../../../support/camera.ts';
import { nalsOf, packetsOf } from '../rtsp/packetizer.ts';
import { context, fixture, h264Sdp, interFrames, keyframe, sdp, serve, target, works } from '../scene.ts';

const visited = async (script: Script, more: Parameters<typeof target>[1] = {}) => {
  await using camera: FakeCamera = await fakeCamera(script);
  const begun = performance.now();
  const found = await visit(target(camera, more), context(), 'keyframe');
  const took = performance.now() - begun;
  await found.left;
  return { found, took, camera };
};

describe('an answer whose CSeq', () => {
  const cseq = ({ headers }: Asked): number => Number(headers.get('cseq'));

  it.each([
    ['is that of the request before (retina#133)', (asked: Asked) => `CSeq: ${cseq(asked) - 1}\r\n`],
    ['is 0 (retina#133)', () => 'CSeq: 0\r\n'],
    ['is missing', () => ''],
    ['has a blank behind it', (asked: Asked) => `CSeq: ${cseq(asked)} \r\n`],
    ['is in lower case', (asked: Asked) => `cseq: ${cseq(asked)}\r\n`],
  ])('%s is the answer all the same: one request is in flight', async (_, line) => {
    const { found, camera } = await visited(async (wire) => {
      for (;;) {
        const asked = await wire.request();
        const body = asked.method === 'DESCRIBE' ? h264Sdp : '';
        wire.send(`RTSP/1.0 200 OK\r\n${line(asked)}Session: 3\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        if (asked.method === 'PLAY') for (const packet of keyframe()) wire.frame(0, packet);
      }
    });
    expect(found.failure).toBeNull();
    expect(camera.methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
  });
});

describe('a Content-Base', () => {
  it.each([
    ['without a scheme (moonfire-nvr#356)', (at: string) => `${at}/live/`, '/live/trackID=0'],
    ['with its scheme twice (go2rtc#208)', (at: string) => `rtsp://rtsp://${at}/live/`, '/live/trackID=0'],
    ['without the port (Reolink)', () => 'rtsp://127.0.0.1/live/', '/live/trackID=0'],
    ['with an IPv6 host without brackets', () => 'rtsp://fe80::1/other/', '/other/trackID=0'],
  ])('%s leaves us on the host and port that were asked', async (_, base, path) => {
    const { found, camera } = await visited(async (wire) => {
      const { url } = await wire.request();
      wire.answer(200, { 'Content-Base': base(new URL(url).host) }, h264Sdp);
      await wire.request();
      wire.answer(200, { Session: '1' });
      await wire.request();
      wire.answer(200);
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    expect(found.failure).toBeNull();
    expect(camera.requests[1]!.url).toBe(camera.url(path));
    expect(camera.requests.every(({ url }) => url.startsWith(`rtsp://127.0.0.1:${camera.port}/`))).toBe(true);
  });
});

describe('a description', () => {
  const [sps, pps] = nalsOf(fixture('detail.h264')).filter((nal) => [7, 8].includes(nal[0]! & 31));
  const sprop = `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${[sps, pps].map((nal) => nal!.toString('base64')).join()}`;
  const mapping = 'a=rtpmap:96 H264/90000';
  const video = ['m=video 0 RTP/AVP 96', 'a=control:trackID=0'];
  const slices = packetsOf('h264', [nalsOf(fixture('detail.h264')).filter((nal) => ![7, 8].includes(nal[0]! & 31))]);

  it.each([
    ['of m= lines and their attributes only (go2rtc#2245)', [video[0], mapping, sprop, video[1]]],
    ['whose o= is cut short', ['v=0', 'o=- 1', 's=-', video[0], mapping, sprop, video[1]]],
    ['whose c= is cut short (VCP, go2rtc#1663)', ['v=0', 's=-', 'c=IN IP', video[0], mapping, sprop, video[1]]],
    [
      'with IP for IN',
      ['v=0', 'o=- 1 1 IP IP4 10.0.0.1', 's=-', 'c=IP IP4 0.0.0.0', video[0], mapping, sprop, video[1]],
    ],
    ['with fmtp before its m= line', ['v=0', 's=-', sprop, video[0], mapping, video[1]]],
    ['with rtpmap in the section of the session', ['v=0', 's=-', mapping, video[0], sprop, video[1]]],
  ])('%s is read, parameter sets and all', async (_, lines) => {
    const { found } = await visited(async (wire) => {
      await serve(wire, undefined, `${lines.join('\r\n')}\r\n`);
      for (const packet of slices) wire.frame(0, packet);
    });
    expect(found).toMatchObject({ failure: null, codec: 'h264' });
    expect(found.keyframe!.includes(sps!) && found.keyframe!.includes(pps!)).toBe(true);
  });

  it.each([
    ['GBK', Buffer.from([0xb6, 0xab, 0xc7, 0xf8, 0xce, 0xc4, 0xbb, 0xaf, 0xc2, 0xb7])],
    ['GBK whose second bytes are "|" and "\\"', Buffer.from([0x81, 0x7c, 0x81, 0x5c])],
    ['UTF-8', Buffer.from('东区文化路')],
    ['no encoding at all', Buffer.from([0xff, 0xfe, 0x80])],
  ])('with a name in %s is read', async (_, name) => {
    const text = sdp(mapping, 'i=?').replace('s=-', 's=?');
    const parts = text.split('?').map((piece) => Buffer.from(piece));
    const { found } = await visited(async (wire) => {
      await wire.request();
      wire.answer(200, {}, Buffer.concat([parts[0]!, name, parts[1]!, name, parts[2]!]));
      await wire.request();
      wire.answer(200, { Session: '1' });
      await wire.request();
      wire.answer(200);
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    expect(found.failure).toBeNull();
  });

  it('of 128 KiB, as recorders write of all their channels, is read', async () => {
    const pad = 'a=x-channel:0123456789abcdef\r\n';
    const rest = 128 * 1024 - h264Sdp.length;
    const whole = h264Sdp + pad.repeat(Math.floor(rest / pad.length)) + ' '.repeat(rest % pad.length);
    expect(whole).toHaveLength(128 * 1024);
    const { found } = await visited(async (wire) => {
      await serve(wire, undefined, whole);
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    expect(found.failure).toBeNull();
  });
});

it('video of a session that was never torn down, between the answers and packets of the next one, is passed over (old live555, retina#17)', async () => {
  const dead = (wire: Wire): void => {
    for (const packet of interFrames(30)) wire.frame(0, packet);
  };
  const { found, camera } = await visited(async (wire) => {
    dead(wire);
    await wire.request();
    dead(wire);
    wire.answer(200, {}, h264Sdp);
    dead(wire);
    await wire.request();
    dead(wire);
    wire.answer(200, { Session: 'next', Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3' });
    await wire.request();
    dead(wire);
    wire.answer(200);
    dead(wire);
    for (const packet of keyframe()) {
      wire.frame(2, packet);
      dead(wire);
    }
  });
  expect(found.failure).toBeNull();
  expect(camera.teardowns).toBe(1);
});

describe('the one fallback to the other transport', () => {
  it('after 461 to TCP ends within the deadline of the whole', async () => {
    const deadlineMs = 600;
    const { found, took, camera } = await visited(
      async (wire) => {
        await serve(wire, 'SETUP');
        wire.answer(461);
        const ports = /client_port=(\d+)-(\d+)/.exec((await wire.request()).headers.get('transport') ?? '')!;
        wire.answer(200, { Session: '4', Transport: `RTP/AVP;unicast;client_port=${ports[1]}-${ports[2]}` });
        await wire.request();
        wire.answer(200);
      },
      { deadlineMs },
    );
    expect(found.failure).toMatchObject({ kind: 'no_media', step: 'keyframe' });
    expect(camera.methods).toEqual(['DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(took).toBeLessThan(deadlineMs + 1_500);
  });
});

it('a redirect that meets a login takes no credentials anywhere', async () => {
  let strangers = 0;
  await using stranger = await fakeCamera((wire) => {
    strangers++;
    return works(wire);
  });
  const { found, camera } = await visited(async (wire) => {
    await wire.request();
    wire.answer(401, { 'WWW-Authenticate': 'Digest realm="camera", nonce="n"' });
    await wire.request();
    wire.answer(302, { Location: stranger.url('/live') });
  });
  expect(found.failure).toMatchObject({ kind: 'redirected', origin: 'camera', step: 'describe' });
  expect(found.failure!.detail).not.toMatch(/horse/);
  expect([camera.connections, strangers]).toEqual([1, 0]);
});
