import { expect, it } from 'vitest';
import { visitSnapshot } from '../../../probes/snapshot.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { context, target } from './scene.ts';

const answered = async (play: (wire: Wire) => void) => {
  await using camera = await fakeCamera(async (wire) => {
    await wire.request();
    play(wire);
  });
  const { failure } = await visitSnapshot(
    target(camera, { snapshotUrl: `http://127.0.0.1:${camera.port}/`, deadlineMs: 20_000 }),
    context(),
  );
  return failure;
};

it('an answer whose chunks take more than twice what it may hold is unsafe', async () => {
  const failure = await answered((wire) => {
    wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    // A million bytes, of which a picture may have eight times as many.
    wire.send(Buffer.from(`1;x=${'x'.repeat(20)}\r\na\r\n`.repeat(1_000_000)));
    wire.send('0\r\n\r\n');
  });
  expect(failure).toMatchObject({ kind: 'unsafe_answer', detail: expect.stringContaining('on the wire') });
});

it.each([100, 103])('interim answers (%s) without an end are unsafe, a few are none', async (status) => {
  const interim = `HTTP/1.1 ${status} Wait\r\n\r\n`;
  const endless = await answered((wire) => wire.send(interim.repeat(20)));
  expect(endless).toMatchObject({ kind: 'unsafe_answer', detail: expect.stringContaining('interim') });
  const few = await answered((wire) =>
    wire.send(`${interim.repeat(3)}HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n`),
  );
  expect(few?.kind).toBe('not_found');
});
