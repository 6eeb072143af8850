import { describe, expect, it } from 'vitest';
import { type Visit, visit } from '../../../probes/rtsp.ts';
import { type FakeCamera, fakeCamera, type Wire } from '../../support/camera.ts';
import { context, h264Sdp, keyframe, target } from './scene.ts';

/**
 * All connections of a process read into one place (probes/rtsp/read-buffer.ts). Pieces of what several devices send come
 * in between each other here, each cut where nothing is whole.
 */

/** Lets each of `all` send a piece in turn, the next piece when every prober has had time to read the one before. */
class Turns {
  readonly #all: number;
  #here = 0;
  #open = Promise.withResolvers<void>();

  constructor(all: number) {
    this.#all = all;
  }

  async next(): Promise<void> {
    const { promise } = this.#open;
    this.#here++;
    if (this.#here === this.#all) {
      this.#here = 0;
      const open = this.#open;
      this.#open = Promise.withResolvers();
      // Two turns of the loop: what was sent before is read in the first.
      setImmediate(() => setImmediate(open.resolve));
    }
    await promise;
  }
}

const pieces = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, nth) => bytes.subarray(nth * size, (nth + 1) * size));

const framed = (packets: readonly Buffer[]): Buffer =>
  Buffer.concat(packets.flatMap((packet) => [Buffer.from([0x24, 0, packet.length >> 8, packet.length & 255]), packet]));

const answer = (body: string, ...headers: string[]): string =>
  ['RTSP/1.0 200 OK', ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');

/** What each device says behind its own number, so that no two say the same. */
const sideBySide = async (
  count: number,
  say: (nth: number) => { readonly description: string; readonly packets: readonly Buffer[] },
  size: number,
): Promise<Visit[]> => {
  const turns = new Turns(count);
  const slowly = async (wire: Wire, bytes: Buffer): Promise<void> => {
    for (const piece of pieces(bytes, size)) {
      await turns.next();
      wire.send(piece);
    }
  };
  const cameras: FakeCamera[] = [];
  for (let nth = 0; nth < count; nth++) {
    const { description, packets } = say(nth);
    const camera = await fakeCamera(async (wire) => {
      await wire.request();
      await slowly(wire, Buffer.from(answer(description, 'Content-Type: application/sdp')));
      await wire.request();
      await slowly(wire, Buffer.from(answer('', `Session: ${nth + 1}`)));
      await wire.request();
      await slowly(wire, Buffer.concat([Buffer.from(answer('')), framed(packets)]));
    });
    cameras.push(camera);
  }
  try {
    return await Promise.all(
      cameras.map(async (camera) => {
        const found = await visit(target(camera, { deadlineMs: 20_000 }), context(), 'keyframe');
        await found.left;
        return found;
      }),
    );
  } finally {
    for (const camera of cameras) await camera[Symbol.asyncDispose]();
  }
};

describe('devices whose answers come piece by piece, side by side', () => {
  const packets = keyframe();

  it.each([7, 333, 1_500])('in pieces of %i bytes: each gives its own whole key frame', async (size) => {
    const [alone] = await sideBySide(1, () => ({ description: h264Sdp, packets }), 1_000_000);
    expect(alone!.keyframe).not.toBeNull();
    // The last byte of the slice is another one of each device.
    const own = (nth: number): Buffer[] =>
      packets.map((packet, at) => {
        const copy = Buffer.from(packet);
        if (at === packets.length - 1) copy[copy.length - 1] = nth + 1;
        return copy;
      });
    const found = await sideBySide(5, (nth) => ({ description: h264Sdp, packets: own(nth) }), size);
    found.forEach(({ keyframe: taken }, nth) => {
      const expected = Buffer.from(alone!.keyframe!);
      expected[expected.length - 1] = nth + 1;
      expect(taken?.equals(expected)).toBe(true);
    });
  });

  it('a description of 100 KB each, as recorders have them: none is mixed with another', async () => {
    const long = (nth: number): string => `${h264Sdp}${`a=x-device:${nth}\r\n`.repeat(7_000)}`;
    const found = await sideBySide(3, (nth) => ({ description: long(nth), packets }), 4_000);
    for (const { failure, bytes } of found) {
      expect(failure).toBeNull();
      expect(bytes).toBeGreaterThan(90_000);
    }
  });
});
