import { createSocket, type Socket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera } from '../../support/camera.ts';
import { rtp } from './rtsp/packetizer.ts';
import { context, h264Sdp, interFrames, keyframe, target } from './scene.ts';
import { clientPorts, overUdp, stepsOf, visited } from './udp-camera.ts';

describe('a camera that is asked for UDP', () => {
  it('sends its key frame to an even port and gets a TEARDOWN', async () => {
    const { found, methods, requests } = await visited(overUdp(({ send }) => send(keyframe())));
    expect(found).toMatchObject({ failure: null, codec: 'h264' });
    expect(found.keyframe!.length).toBeGreaterThan(2_000);
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(requests[1]!.headers.get('transport')).toMatch(/^RTP\/AVP;unicast;client_port=\d+-\d+$/);
    const [rtpPort, rtcpPort] = clientPorts(requests[1]!);
    expect([rtpPort % 2, rtcpPort - rtpPort]).toEqual([0, 1]);
    expect(stepsOf(found)).toEqual(['connect', 'describe', 'setup', 'play', 'keyframe']);
  });

  it('may send out of order and twice, its beginning too', async () => {
    const packets = keyframe('slices.h264');
    const disordered = packets.flatMap((packet, at) => (at % 2 === 0 ? [packets[at + 1] ?? packet, packet] : [packet]));
    expect(disordered[0]).not.toEqual(packets[0]);
    const { found } = await visited(overUdp(({ send }) => send(disordered)));
    const inOrder = await visited(overUdp(({ send }) => send(packets)));
    expect(found.keyframe).not.toBeNull();
    expect(found.keyframe).toEqual(inOrder.found.keyframe);
  });

  it('may send a key frame of 270 KB in one burst', async () => {
    const { found } = await visited(
      overUdp(({ send }) => {
        const nal = Buffer.concat([Buffer.from([0x65, 0x88]), Buffer.alloc(1_380, 0x5a)]);
        const payload = (at: number, of: number): Buffer =>
          Buffer.concat([Buffer.from([0x7c, (at === 0 ? 0x80 : 0) | (at === of - 1 ? 0x40 : 0) | 5]), nal.subarray(1)]);
        const of = 196;
        const sets = [Buffer.from('67640016aaaa', 'hex'), Buffer.from('68ee3c80', 'hex')];
        send([
          ...sets.map((set, at) => rtp({ sequence: 100 + at, timestamp: 9 }, set)),
          ...Array.from({ length: of }, (_, at) =>
            rtp({ sequence: 102 + at, timestamp: 9, marker: at === of - 1 }, payload(at, of)),
          ),
        ]);
      }),
    );
    expect(found.failure).toBeNull();
    expect(found.keyframe!.length).toBeGreaterThan(265_000);
  });

  it('may lose a packet: that key frame is dropped and the next one taken', async () => {
    const packets = keyframe();
    const { found } = await visited(
      overUdp(({ send }) => {
        send(packets.filter((_, at) => at !== packets.length - 2));
        const again = keyframe();
        again.forEach((packet, at) => {
          packet.writeUInt16BE((packets[0]!.readUInt16BE(2) + packets.length + at) & 0xffff, 2);
          packet.writeUInt32BE(99_000, 4);
        });
        send(again);
      }),
    );
    expect(found.failure).toBeNull();
    expect(found.steps.at(-1)!.ms).toBeGreaterThanOrEqual(45);
  });

  it('may be left before its key frame: TEARDOWN is said, and no socket of ours stays open', async () => {
    const open = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('UDP')).length;
    const stop = new AbortController();
    let during = 0;
    const script = overUdp(({ send }) => {
      during = open();
      send(interFrames(5));
      stop.abort();
    });
    const { failure, teardowns } = await visited(script, {}, stop.signal);
    expect(failure?.kind).toBe('aborted');
    expect(teardowns).toBe(1);
    expect(during).toBe(3);
    await expect.poll(open).toBe(0);
  });

  it('and sends the key frame only while it is left gives none, and breaks nothing', async () => {
    const { found, teardowns } = await visited(
      overUdp(async ({ send }, wire) => {
        send(interFrames(5));
        await wire.request();
        send(
          keyframe().map((packet, nth) => {
            packet.writeUInt16BE((65_530 + 5 + nth) & 0xffff, 2);
            packet.writeUInt32BE(90_000, 4);
            return packet;
          }),
        );
      }),
      { deadlineMs: 300 },
    );
    expect(found).toMatchObject({ keyframe: null, failure: { kind: 'no_keyframe' } });
    expect(teardowns).toBe(1);
  });

  it('and sends no key frame is told apart from one that sends nothing', async () => {
    const { failure, methods } = await visited(
      overUdp(({ send }) => send(interFrames(90))),
      { deadlineMs: 600 },
    );
    expect(failure).toMatchObject({ kind: 'no_keyframe', step: 'keyframe' });
    expect(failure!.detail).toMatch(/^90 packets, 0 gaps.* over UDP$/);
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
  });
});

describe('datagrams of others', () => {
  it('are not taken, though they come to the right port', async () => {
    const stranger = createSocket('udp4').bind(0, '127.0.0.2');
    await once(stranger, 'listening');
    const { failure, methods } = await visited(
      overUdp(async ({ to }, wire) => {
        for (const packet of keyframe()) stranger.send(packet, to, '127.0.0.1');
        await wire.request();
        wire.answer(200);
        await wire.request();
        wire.answer(461);
        wire.end();
      }),
      { deadlineMs: 1_000 },
    );
    // What is told is what was seen: nothing came, though TCP was refused too.
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN', 'SETUP']);
    stranger.close();
    expect(failure).toMatchObject({ kind: 'no_media' });
  });

  it('are not invited: a source or destination that the device names gets nothing from us', async () => {
    let strangers = 0;
    const stranger = createSocket('udp4').bind(0, '127.0.0.2');
    await once(stranger, 'listening');
    stranger.on('message', () => strangers++);
    const punches: string[] = [];
    const { failure } = await visited(
      overUdp(async ({ sender, send }) => {
        sender.on('message', (bytes) => punches.push(bytes.toString('hex')));
        await once(sender, 'message');
        send(keyframe());
      }, ';source=127.0.0.2;destination=127.0.0.2'),
    );
    stranger.close();
    expect(failure).toBeNull();
    expect(strangers).toBe(0);
    expect(punches[0]).toBe('800000000000000000000000');
  });
});

describe('over TCP', () => {
  it('the channels that the device answers are used, and data on any other is skipped', async () => {
    const { found } = await visited(
      async (wire) => {
        await wire.request();
        wire.answer(200, {}, h264Sdp);
        await wire.request();
        wire.answer(200, { Session: '1', Transport: 'RTP/AVP/TCP;unicast;interleaved=4-5' });
        await wire.request();
        wire.answer(200);
        for (const packet of interFrames(3)) wire.frame(0, packet);
        for (const packet of keyframe()) wire.frame(4, packet);
      },
      { transport: 'tcp' },
    );
    expect(found.failure).toBeNull();
  });
});

it('an error of our socket while the device is left is nothing to anybody', async () => {
  const ours: Socket[] = [];
  const onSocket = (message: unknown): void => void ours.push((message as { socket: Socket }).socket);
  subscribe('udp.socket', onSocket);
  await using camera = await fakeCamera(async (wire) => {
    await wire.request();
    wire.answer(200, {}, h264Sdp);
    const [to] = clientPorts(await wire.request());
    wire.answer(200, { Session: '7', Transport: `RTP/AVP;unicast;client_port=${to}-${to + 1}` });
    await wire.request();
    wire.answer(404);
    await wire.request();
    wire.end();
  });
  const found = await visit(target(camera, { transport: 'udp' }), context(), 'keyframe');
  unsubscribe('udp.socket', onSocket);
  expect(found.failure?.kind).toBe('not_found');
  // Those before them were tries whose neighbour was taken.
  for (const socket of ours.slice(-2))
    socket.emit('error', Object.assign(new Error('no buffers'), { code: 'ENOBUFS' }));
  await found.left;
});
