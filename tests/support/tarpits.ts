import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { CameraState } from '../../src/simulator/camera-state.ts';
import { type Camera, planCity, streamPath } from '../../src/simulator/city.ts';
import type { Clip } from '../../src/simulator/clips.ts';
import { Draw } from '../../src/simulator/draw.ts';
import { restamp } from '../../src/simulator/packetize.ts';
import { Clock } from '../../src/simulator/player.ts';
import { serveRtsp } from '../../src/simulator/rtsp.ts';
import { header, takeRequests } from '../../src/simulator/rtsp-request.ts';
import { describe } from '../../src/simulator/sdp.ts';
import { type Track, ticks, trackOf } from '../../src/simulator/track.ts';

/**
 * Devices that would hold a prober for as long as it lets them, and what it must say of each: `null` is a picture. A
 * fast header ends at the prober's bound on bytes, the others at its deadline.
 */
export const kinds = {
  sound: null,
  /** A byte a second of an answer. */
  drip: 'dripping',
  /** Accepts, and never says a word. */
  silent: 'silent',
  /** A header line every 20 ms, 2.5 KB a second, and no empty line. */
  slow_header: 'dripping',
  /** The same as fast as the socket takes it. */
  fast_header: 'not_rtsp',
  /** Inter frames only after PLAY, as fast as the socket takes them up to `floodBytes` a second; no answer to TEARDOWN. */
  endless_rtp: 'no_keyframe',
} as const;

export type Kind = keyof typeof kinds;
export type Tarpit = Exclude<Kind, 'sound'>;
export const tarpits = (Object.keys(kinds) as Kind[]).filter((kind): kind is Tarpit => kind !== 'sound');

export type Plan = {
  readonly counts: Readonly<Record<Kind, number>>;
  readonly seed: number;
  /** What one endless stream sends at most, bytes a second. */
  readonly floodBytes: number;
};

/** One camera as a prober is told of it, in the order of the round. */
export type Listed = { readonly kind: Kind; readonly url: string };

export type TarpitCity = {
  readonly cameras: readonly Listed[];
  /** Connections that stand now. */
  open(): number;
  /** Bytes that endless streams have sent so far, of connections that have closed. */
  flooded(): number;
  /** Ends when no connection stands. */
  left(): Promise<void>;
  close(): Promise<void>;
};

/** One timer for all of a sort, so that many tarpits cost the machine little. */
const eachMs = 20;
const line = 'X-More: 0123456789012345678901234567890123456\r\n';
const head = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n';

/** Groups of pictures in one piece: stamped anew for every write they would cost this process more than the prober. */
const groups = 8;

/** Eight groups of pictures without their key frames, on channel 0; sequence numbers go on within, and jump at the end. */
const interFrames = ({ frames, keys }: Track): Buffer => {
  const group = frames.slice(keys[0]! + 1, keys[1]);
  const packets = group.reduce((sum, frame) => sum + frame.packets, 0);
  const bytes = Buffer.concat(group.map((frame) => frame.bytes));
  return Buffer.concat(
    Array.from({ length: groups }, (_, nth) => restamp(bytes, 0, nth * packets, nth * group.length * ticks)),
  );
};

/** Calls `step` every 20 ms until the connection has closed. */
const untilClosed = (socket: Socket, step: () => void): void => {
  const timer = setInterval(step, eachMs);
  socket.once('close', () => clearInterval(timer));
};

const flood = (socket: Socket, pictures: Buffer, bytesPerSecond: number): void => {
  let allowed = 0;
  const send = (): void => {
    while (allowed > 0 && !socket.writableNeedDrain && !socket.destroyed) {
      socket.write(pictures);
      allowed -= pictures.length;
    }
  };
  socket.on('drain', send);
  untilClosed(socket, () => {
    allowed = Math.min(allowed + (bytesPerSecond * eachMs) / 1000, bytesPerSecond / 10);
    send();
  });
};

const serveFlood = (socket: Socket, address: string, track: Track, pictures: Buffer, bytesPerSecond: number): void => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    const taken = takeRequests(Buffer.concat([rest, bytes]))!;
    rest = taken.rest;
    for (const request of taken.requests) {
      const answer = (headers: string, body = ''): void => {
        socket.write(
          `RTSP/1.0 200 OK\r\nCSeq: ${request.cseq}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
        );
      };
      if (request.method === 'DESCRIBE') {
        const sdp = describe(address, track, { video: true, audio: false });
        answer(`Content-Type: application/sdp\r\nContent-Base: ${request.url}/\r\n`, sdp);
      } else if (request.method === 'SETUP') answer(`Session: 1\r\nTransport: ${header(request, 'Transport')}\r\n`);
      else if (request.method === 'PLAY') {
        answer('Session: 1\r\n');
        flood(socket, pictures, bytesPerSecond);
      }
    }
  });
};

const serveTarpit: Readonly<Record<Exclude<Tarpit, 'endless_rtp'>, (socket: Socket) => void>> = {
  silent: (socket) => socket.resume(),
  drip: (socket) => {
    socket.resume();
    let at = 0;
    const timer = setInterval(() => socket.write(head[at++ % head.length]!), 1_000);
    socket.once('close', () => clearInterval(timer));
    socket.write(head[at++]!);
  },
  slow_header: (socket) => {
    socket.resume();
    socket.write(head);
    untilClosed(socket, () => socket.write(line));
  },
  fast_header: (socket) => {
    socket.resume();
    socket.write(head);
    const lines = line.repeat(200);
    const more = (): void => {
      while (!socket.destroyed && socket.write(lines));
    };
    socket.on('drain', more);
    more();
  },
};

/**
 * Sound cameras of the simulator (H.264, sub-stream, no login) and tarpits among them in a seeded order, all on one
 * listener, told apart by the address in 127.0.0.0/8 that was connected to.
 */
export const startTarpits = async ({ counts, seed, floodBytes }: Plan, clips: readonly Clip[]): Promise<TarpitCity> => {
  const tracks = clips.filter(({ codec, stream }) => codec === 'h264' && stream === 'sub').map(trackOf);
  const pictures = tracks.map(interFrames);
  const all = (Object.keys(kinds) as Kind[]).flatMap((kind) => Array<Kind>(counts[kind]).fill(kind));
  const shuffled = new Draw(seed).shuffle(all);
  const cameras = planCity({ cameras: all.length, seed }).cameras.map(
    (camera): Camera => ({ ...camera, auth: 'none', codec: 'h264', stream: 'sub', fault: 'sound' }),
  );
  const byAddress = new Map(
    cameras.map((camera, index) => [
      camera.address,
      {
        kind: shuffled[index]!,
        nth: index % tracks.length,
        state: new CameraState(camera, tracks[index % tracks.length]!),
      },
    ]),
  );
  const clock = new Clock();
  const tally = { connections: 0, open: 0, turnedAway: 0, plays: 0, teardowns: 0, onvifRequests: 0 };
  const sockets = new Set<Socket>();
  let emptied = Promise.withResolvers<void>();
  let flooded = 0;

  const server = createServer({ noDelay: true }, (socket) => {
    const found = byAddress.get(socket.localAddress ?? '');
    if (found === undefined) return socket.destroy();
    const { kind, nth, state } = found;
    if (sockets.size === 0) emptied = Promise.withResolvers();
    sockets.add(socket);
    // Probers leave tarpits in the middle of what they send.
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      if (kind === 'endless_rtp') flooded += socket.bytesWritten;
      if (sockets.size === 0) emptied.resolve();
    });
    if (kind === 'sound') return serveRtsp(socket, state, clock, tally);
    if (kind === 'endless_rtp')
      return serveFlood(socket, state.camera.address, tracks[nth]!, pictures[nth]!, floodBytes);
    return serveTarpit[kind](socket);
  });
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    cameras: cameras.map((camera, index) => ({
      kind: shuffled[index]!,
      url: `rtsp://${camera.address}:${port}${streamPath(camera)}`,
    })),
    open: () => sockets.size,
    flooded: () => flooded,
    left: async () => {
      if (sockets.size > 0) await emptied.promise;
    },
    close: async () => {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
