import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Failure, Step } from '../failure.ts';
import { bareAddress } from '../net/address.ts';
import { failureOfErrno } from '../net/dial.ts';
import { BySource } from './by-source.ts';
import { patienceMs, Reorder } from './reorder.ts';

/** A key frame comes as one burst, of 270 KB and more; the system gives what its own limit (net.core.rmem_max) allows. */
const receiveBuffer = 2 * 1024 * 1024;
/** Tries to find two free ports side by side, the first of them even. */
const tries = 20;

/** What comes of one camera. */
export type Datagrams = {
  /** So many bytes have come, of use or not. */
  came(bytes: number): void;
  /** An RTP packet when it is due among those of its source. */
  packet(packet: Buffer): void;
  /** An error of a socket that is bound. */
  failed(failure: Failure): void;
};

/**
 * An even port for RTP and the next for RTCP (RFC 3550 section 11), bound on `local`, our own end of the RTSP
 * connection, so that only the interface through which the camera is reached listens. Takes datagrams of `camera` only.
 */
export class UdpPair {
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #camera: string;
  /** By SSRC: the numbers of each source are its own (RFC 3550 section 5.1). */
  readonly #orders: BySource<Reorder>;
  #timer: NodeJS.Timeout | null = null;

  private constructor(rtp: Socket, rtcp: Socket, camera: string, { came, packet, failed }: Datagrams) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#camera = camera;
    this.#orders = new BySource(() => new Reorder(packet));
    const only = bareAddress(camera);
    rtp.on('message', (bytes: Buffer, from: RemoteInfo) => {
      if (bareAddress(from.address) !== only) return;
      came(bytes.length);
      if (bytes.length < 12) return;
      this.#orders.of(bytes.readUInt32BE(8)).push(bytes);
      this.#watch();
    });
    for (const socket of [rtp, rtcp]) socket.on('error', (error) => failed(failureOfErrno(error, 'keyframe')));
    // Where the system gives less, what is lost shows as a gap: not worth failing for.
    rtp.setRecvBufferSize(receiveBuffer);
  }

  /** An error of binding is given back; `datagrams` is told of others. */
  static async open(local: string, camera: string, step: Step, datagrams: Datagrams): Promise<UdpPair | Failure> {
    const zone = isIPv6(camera) && local.startsWith('fe80:') ? /%.*$/.exec(camera)?.[0] : undefined;
    const address = zone === undefined || local.includes('%') ? local : local + zone;
    let failed: unknown;
    for (let nth = 0; nth < tries; nth++) {
      const first = await bound(address, 0);
      if (!('socket' in first)) return failureOfErrno(first.error, step);
      const odd = first.port % 2 === 1;
      const second = await bound(address, odd ? first.port - 1 : first.port + 1);
      if ('socket' in second) {
        const [rtp, rtcp] = odd ? [second.socket, first.socket] : [first.socket, second.socket];
        return new UdpPair(rtp, rtcp, camera, datagrams);
      }
      first.socket.close();
      failed = second.error;
    }
    return failureOfErrno(failed, step);
  }

  /** The even port. */
  get port(): number {
    return this.#rtp.address().port;
  }

  /**
   * Opens the way back through a firewall or NAT between us: an empty RTP packet and an empty receiver report, to the
   * camera's own address and nowhere else.
   */
  punch(serverPort: number): void {
    if (serverPort === 0 || serverPort >= 65_535) return;
    const ignored = (): void => {};
    this.#rtp.send(Buffer.from('800000000000000000000000', 'hex'), serverPort, this.#camera, ignored);
    this.#rtcp.send(Buffer.from('80c9000100000000', 'hex'), serverPort + 1, this.#camera, ignored);
  }

  /** Takes nothing any more. The ports stay bound, so that no stranger's program gets what a device still sends. */
  deafen(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#rtp.removeAllListeners('message');
    for (const socket of [this.#rtp, this.#rtcp]) socket.removeAllListeners('error').on('error', () => {});
  }

  close(): void {
    this.deafen();
    this.#rtp.close();
    this.#rtcp.close();
  }

  /** A timer stands for as long as packets are held. */
  #watch(): void {
    const holding = this.#orders.all.some(({ holds }) => holds);
    if (!holding && this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (!holding || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      for (const order of this.#orders.all) order.expire();
      this.#watch();
    }, patienceMs);
  }
}

const bound = (address: string, port: number): Promise<{ socket: Socket; port: number } | { error: Error }> =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const onError = (error: Error): void => {
      socket.close();
      resolve({ error });
    };
    socket.once('error', onError);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', onError);
      resolve({ socket, port: socket.address().port });
    });
  });
