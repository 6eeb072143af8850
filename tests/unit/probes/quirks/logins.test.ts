import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decoder, openDecoder, probeCamera } from '../../../../probes/index.ts';
import { visit } from '../../../../probes/rtsp.ts';
import { type Asked, fakeCamera, type Script, type Wire } from '../../../support/camera.ts';
import { type Behaviour, fault, onvif, operationsOf, serviceUrl } from '../onvif-device.ts';
import { context, digest, h264Sdp, keyframe, target } from '../scene.ts';

const part = ({ login }: Asked, name: string): string =>
  new RegExp(`\\b${name}="?([^",]*)`).exec(login ?? '')?.[1] ?? '';

/** A camera that serves whoever `isRight` says has logged in, and challenges everybody else. */
const asks = (challenge: string, isRight: (asked: Asked) => boolean) => async (wire: Wire) => {
  for (;;) {
    const asked = await wire.request();
    if (asked.login === null || !isRight(asked)) wire.answer(401, { 'WWW-Authenticate': challenge });
    else if (asked.method === 'DESCRIBE') wire.answer(200, {}, h264Sdp);
    else wire.answer(200, { Session: '5' });
    if (asked.method === 'PLAY') for (const packet of keyframe()) wire.frame(0, packet);
  }
};

it('a camera that knows SHA-256 only is logged in to with qop, cnonce and nc (go2rtc#2344)', async () => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const counts: string[] = [];
  await using camera = await fakeCamera(
    asks('Digest realm="IPCam", nonce="6f1d", qop="auth", algorithm=SHA-256', (asked) => {
      const nc = part(asked, 'nc');
      const cnonce = part(asked, 'cnonce');
      counts.push(nc);
      const a1 = sha256('admin:IPCam:right horse');
      const a2 = sha256(`${asked.method}:${asked.url}`);
      return cnonce !== '' && part(asked, 'response') === sha256(`${a1}:6f1d:${nc}:${cnonce}:auth:${a2}`);
    }),
  );
  const found = await visit(target(camera), context(), 'keyframe');
  await found.left;
  expect(found.failure).toBeNull();
  expect(camera.methods).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
  expect(counts).toEqual(['00000001', '00000002', '00000003', '00000004']);
});

describe('one probe over RTSP and ONVIF', () => {
  let decoder: Decoder;
  beforeAll(() => {
    decoder = openDecoder(1);
  });
  afterAll(() => decoder.close());

  const probed = async (rtsp: Script, odd: Behaviour = {}) => {
    await using camera = await fakeCamera(rtsp);
    await using device = await fakeCamera((wire) => onvif(wire, odd));
    const found = await probeCamera(target(camera, { onvifUrl: serviceUrl(device) }), context(), {
      ...{ want: 'keyframe', decoder, evidence: false, onvif: 'facts', snapshot: 'never' },
    });
    await found.left;
    return { found, camera, device, operations: operationsOf(device) };
  };

  it('of a device whose ONVIF users are not its RTSP users has two results (agsh/onvif#112)', async () => {
    const { found, device } = await probed(
      asks(digest, () => true),
      { GetDeviceInformation: (wire) => wire.http(400, {}, fault('Sender not authorized')) },
    );
    expect(found).toMatchObject({ online: 'yes', image: 'yes', failure: null });
    expect(found.device).toMatchObject({ model: null, clockSkewMs: expect.any(Number) });
    expect(found.steps.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['device']);
    expect(device.logins).toBe(1);
  });

  it('asks each of them once without a login where each answer closes the connection (rroller/dahua#597)', async () => {
    const guarded = asks(digest, () => true);
    const { found, camera, operations } = await probed(async (wire, nth) => {
      if (nth > 1) return guarded(wire);
      await wire.request();
      wire.answer(401, { 'WWW-Authenticate': digest, Connection: 'close' });
      wire.end();
    });
    expect(found).toMatchObject({ failure: null, device: { model: 'DS-2CD' } });
    expect(camera.requests.filter(({ login }) => login === null).map(({ method }) => method)).toEqual(['DESCRIBE']);
    // The clock is free to everybody (ONVIF Core 5.9.4.3).
    expect(operations.filter((name) => !name.endsWith('!'))).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation']);
  });
});
