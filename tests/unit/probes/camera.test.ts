import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CameraProbe,
  type Context,
  type Decoder,
  type LoginGuard,
  memoryGuard,
  openDecoder,
  probeCamera,
  type Target,
} from '../../../probes/index.ts';
import { type FakeCamera, fakeCamera, type Script, type Wire } from '../../support/camera.ts';
import { type Behaviour, fault, onvif, operationsOf, serviceUrl } from './onvif-device.ts';
import { madeJpeg } from './rtsp/made.ts';
import { context, digest, keyframe, login, serve, works } from './scene.ts';

let decoder: Decoder;
beforeAll(() => {
  decoder = openDecoder(1);
});
afterAll(() => decoder.close());

const how = (more: Partial<CameraProbe> = {}): CameraProbe => ({
  want: 'keyframe',
  decoder,
  evidence: false,
  onvif: 'ifUnheard',
  snapshot: 'never',
  ...more,
});

const target = (camera: FakeCamera, device: FakeCamera | null, more: Partial<Target> = {}): Target => ({
  url: camera.url(),
  ...(device === null ? {} : { onvifUrl: serviceUrl(device) }),
  login,
  deadlineMs: 5_000,
  ...more,
});

/** One host with an RTSP and an ONVIF side, each counting its logins. */
const probed = async (rtsp: Script, odd: Behaviour, probe: Partial<CameraProbe>, more: Partial<Target> = {}) => {
  await using camera = await fakeCamera(rtsp);
  await using device = await fakeCamera((wire) => onvif(wire, odd));
  const begun = performance.now();
  const found = await probeCamera(target(camera, device, more), context(), how(probe));
  const took = performance.now() - begun;
  await found.left;
  return { found, took, operations: operationsOf(device), logins: [camera.logins, device.logins], camera, device };
};

const refuses = async (wire: Wire): Promise<void> => {
  for (;;) {
    await wire.request();
    wire.answer(401, { 'WWW-Authenticate': digest });
  }
};

describe('one whole probe', () => {
  it('of a camera that works is online with a picture, its facts and a JPEG', async () => {
    const { found, operations } = await probed(works, {}, { evidence: true });
    expect(found).toMatchObject({
      online: 'yes',
      image: 'yes',
      failure: null,
      device: null,
      video: { codec: 'h264', width: 320, height: 180 },
      picture: { faults: [] },
    });
    expect(found.video!.keyframeBytes).toBeGreaterThan(2_000);
    expect(found.steps.map(({ name }) => name)).toEqual(['connect', 'describe', 'setup', 'play', 'keyframe', 'decode']);
    expect(found.jpeg!.subarray(0, 3).toString('hex')).toBe('ffd8ff');
    expect(operations).toEqual([]);
  });

  it('with facts also asks who the device is, after the picture', async () => {
    const { found, operations } = await probed(works, {}, { onvif: 'facts' });
    expect(found).toMatchObject({ image: 'yes', device: { model: 'DS-2CD', firmware: '1.20' }, jpeg: null });
    expect(found.steps.map(({ name }) => name)).toEqual([
      ...['connect', 'describe', 'setup', 'play', 'keyframe', 'decode'],
      ...['clock', 'device', 'stream'],
    ]);
    expect(operations).toHaveLength(8);
  });

  it('of a damaged key frame is online without a picture', async () => {
    const { found } = await probed(
      async (wire) => {
        await serve(wire);
        for (const packet of keyframe()) {
          if (packet.length > 500) packet.fill(0x5a, 60, 400);
          wire.frame(0, packet);
        }
      },
      {},
      {},
    );
    expect(found).toMatchObject({
      online: 'yes',
      image: 'no',
      failure: { kind: 'damaged_picture', origin: 'camera', step: 'decode' },
      video: { codec: 'h264', width: 0 },
      picture: null,
    });
  });

  it('of a busy camera is online, and nothing is known of its picture', async () => {
    const { found } = await probed(
      async (wire) => {
        await wire.request();
        wire.answer(453);
      },
      {},
      {},
    );
    expect(found).toMatchObject({ online: 'yes', image: 'unknown', failure: { kind: 'busy' } });
  });

  it('of a channel that its recorder does not have is not online: the recorder spoke, and not the camera', async () => {
    const missing: Script = async (wire) => {
      await wire.request();
      wire.answer(404);
    };
    const alone = await probed(missing, {}, {});
    expect(alone.found).toMatchObject({ online: 'yes', image: 'no', failure: { kind: 'not_found' } });
    const channel = await probed(missing, {}, {}, { recorder: true });
    expect(channel.found).toMatchObject({ online: 'no', image: 'no', failure: { kind: 'not_found' } });
  });

  it('that only asks for an answer leaves the picture unknown', async () => {
    const { found } = await probed(
      async (wire) => {
        await wire.request();
        wire.answer(200);
      },
      {},
      { want: 'answer' },
    );
    expect(found).toMatchObject({ online: 'yes', image: 'unknown', failure: null, video: null });
  });

  it('that was stopped knows nothing', async () => {
    await using camera = await fakeCamera(works);
    const signal = AbortSignal.abort();
    const found = await probeCamera(target(camera, null), context({ signal }), how());
    expect(found).toMatchObject({ online: 'unknown', image: 'unknown', failure: { kind: 'aborted' } });
  });

  it('that is stopped while its picture is decoded does not wait for it', async () => {
    const stop = new AbortController();
    await using camera = await fakeCamera(works);
    const stuck: Decoder = {
      decode: () => {
        stop.abort();
        return new Promise(() => {});
      },
      cpuMs: async () => 0,
      close: async () => {},
    };
    const found = await probeCamera(target(camera, null), context({ signal: stop.signal }), how({ decoder: stuck }));
    expect(found).toMatchObject({ online: 'yes', image: 'unknown', failure: { kind: 'aborted', step: 'decode' } });
  });
});

describe('a device that RTSP did not hear', () => {
  it('is online all the same where ONVIF answers, by its clock and without a login', async () => {
    const { found, operations, logins } = await probed((wire) => wire.end(), {}, {});
    expect(found).toMatchObject({ online: 'yes', image: 'no', failure: { kind: 'closed' } });
    expect([operations, logins]).toEqual([['GetSystemDateAndTime'], [0, 0]]);
  });

  it('is online where RTSP hangs and ONVIF answers: RTSP leaves it a part of the deadline', async () => {
    const hangs: Script = async (wire) => {
      await wire.request();
      await wire.closed;
    };
    const { found } = await probed(hangs, {}, {}, { deadlineMs: 600 });
    expect(found).toMatchObject({ online: 'yes', image: 'no', failure: { kind: 'silent', step: 'describe' } });
  });

  it('is not online by a web page', async () => {
    const page = (wire: Wire) => wire.http(200, {}, '<html>Login</html>');
    const { found } = await probed((wire) => wire.end(), { GetSystemDateAndTime: page }, {});
    expect(found).toMatchObject({ online: 'no', image: 'no', failure: { kind: 'closed' } });
  });

  it('is asked over ONVIF within the one deadline, not within a second one', async () => {
    const { took, found } = await probed(() => {}, { GetSystemDateAndTime: () => {} }, {}, { deadlineMs: 600 });
    expect(found.online).toBe('no');
    expect(took).toBeLessThan(1_150);
  });

  it('is not asked over ONVIF where the fault is ours', async () => {
    const { found, device } = await probed(works, {}, {}, { allow: () => false });
    expect(found).toMatchObject({ online: 'unknown', failure: { kind: 'address_not_allowed' } });
    expect(device.connections).toBe(0);
  });
});

describe('a wrong password costs one login over RTSP and ONVIF together', () => {
  const wrong = (wire: Wire) => wire.http(400, {}, fault('You still have 2 attempt(s)'));

  it('where RTSP refuses it, ONVIF is asked without', async () => {
    const { found, logins, operations } = await probed(refuses, { GetDeviceInformation: wrong }, { onvif: 'facts' });
    expect(found).toMatchObject({ online: 'yes', image: 'no', failure: { kind: 'unauthorized' } });
    expect(operations).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation']);
    expect(logins).toEqual([1, 0]);
  });

  it('where RTSP closes on the login, twice as retina#45 demands, ONVIF is asked without', async () => {
    const silent: Script = async (wire) => {
      await wire.request();
      wire.answer(401, { 'WWW-Authenticate': digest });
      await wire.request();
      wire.end();
    };
    const { logins } = await probed(silent, { GetDeviceInformation: wrong }, { onvif: 'facts' });
    expect(logins).toEqual([2, 0]);
  });

  it('where RTSP never came to ask for it, ONVIF gets the one', async () => {
    const { found, logins } = await probed((wire) => wire.end(), { GetDeviceInformation: wrong }, { onvif: 'facts' });
    expect(found.online).toBe('yes');
    expect(logins).toEqual([0, 1]);
  });

  it('but a login that RTSP accepted goes to ONVIF too, also where the stream is not found', async () => {
    const notFound: Script = async (wire) => {
      await wire.request();
      wire.answer(401, { 'WWW-Authenticate': digest });
      await wire.request();
      wire.answer(404);
    };
    const { found, logins } = await probed(notFound, {}, { onvif: 'facts' });
    expect(found).toMatchObject({ failure: { kind: 'not_found' }, device: { model: 'DS-2CD' } });
    expect(found.device!.streamUri).toMatch(/^rtsp:\/\/127\.0\.0\.1:\d+\/Streaming\/101/);
    expect(logins).toEqual([1, 6]);
  });
});

it('ONVIF is asked only after the RTSP session was left: two connections to a host at once wedge some', async () => {
  const order: string[] = [];
  await using device = await fakeCamera(async (wire) => {
    order.push('ONVIF');
    await onvif(wire);
  });
  await using camera = await fakeCamera(async (wire) => {
    await works(wire);
    await wire.request();
    // Time enough for whoever does not wait.
    await Promise.race([device.asked('POST'), new Promise((resolve) => setTimeout(resolve, 150))]);
    order.push('TEARDOWN answered');
    wire.answer(200);
  });
  await probeCamera(target(camera, device), context(), how({ onvif: 'facts' }));
  expect(order.slice(0, 2)).toEqual(['TEARDOWN answered', 'ONVIF']);
});

describe('a snapshot', () => {
  const jpeg = madeJpeg();
  const gives =
    (body: Buffer): Script =>
    async (wire) => {
      await wire.request();
      wire.http(200, { 'Content-Type': 'image/jpeg' }, body);
    };
  const busy: Script = async (wire) => {
    await wire.request();
    wire.answer(453);
  };
  const taken = async (rtsp: Script, snapshot: CameraProbe['snapshot'], body: Buffer) => {
    await using camera = await fakeCamera(rtsp);
    await using web = await fakeCamera(gives(body));
    const url = `http://127.0.0.1:${web.port}/snap.jpg`;
    const found = await probeCamera(target(camera, null, { snapshotUrl: url }), context(), how({ snapshot }));
    return { found, asked: web.connections };
  };

  it('proves the picture that the stream did not give, where the policy says so', async () => {
    const { found } = await taken(busy, 'proves', jpeg);
    expect(found).toMatchObject({
      ...{ online: 'yes', image: 'yes', failure: null, provedBy: 'snapshot' },
      video: { codec: 'mjpeg', width: 640, height: 360, keyframeBytes: jpeg.length },
    });
    expect(found.steps.at(-1)).toMatchObject({ name: 'snapshot', ok: true });
  });

  it('proves nothing where it only was asked for', async () => {
    const { found } = await taken(busy, 'ask', jpeg);
    expect(found).toMatchObject({ image: 'unknown', failure: { kind: 'busy' }, provedBy: null, video: null });
    expect(found.steps.at(-1)).toMatchObject({ name: 'snapshot', ok: true });
  });

  it('that is cut proves nothing: what the stream said stays', async () => {
    const cut = Buffer.concat([jpeg.subarray(0, jpeg.length / 2), Buffer.from('ffd9', 'hex')]);
    const { found } = await taken(busy, 'proves', cut);
    expect(found).toMatchObject({ image: 'unknown', failure: { kind: 'busy' }, provedBy: null });
    expect(found.steps.at(-1)).toMatchObject({ name: 'snapshot', ok: false });
  });

  it('makes a camera online that neither RTSP nor ONVIF heard, and only where it proves the picture', async () => {
    const silent: Script = (wire) => wire.end();
    const { found } = await taken(silent, 'proves', jpeg);
    expect(found).toMatchObject({ online: 'yes', image: 'yes', provedBy: 'snapshot' });
    const asked = await taken(silent, 'ask', jpeg);
    expect(asked.found).toMatchObject({ online: 'no', image: 'no', failure: { kind: 'closed' } });
  });

  it('is not asked for where the stream gave a picture, nor by a policy that takes none', async () => {
    const { found, asked } = await taken(works, 'proves', jpeg);
    expect([found.image, found.provedBy, asked]).toEqual(['yes', 'stream', 0]);
    expect((await taken(busy, 'never', jpeg)).asked).toBe(0);
  });

  it('does not get the password that RTSP refused', async () => {
    await using camera = await fakeCamera(refuses);
    await using web = await fakeCamera(async (wire) => {
      for (;;) {
        await wire.request();
        wire.http(401, { 'WWW-Authenticate': digest }, '');
      }
    });
    const url = `http://127.0.0.1:${web.port}/snap.jpg`;
    const found = await probeCamera(target(camera, null, { snapshotUrl: url }), context(), how({ snapshot: 'proves' }));
    expect(found).toMatchObject({ online: 'yes', image: 'no', failure: { kind: 'unauthorized' } });
    expect([camera.logins, web.logins]).toEqual([1, 0]);
  });
});

describe('what kept a snapshot from proving a picture', () => {
  const notFound: Script = async (wire) => {
    await wire.request();
    wire.answer(404);
  };
  const jpeg: Script = async (wire) => {
    await wire.request();
    wire.http(200, { 'Content-Type': 'image/jpeg' }, madeJpeg());
  };
  const proving = async (snapshot: Script, more: Partial<CameraProbe> = {}, over: Partial<Context> = {}) => {
    await using camera = await fakeCamera(notFound);
    await using web = await fakeCamera(snapshot);
    const url = `http://127.0.0.1:${web.port}/snap.jpg`;
    const asked = target(camera, null, { snapshotUrl: url, deadlineMs: 2_000 });
    const found = await probeCamera(asked, context(over), how({ snapshot: 'proves', ...more }));
    return { found, web: { connections: web.connections, logins: web.logins } };
  };

  it('where it is the camera’s, leaves what the stream said', async () => {
    const { found } = await proving(async (wire) => {
      await wire.request();
      wire.http(404, {}, '');
    });
    expect(found).toMatchObject({ online: 'yes', image: 'no', failure: { kind: 'not_found', step: 'describe' } });
    expect(found.steps.at(-1)).toMatchObject({ name: 'snapshot', ok: false, failure: { kind: 'not_found' } });
  });

  it('where the device is busy, leaves the picture unknown', async () => {
    const { found } = await proving(async (wire) => {
      await wire.request();
      wire.http(503, {}, '');
    });
    expect(found).toMatchObject({ online: 'yes', image: 'unknown', failure: { kind: 'busy', step: 'snapshot' } });
  });

  it('where our decoder failed, leaves the picture unknown', async () => {
    const broken: Decoder = {
      decode: async () => ({ type: 'failed', detail: 'out of order' }),
      cpuMs: async () => 0,
      close: async () => {},
    };
    const { found } = await proving(jpeg, { decoder: broken });
    expect(found).toMatchObject({ online: 'yes', image: 'unknown', failure: { kind: 'decoder_failed' } });
  });

  it('where the login is held, leaves the picture unknown, and sends none', async () => {
    const held: LoginGuard = {
      ...memoryGuard(),
      mayTry: async () => ({ kind: 'login_held', detail: 'left open' }),
    };
    const asks: Script = async (wire) => {
      await wire.request();
      wire.http(401, { 'WWW-Authenticate': digest }, '');
    };
    const { found, web } = await proving(asks, {}, { guard: held });
    expect(found).toMatchObject({ image: 'unknown', failure: { kind: 'login_held' } });
    expect(web.logins).toBe(0);
  });

  it('where we stop, is that we stopped', async () => {
    const stop = new AbortController();
    const { found } = await proving(
      async (wire) => {
        await wire.request();
        stop.abort();
        await wire.closed;
      },
      {},
      { signal: stop.signal },
    );
    expect(found).toMatchObject({ image: 'unknown', failure: { kind: 'aborted' } });
  });
});

it('the time that a slow guard takes is not the device’s: what comes after RTSP is asked all the same', async () => {
  const slow: LoginGuard = {
    ...memoryGuard(),
    mayTry: async () => {
      await new Promise((resolve) => setTimeout(resolve, 900));
      return null;
    },
  };
  await using camera = await fakeCamera(async (wire) => {
    await wire.request();
    wire.answer(401, { 'WWW-Authenticate': digest });
    await wire.request();
    wire.answer(404);
  });
  await using web = await fakeCamera(async (wire) => {
    await wire.request();
    wire.http(200, { 'Content-Type': 'image/jpeg' }, madeJpeg());
  });
  const found = await probeCamera(
    target(camera, null, { snapshotUrl: `http://127.0.0.1:${web.port}/snap.jpg`, deadlineMs: 800 }),
    context({ guard: slow }),
    how({ snapshot: 'proves' }),
  );
  expect(found).toMatchObject({ image: 'yes', provedBy: 'snapshot' });
});

describe('the channel of a recorder', () => {
  it('that says nothing over RTSP is not online by the recorder’s ONVIF', async () => {
    const { found } = await probed((wire) => wire.end(), {}, {}, { recorder: true });
    expect(found).toMatchObject({ online: 'no', image: 'no', failure: { kind: 'closed' } });
  });
});

it('each of RTSP, ONVIF and snapshot says by itself what was wrong with it', async () => {
  await using camera = await fakeCamera(works);
  await using device = await fakeCamera(async (wire) => {
    await wire.request();
    wire.http(200, {}, '<html>Login</html>');
  });
  await using web = await fakeCamera(async (wire) => {
    await wire.request();
    wire.http(200, { 'Content-Type': 'text/html' }, '<html></html>');
  });
  const snapshotUrl = `http://127.0.0.1:${web.port}/snap.jpg`;
  const found = await probeCamera(
    target(camera, device, { snapshotUrl }),
    context(),
    how({ onvif: 'facts', snapshot: 'ask' }),
  );
  expect(found).toMatchObject({ image: 'yes', failure: null });
  expect(found.steps.filter(({ ok }) => !ok).map(({ name, failure }) => [name, failure?.kind])).toEqual([
    ['clock', 'not_onvif'],
    ['snapshot', 'not_jpeg'],
  ]);
});
