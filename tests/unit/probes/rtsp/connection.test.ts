import { expect, it } from 'vitest';
import { Connection } from '../../../../probes/rtsp/connection.ts';
import { Intake } from '../../../../probes/rtsp/intake.ts';
import { formatRequest } from '../../../../probes/rtsp/message.ts';
import { fakeCamera } from '../../../support/camera.ts';
import { certificate } from '../certificates.ts';
import { context } from '../scene.ts';

/** One record of TLS holds no more, and each is handed on by itself. */
const record = 16_384;

it('of what is no RTSP nothing more is believed, also where the next record of TLS looks like an answer', async () => {
  const answer = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n';
  await using camera = await fakeCamera(
    async (wire) => {
      await wire.request();
      wire.send(Buffer.concat([Buffer.alloc(record, '!'), Buffer.from(answer)]));
    },
    { tls: certificate('IPC-4711') },
  );
  const secure = { host: '127.0.0.1', trust: { by: 'nothing' } } as const;
  const connection = new Connection('127.0.0.1', camera.port, secure, () => true, new Intake(5_000), context());
  expect(await connection.connected(5_000, 5_000)).toBeNull();
  const asked = formatRequest('DESCRIBE', 'rtsps://127.0.0.1/', [], 1);
  expect(await connection.request('describe', asked, 5_000)).toMatchObject({ kind: 'not_rtsp' });
  const left = connection.leave(formatRequest('TEARDOWN', 'rtsps://127.0.0.1/', [], 2), () => null, 200);
  expect((await camera.asked('TEARDOWN')).method).toBe('TEARDOWN');
  await left;
  expect(connection.heard).toBe(false);
});
