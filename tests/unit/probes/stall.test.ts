import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera } from '../../support/camera.ts';
import { context } from './scene.ts';

/** Stands still as a garbage collection, a pause of the virtual machine or an overload does. */
const standStill = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

describe('a pause of our own process is not laid to the camera', () => {
  it('an answer that came during the pause is heard, though its time is over', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(200, { Public: 'DESCRIBE' }, '');
    });
    const target = { url: camera.url(), login: null, deadlineMs: 600 };
    const visiting = visit(target, context(), 'answer');
    // The request is on its way and answered by another turn of the loop; then nobody listens until after the deadline.
    await camera.asked('OPTIONS');
    standStill(900);
    expect(await visiting).toMatchObject({ heard: true, failure: null });
  });

  it('and where nothing came, it is our fault and unknown, not silence', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      await wire.closed;
    });
    const visiting = visit({ url: camera.url(), login: null, deadlineMs: 600 }, context(), 'answer');
    await camera.asked('OPTIONS');
    standStill(1_200);
    expect(await visiting).toMatchObject({ failure: { kind: 'overloaded', origin: 'ours' } });
  });
});
