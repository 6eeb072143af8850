import { hash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type Reply = { status: number; headers: Record<string, string>; body: string };
export type Packet = { channel: number; sequence: number; timestamp: number; marker: boolean; payload: Buffer };

type Waiting = { resolve: (reply: Reply) => void; reject: (cause: Error) => void };

/** An RTSP client of a few lines for tests: one request in flight, every interleaved packet kept. */
export class RawClient {
  readonly socket: Socket;
  readonly packets: Packet[] = [];
  /** Bytes that are not yet a whole answer or packet. */
  rest = Buffer.alloc(0);
  /** Resolves when the camera has closed. */
  readonly ended: Promise<unknown>;
  #waiting: Waiting | null = null;
  #arrived: (() => void) | null = null;
  #cseq = 0;
  #nc = 0;
  #challenge: Record<string, string> | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.ended = once(socket, 'close');
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      this.rest = Buffer.concat([this.rest, bytes]);
      this.#take();
    });
    socket.on('close', () => {
      this.#waiting?.reject(new Error('closed'));
      this.#arrived?.();
    });
  }

  static async connect(address: string, port: number): Promise<RawClient> {
    const socket = connect(port, address);
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  #take(): void {
    while (this.rest.length >= 4) {
      if (this.rest[0] === 0x24) {
        const end = 4 + this.rest.readUInt16BE(2);
        if (this.rest.length < end) return;
        const packet = this.rest.subarray(4, end);
        this.packets.push({
          channel: this.rest[1]!,
          sequence: packet.readUInt16BE(2),
          timestamp: packet.readUInt32BE(4),
          marker: (packet[1]! & 0x80) !== 0,
          payload: packet.subarray(12),
        });
        this.rest = this.rest.subarray(end);
        this.#arrived?.();
        continue;
      }
      const end = this.rest.indexOf('\r\n\r\n');
      if (end < 0 || this.#waiting === null) return;
      const [first, ...lines] = this.rest.toString('utf8', 0, end).split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      const next = end + 4 + Number(headers['content-length'] ?? 0);
      if (this.rest.length < next) return;
      const reply = { status: Number(first!.split(' ')[1]), headers, body: this.rest.toString('utf8', end + 4, next) };
      this.rest = this.rest.subarray(next);
      const { resolve } = this.#waiting;
      this.#waiting = null;
      resolve(reply);
    }
  }

  send(method: string, url: string, headers: readonly string[] = []): Promise<Reply> {
    this.#cseq += 1;
    const answered = new Promise<Reply>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.socket.write(`${[`${method} ${url} RTSP/1.0`, ...headers, `CSeq: ${this.#cseq}`].join('\r\n')}\r\n\r\n`);
    return answered;
  }

  /** As `send`, with a digest login as soon as the camera has asked for one. */
  async ask(
    method: string,
    url: string,
    login: { user: string; password: string },
    headers: string[] = [],
  ): Promise<Reply> {
    if (this.#challenge !== null) return this.send(method, url, [...headers, this.digest(method, url, login)]);
    const reply = await this.send(method, url, headers);
    const challenge = reply.headers['www-authenticate'] ?? '';
    if (reply.status !== 401 || !challenge.startsWith('Digest')) return reply;
    this.#challenge = Object.fromEntries(
      [...challenge.matchAll(/(\w+)=(?:"([^"]*)"|(\S+?))(?:,|$)/g)].map(([, name, one, other]) => [name, one ?? other]),
    );
    return this.ask(method, url, login, headers);
  }

  digest(method: string, url: string, login: { user: string; password: string }, nc?: number): string {
    const { realm, nonce, algorithm } = this.#challenge!;
    const of = (text: string) => hash(algorithm === 'SHA-256' ? 'sha256' : 'md5', text);
    this.#nc = nc ?? this.#nc + 1;
    const count = this.#nc.toString(16).padStart(8, '0');
    const response = of(
      `${of(`${login.user}:${realm}:${login.password}`)}:${nonce}:${count}:c0ffee:auth:${of(`${method}:${url}`)}`,
    );
    return `Authorization: Digest username="${login.user}", realm="${realm}", nonce="${nonce}", uri="${url}", response="${response}", algorithm=${algorithm}, qop=auth, nc=${count}, cnonce="c0ffee"`;
  }

  /** Resolves when `enough` is true of the packets; rejects where the camera closes before. */
  async until(enough: (packets: readonly Packet[]) => boolean): Promise<void> {
    while (!enough(this.packets)) {
      if (this.socket.closed) throw new Error(`closed after ${this.packets.length} packets`);
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  /** True where nothing at all comes for `ms`. */
  quietFor(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.socket.setTimeout(ms, () => resolve(true));
      this.socket.once('data', () => resolve(false));
      this.socket.once('close', () => resolve(false));
    });
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.ended;
  }
}
