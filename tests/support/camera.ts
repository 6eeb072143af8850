import { once } from 'node:events';
import { createServer, isIPv6, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** One request as it stood on the wire, RTSP or HTTP. */
export type Asked = {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** The whole request as it came. */
  readonly text: string;
  /** What carries a login: the Authorization header, or the body with a WS-Security UsernameToken; else `null`. */
  readonly login: string | null;
};

/** One connection to the camera, as its script holds it. */
export type Wire = {
  /** The next request; the script ends here, in silence, when the prober has left instead. */
  request(): Promise<Asked>;
  /** Answers the last request in RTSP, with its CSeq; Content-Length is added for a body. */
  answer(status: number, headers?: Readonly<Record<string, string>>, body?: string | Buffer): void;
  /** Answers the last request in HTTP, and closes behind it. */
  http(status: number, headers?: Readonly<Record<string, string>>, body?: string | Buffer): void;
  send(bytes: string | Buffer): void;
  /** An interleaved frame, RFC 2326 section 10.12. */
  frame(channel: number, payload: Buffer): void;
  /** Closes after what was sent (FIN). */
  end(): void;
  /** Ends when the connection has closed, whoever did it. */
  readonly closed: Promise<unknown>;
};

/** What the camera does on its nth connection (from 1). When it returns, TEARDOWN is answered and nothing else is. */
export type Script = (wire: Wire, nth: number) => Promise<void> | void;

/** Where the camera listens, and with which certificate (PEM) where it speaks TLS. */
export type Place = {
  readonly host?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
};

export type FakeCamera = AsyncDisposable & {
  readonly port: number;
  url(path?: string): string;
  readonly connections: number;
  readonly requests: readonly Asked[];
  /** The methods asked for, in order, over all connections. */
  readonly methods: readonly string[];
  /** Requests that carried a login. */
  readonly logins: number;
  readonly teardowns: number;
  /** Ends when a request of this method has come. */
  asked(method: string): Promise<Asked>;
};

class Left extends Error {}

const parse = (text: string): { asked: Asked; bytes: number } | null => {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const [method, url] = first!.split(' ');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const bytes = end + 4 + Number(headers.get('content-length') ?? 0);
  if (text.length < bytes) return null;
  const body = text.slice(end + 4, bytes);
  const login = headers.get('authorization') ?? (body.includes('<UsernameToken>') ? body : null);
  return { asked: { method: method!, url: url!, headers, body, text: text.slice(0, bytes), login }, bytes };
};

const crlf = (first: string, headers: Readonly<Record<string, string>>, body: string | Buffer): Buffer => {
  const bytes = Buffer.from(body);
  const named = Object.keys(headers).map((name) => name.toLowerCase());
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (bytes.length > 0 && !named.includes('content-length')) lines.push(`Content-Length: ${bytes.length}\r\n`);
  return Buffer.concat([Buffer.from(`${first}\r\n${lines.join('')}\r\n`, 'latin1'), bytes]);
};

/**
 * A listener on a free port, of 127.0.0.1 where nothing else is said, that behaves as `script` says, so that a test's body reads as the story of
 * one device. An error inside the script fails the test when the camera is disposed of.
 */
export const fakeCamera = async (script: Script, { host = '127.0.0.1', tls }: Place = {}): Promise<FakeCamera> => {
  const requests: Asked[] = [];
  const sockets = new Set<Socket>();
  const awaited: { method: string; resolve: (asked: Asked) => void }[] = [];
  const faults: unknown[] = [];
  let connections = 0;

  const serve = (socket: Socket): void => {
    connections++;
    let text = '';
    let last: Asked | null = null;
    let over = false;
    const queue: Asked[] = [];
    let waiting: { resolve: (asked: Asked) => void; reject: (left: Left) => void } | null = null;
    const closed = once(socket, 'close').catch(() => {});
    const write = (bytes: Buffer | string): void => {
      if (socket.writable) socket.write(bytes);
    };
    const answer: Wire['answer'] = (status, headers = {}, body = '') => {
      write(crlf(`RTSP/1.0 ${status} ${reasons[status] ?? 'Whatever'}`, { CSeq: cseqOf(last), ...headers }, body));
    };
    const handOn = (asked: Asked): void => {
      if (over && asked.method === 'TEARDOWN') {
        last = asked;
        answer(200);
      } else if (waiting === null) queue.push(asked);
      else {
        last = asked;
        waiting.resolve(asked);
        waiting = null;
      }
    };
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let found = parse(text); found !== null; found = parse(text)) {
        const { asked } = found;
        text = text.slice(found.bytes);
        requests.push(asked);
        for (const { method, resolve } of awaited) if (method === asked.method) resolve(asked);
        handOn(asked);
      }
    });
    const gone = (): void => {
      waiting?.reject(new Left('the prober has left'));
      socket.end();
    };
    socket.on('end', gone);
    socket.on('close', () => {
      gone();
    });
    const wire: Wire = {
      request: () =>
        new Promise((resolve, reject) => {
          const next = queue.shift();
          if (next !== undefined) {
            last = next;
            resolve(next);
          } else if (socket.readableEnded || socket.destroyed) reject(new Left('the prober has left'));
          else waiting = { resolve, reject };
        }),
      answer,
      http: (status, headers = {}, body = '') => {
        write(crlf(`HTTP/1.1 ${status} ${reasons[status] ?? 'Whatever'}`, { Connection: 'close', ...headers }, body));
        socket.end();
      },
      send: write,
      frame: (channel, payload) => {
        write(Buffer.concat([Buffer.from([0x24, channel, payload.length >> 8, payload.length & 255]), payload]));
      },
      end: () => socket.end(),
      closed,
    };
    const play = async (): Promise<void> => {
      try {
        await script(wire, connections);
      } catch (error) {
        if (!(error instanceof Left)) faults.push(error);
      }
      over = true;
      for (const asked of queue.splice(0)) handOn(asked);
    };
    void play();
  };
  const server =
    tls === undefined
      ? createServer({ allowHalfOpen: true, noDelay: true }, serve)
      : createTlsServer({ ...tls, allowHalfOpen: true }, serve);
  // Not only those whose handshake was ended: each has to be closed before the listener is.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // Handshakes that the prober breaks off belong to the tests that are about them.
  server.on('tlsClientError', () => {});
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  return {
    port,
    url: (path = '/live') =>
      `${tls === undefined ? 'rtsp' : 'rtsps'}://${isIPv6(host) ? `[${host}]` : host}:${port}${path}`,
    get connections() {
      return connections;
    },
    requests,
    get methods() {
      return requests.map(({ method }) => method);
    },
    get logins() {
      return requests.filter(({ login }) => login !== null).length;
    },
    get teardowns() {
      return requests.filter(({ method }) => method === 'TEARDOWN').length;
    },
    asked: (method) => {
      const already = requests.find((asked) => asked.method === method);
      return already === undefined
        ? new Promise((resolve) => awaited.push({ method, resolve }))
        : Promise.resolve(already);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      if (faults.length > 0) throw faults[0];
    },
  };
};

const cseqOf = (asked: Asked | null): string => asked?.headers.get('cseq') ?? '1';

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  453: 'Not Enough Bandwidth',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
