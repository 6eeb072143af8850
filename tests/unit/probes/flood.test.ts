import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { context, h264Sdp, interFrames, keyframe, login } from './scene.ts';
import { overUdp, visited } from './udp-camera.ts';

const framed = (packets: readonly Buffer[]): Buffer =>
  Buffer.concat(packets.flatMap((packet) => [Buffer.from([0x24, 0, packet.length >> 8, packet.length & 255]), packet]));
/** Some 80 KB of inter frames. */
const inter = framed(interFrames(1_000));

/**
 * A device that sends inter frames as fast as they are read from the answer to `from` on, after `first`, and never
 * answers TEARDOWN. `sent` counts what it wrote: no more than the system's buffers above what was read.
 */
const tarpit = async (from: 'DESCRIBE' | 'PLAY', first: Buffer = Buffer.alloc(0)) => {
  const seen = { sent: 0, methods: [] as string[] };
  const server = createServer((socket) => {
    const flood = (): void => {
      while (!socket.destroyed && !socket.writableNeedDrain) {
        socket.write(inter);
        seen.sent += inter.length;
      }
    };
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const method = bytes.toString('latin1').split(' ')[0]!;
      seen.methods.push(method);
      if (method === 'TEARDOWN') return;
      if (method === from) {
        if (method === 'PLAY') socket.write('RTSP/1.0 200 OK\r\n\r\n');
        socket.write(first);
        socket.on('drain', flood);
        return flood();
      }
      const body = method === 'DESCRIBE' ? h264Sdp : '';
      socket.write(`RTSP/1.0 200 OK\r\nSession: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    visited: async (deadlineMs: number) => {
      const found = await visit({ url: `rtsp://127.0.0.1:${port}/`, login, deadlineMs }, context(), 'keyframe');
      await found.left;
      server.close();
      return found;
    },
  };
};

/** What stands in the system's buffers of both ends, bytes, at most (net.ipv4.tcp_rmem, tcp_wmem). */
const inBuffers = 12_000_000;

describe('a device that sends inter frames as fast as they are read', () => {
  it('is left after 16 MB, long before its deadline, and told TEARDOWN; after that 1 MB more is read', async () => {
    const { seen, visited } = await tarpit('PLAY');
    const found = await visited(5_000);
    expect(found).toMatchObject({ keyframe: null, failure: { kind: 'no_keyframe', step: 'keyframe' } });
    expect(found.failure!.detail).toMatch(
      /^16\.\d MB came, more than the 16\.0 MB that are taken; \d+ packets, \d+ gaps, 0 spoilt key frames$/,
    );
    expect(seen.methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(seen.sent).toBeLessThan(18_000_000 + inBuffers);
  });

  it('is given 3 MB for each second of a longer deadline', async () => {
    const { visited } = await tarpit('PLAY');
    expect((await visited(8_000)).failure!.detail).toMatch(/^24\.\d MB came, more than the 24\.0 MB/);
  });

  it('in place of an answer is left after as much', async () => {
    const { seen, visited } = await tarpit('DESCRIBE');
    expect((await visited(5_000)).failure).toMatchObject({ kind: 'dripping', step: 'describe' });
    expect(seen.sent).toBeLessThan(18_000_000 + inBuffers);
  });

  it('behind its key frame is told TEARDOWN, and 1 MB more is read', async () => {
    const { seen, visited } = await tarpit('PLAY', framed(keyframe()));
    expect((await visited(5_000)).failure).toBeNull();
    expect(seen.methods.at(-1)).toBe('TEARDOWN');
    expect(seen.sent).toBeLessThan(2_000_000 + inBuffers);
  });

  it('over UDP is left after 16 MB too, and torn down', async () => {
    const { failure, teardowns } = await visited(
      overUdp(async ({ send, sender }, wire) => {
        let over = false;
        void wire.closed.then(() => {
          over = true;
        });
        const large = interFrames(20).map((packet) => Buffer.concat([packet, Buffer.alloc(20_000)]));
        sender.on('error', () => {});
        const left = wire.request();
        void left
          .catch(() => {})
          .then(() => {
            over = true;
          });
        while (!over) {
          send(large);
          await new Promise(setImmediate);
        }
        wire.answer(200);
      }),
      { deadlineMs: 5_000 },
    );
    expect(failure).toMatchObject({ kind: 'no_keyframe', step: 'keyframe' });
    expect(failure!.detail).toMatch(/^16\.\d MB came/);
    expect(teardowns).toBe(1);
  });
});
