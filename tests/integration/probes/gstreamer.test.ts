import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CameraObservation, type Decoder, type Login, openDecoder, probeCamera } from '../../../probes/index.ts';
import { countingRelay, type GStreamer, gstreamerMissing, startGStreamer } from '../../support/gstreamer.ts';

const login = { user: 'viewer', password: 'näht "a" 巡检' };
const missing = gstreamerMissing();

/** A server that nobody here wrote, encoding as it streams: what is more than one line of the table in interop.test.ts. */
describe.skipIf(missing !== null)(`GStreamer's RTSP server${missing === null ? '' : ` (${missing})`}`, () => {
  let server: GStreamer;
  let decoder: Decoder;

  beforeAll(async () => {
    decoder = openDecoder(1);
    server = await startGStreamer(login.user, login.password);
  });
  afterAll(async () => {
    await decoder?.close();
    await server?.stop();
  });

  const probed = async (port: number, path: string, given: Login): Promise<CameraObservation> => {
    const found = await probeCamera(
      { url: `rtsp://127.0.0.1:${port}${path}`, login: given, deadlineMs: 20_000 },
      { signal: new AbortController().signal, now: () => performance.now() },
      { want: 'keyframe', decoder, evidence: false, onvif: 'ifUnheard', snapshot: 'never' },
    );
    await found.left;
    return found;
  };

  it('is probed for both codecs at once', async () => {
    const found = await Promise.all(['/h264', '/h265'].map((path) => probed(server.guarded, path, login)));
    expect(found.map(({ image, video }) => [image, video?.codec])).toEqual([
      ['yes', 'h264'],
      ['yes', 'h265'],
    ]);
  });

  it('refuses a wrong password once, and is not asked a second time', async () => {
    await using relay = await countingRelay(server.guarded);
    const found = await probed(relay.port, '/h264', { ...login, password: 'wrong' });
    expect(found).toMatchObject({ online: 'yes', image: 'no', failure: { kind: 'unauthorized', origin: 'login' } });
    expect(relay.methods).toEqual(['DESCRIBE', 'DESCRIBE']);
    expect(relay.logins).toEqual(['DESCRIBE']);
  });

  it('says 404 to a path that it does not have', async () => {
    expect(await probed(server.open, '/none', null)).toMatchObject({
      online: 'yes',
      image: 'no',
      failure: { kind: 'not_found', step: 'describe' },
    });
  });
});
