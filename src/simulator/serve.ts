import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { CameraState } from './camera-state.ts';
import type { Camera, City, Ports } from './city.ts';
import type { Clip } from './clips.ts';
import { type DeadPort, fillUnreachable, reserveRefused } from './dead-ports.ts';
import type { FaultName } from './faults.ts';
import { createOnvif } from './onvif.ts';
import { Clock } from './player.ts';
import { serveRtsp } from './rtsp.ts';
import { beRude } from './rude.ts';
import type { Tally } from './tally.ts';
import { type Track, trackOf } from './track.ts';

/** What has happened since the start: over all cameras, and by the address of one. */
export type Stats = Readonly<Tally> & {
  /** Failed logins of all cameras, both protocols. */
  readonly loginsFailed: number;
  /** The most failed logins, and the most connections at a time, that any one camera has seen. */
  readonly mostFailedLogins: number;
  readonly mostAtOnce: number;
};

export type Simulator = {
  readonly ports: Ports;
  stats(): Stats & { peakPerHost(address: string): number; failedLogins(address: string): number };
  /** From the next request on. Throws a TypeError for an unknown code, and for refused, rtsp_dead and unreachable. */
  setFault(code: string, fault: FaultName): void;
  /** What the camera accepts from now on. */
  setPassword(code: string, password: string): void;
  close(): Promise<void>;
};

/** Many connect in the same moment; the kernel caps this at somaxconn. */
const backlog = 4096;

const loopback = (address: string | undefined): boolean => address?.startsWith('127.') === true;

/** Listens on all loopback addresses at once; on a free port where the wanted one is taken or not permitted. */
const listen = async (server: Server, wanted: number): Promise<number> => {
  try {
    server.listen({ port: wanted, host: '0.0.0.0', backlog });
    await once(server, 'listening');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (wanted === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EPERM')) throw cause;
    return listen(server, 0);
  }
  return (server.address() as AddressInfo).port;
};

/** Cameras of one codec and stream show its clips in turn. */
const trackFor = (camera: Camera, tracks: readonly Track[]): Track => {
  const fitting = tracks.filter(({ codec, stream }) => codec === camera.codec && stream === camera.stream);
  const track = fitting[camera.index % fitting.length];
  if (track === undefined) throw new TypeError(`no clip for a ${camera.stream} stream in ${camera.codec}`);
  return track;
};

/**
 * Starts the cameras of a city: one listener a port for all of them, told apart by the address that was connected to.
 * Both ends of a connection must be in 127.0.0.0/8 and the near one a camera's, else it is destroyed at once.
 */
export const startSimulator = async (options: {
  city: City;
  clips: readonly Clip[];
  rtspPort: number;
  onvifPort: number;
}): Promise<Simulator> => {
  const tracks = options.clips.map(trackOf);
  const states = options.city.cameras.map((camera) => new CameraState(camera, trackFor(camera, tracks)));
  const byAddress = new Map(states.map((state) => [state.camera.address, state]));
  const byCode = new Map(states.map((state) => [state.camera.code, state]));
  const tally: Tally = { connections: 0, open: 0, turnedAway: 0, plays: 0, teardowns: 0, onvifRequests: 0 };
  const sockets = new Set<Socket>();
  const clock = new Clock();
  const stateOf = (address: string | undefined) => (address === undefined ? undefined : byAddress.get(address));

  const welcome = (serve: (socket: Socket, state: CameraState) => void) => (socket: Socket) => {
    const state = stateOf(socket.localAddress);
    if (state === undefined || !loopback(socket.localAddress) || !loopback(socket.remoteAddress)) {
      tally.turnedAway += 1;
      socket.destroy();
      return;
    }
    const leave = state.enter();
    tally.connections += 1;
    tally.open += 1;
    sockets.add(socket);
    // A client may reset whenever it likes.
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      tally.open -= 1;
      leave();
    });
    serve(socket, state);
  };

  const http = createOnvif(stateOf, () => ports, tally);
  const rtspServer = createServer(
    { noDelay: true },
    welcome((socket, state) => serveRtsp(socket, state, clock, tally)),
  );
  const onvifServer = createServer(
    { noDelay: true },
    welcome((socket, state) => {
      if (!beRude(state.fault, 'onvif', socket)) http.emit('connection', socket);
    }),
  );

  const rtsp = await listen(rtspServer, options.rtspPort);
  const onvif = await listen(onvifServer, options.onvifPort);
  const dead: DeadPort[] = [await reserveRefused(), await fillUnreachable()];
  const ports: Ports = { rtsp, onvif, refused: dead[0]!.port, unreachable: dead[1]!.port };

  const named = (code: string): CameraState => {
    const state = byCode.get(code);
    if (state === undefined) throw new TypeError(`no camera has the code ${code}`);
    return state;
  };

  return {
    ports,
    stats: () => ({
      ...tally,
      loginsFailed: states.reduce((sum, { failedLogins }) => sum + failedLogins, 0),
      mostFailedLogins: states.reduce((most, { failedLogins }) => Math.max(most, failedLogins), 0),
      mostAtOnce: states.reduce((most, { peak }) => Math.max(most, peak), 0),
      peakPerHost: (address) => byAddress.get(address)?.peak ?? 0,
      failedLogins: (address) => byAddress.get(address)?.failedLogins ?? 0,
    }),
    setFault: (code, fault) => named(code).setFault(fault),
    setPassword: (code, password) => {
      named(code).password = password;
    },
    close: async () => {
      const closed = [rtspServer, onvifServer].map((server) => once(server.close(), 'close'));
      for (const socket of sockets) socket.destroy();
      await Promise.all([...closed, ...dead.map((port) => port.close())]);
    },
  };
};
