import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { CameraState, Device } from './camera-state.ts';
import type { Camera, City, Ports } from './city.ts';
import type { Clip } from './clips.ts';
import { type DeadPort, fillUnreachable, reserveRefused } from './dead-ports.ts';
import type { FaultName } from './faults.ts';
import { Meter, type SecondSent } from './meter.ts';
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
  /** Of the cameras that have seen one, by code; a recorder's stand with its first channel. */
  failedLogins(): Record<string, number>;
  /** What the cameras of a site have sent, RTSP and ONVIF. Throws a TypeError for a site without cameras. */
  sent(site: string): readonly SecondSent[];
  /** From the next request on. Throws a TypeError for an unknown code, and for what CameraState.setFault refuses. */
  setFault(code: string, fault: FaultName): void;
  /** What the camera accepts from now on; through a channel, what its recorder does. */
  setPassword(code: string, password: string): void;
  close(): Promise<void>;
};

/** Many connect in the same moment; the kernel caps this at somaxconn. */
const backlog = 4096;

const loopback = (address: string | undefined): boolean => address?.startsWith('127.') === true;

/** A client may reset whenever it likes. */
const mayReset = (): void => {};

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

const extremes = (devices: ReadonlyMap<string, Device>) => {
  const found = { loginsFailed: 0, mostFailedLogins: 0, mostAtOnce: 0 };
  for (const { failedLogins, peak } of devices.values()) {
    found.loginsFailed += failedLogins;
    found.mostFailedLogins = Math.max(found.mostFailedLogins, failedLogins);
    found.mostAtOnce = Math.max(found.mostAtOnce, peak);
  }
  return found;
};

/** Cameras of one codec and stream show its clips in turn. */
const trackFor = (camera: Camera, tracks: readonly Track[]): Track => {
  const fitting = tracks.filter(({ codec, stream }) => codec === camera.codec && stream === camera.stream);
  const track = fitting[camera.index % fitting.length];
  if (track === undefined) throw new TypeError(`no clip for a ${camera.stream} stream in ${camera.codec}`);
  return track;
};

/**
 * Starts the cameras of a city: one listener a port for all of them, told apart by the address that was connected to;
 * channels of a recorder share one.
 * Both ends of a connection must be in 127.0.0.0/8 and the near one a camera's, else it is destroyed at once.
 */
export const startSimulator = async (options: {
  city: City;
  clips: readonly Clip[];
  rtspPort: number;
  onvifPort: number;
}): Promise<Simulator> => {
  const tracks = options.clips.map(trackOf);
  const meters = new Map<string, Meter>();
  const devices = new Map<string, Device>();
  const states = options.city.cameras.map((camera) => {
    const { address, site } = camera;
    const meter = meters.get(site) ?? new Meter();
    meters.set(site, meter);
    const device = devices.get(address) ?? new Device(camera, meter);
    devices.set(address, device);
    return new CameraState(camera, trackFor(camera, tracks), device);
  });
  const tally: Tally = { connections: 0, open: 0, turnedAway: 0, plays: 0, teardowns: 0, onvifRequests: 0 };
  const sockets = new Set<Socket>();
  const clock = new Clock();
  const deviceOf = (address: string | undefined) => (address === undefined ? undefined : devices.get(address));

  const welcome = (serve: (socket: Socket, device: Device) => void) => (socket: Socket) => {
    const device = deviceOf(socket.localAddress);
    if (device === undefined || !loopback(socket.remoteAddress)) {
      tally.turnedAway += 1;
      socket.destroy();
      return;
    }
    device.enter();
    tally.connections += 1;
    tally.open += 1;
    sockets.add(socket);
    socket.on('error', mayReset);
    socket.once('close', () => {
      sockets.delete(socket);
      tally.open -= 1;
      device.leave();
    });
    serve(socket, device);
  };

  const http = createOnvif(deviceOf, () => ports, tally);
  const rtspServer = createServer(
    { noDelay: true },
    welcome((socket, device) => serveRtsp(socket, { device }, clock, tally)),
  );
  const onvifServer = createServer(
    { noDelay: true },
    welcome((socket, { fault }) => {
      if (!beRude(fault, 'onvif', socket)) http.emit('connection', socket);
    }),
  );

  const rtsp = await listen(rtspServer, options.rtspPort);
  const onvif = await listen(onvifServer, options.onvifPort);
  const dead: DeadPort[] = [await reserveRefused(), await fillUnreachable()];
  const ports: Ports = { rtsp, onvif, refused: dead[0]!.port, unreachable: dead[1]!.port };

  // Of 200,000 cameras 15 MB, and most cities never name one.
  let byCode: Map<string, CameraState> | null = null;
  const named = (code: string): CameraState => {
    byCode ??= new Map(states.map((state) => [state.camera.code, state]));
    const state = byCode.get(code);
    if (state === undefined) throw new TypeError(`no camera has the code ${code}`);
    return state;
  };

  return {
    ports,
    stats: () => ({
      ...tally,
      ...extremes(devices),
      peakPerHost: (address) => devices.get(address)?.peak ?? 0,
      failedLogins: (address) => devices.get(address)?.failedLogins ?? 0,
    }),
    failedLogins: () =>
      Object.fromEntries(
        [...devices.values()]
          .filter(({ failedLogins }) => failedLogins > 0)
          .map(({ first, failedLogins }) => [first.code, failedLogins]),
      ),
    sent: (site) => {
      const meter = meters.get(site);
      if (meter === undefined) throw new TypeError(`no camera is at the site ${site}`);
      return meter.bySecond();
    },
    setFault: (code, fault) => named(code).setFault(fault),
    setPassword: (code, password) => {
      named(code).device.password = password;
    },
    close: async () => {
      const closed = [rtspServer, onvifServer].map((server) => once(server.close(), 'close'));
      for (const socket of sockets) socket.destroy();
      await Promise.all([...closed, ...dead.map((port) => port.close())]);
    },
  };
};
