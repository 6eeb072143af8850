import { readFileSync } from 'node:fs';
import type { Codec, Context, Login, Target } from '../../../probes/index.ts';
import type { FakeCamera, Wire } from '../../support/camera.ts';
import { nalsOf, packetsOf } from './rtsp/packetizer.ts';

export const login: Login = { user: 'admin', password: 'right horse' };

/** A probe of a fake camera: short, because what is waited for is either there at once or never comes. */
export const target = (camera: FakeCamera, more: Partial<Target> = {}): Target => ({
  url: camera.url(),
  login,
  deadlineMs: 5_000,
  ...more,
});

export const context = (more: Partial<Context> = {}): Context => ({
  signal: new AbortController().signal,
  now: () => performance.now(),
  ...more,
});

export const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/probes/${name}`, import.meta.url));

export const sdp = (...more: string[]): string =>
  ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'm=video 0 RTP/AVP 96', ...more, 'a=control:trackID=0', ''].join('\r\n');
export const h264Sdp = sdp('a=rtpmap:96 H264/90000');

export const digest = 'Digest realm="camera", nonce="0f1e2d"';

/** The RTP packets of one whole key frame. */
export const keyframe = (file = 'detail.h264', codec: Codec = 'h264'): Buffer[] =>
  packetsOf(codec, [nalsOf(fixture(file))]);
/** The RTP packets of pictures that are no key frame. */
export const interFrames = (count: number): Buffer[] =>
  packetsOf(
    'h264',
    Array.from({ length: count }, (_, nth) => [
      Buffer.concat([Buffer.from([0x41, 0x9a, nth & 255]), Buffer.alloc(60)]),
    ]),
  );

/** What any camera does up to PLAY; `to` stops it before the answer to that request, which has come. */
export const serve = async (wire: Wire, to?: 'DESCRIBE' | 'SETUP' | 'PLAY', description = h264Sdp): Promise<void> => {
  await wire.request();
  if (to === 'DESCRIBE') return;
  wire.answer(200, { 'Content-Type': 'application/sdp' }, description);
  await wire.request();
  if (to === 'SETUP') return;
  wire.answer(200, { Session: '77;timeout=60', Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
  await wire.request();
  if (to === 'PLAY') return;
  wire.answer(200, { Session: '77' });
};

/** A camera that works, and asks for no login. */
export const works = async (wire: Wire): Promise<void> => {
  await serve(wire);
  for (const packet of keyframe()) wire.frame(0, packet);
};
