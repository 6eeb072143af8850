import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Certificate, certificate } from '../unit/probes/certificates.ts';

/** Debian's Python, which has the bindings; another first in PATH may not. */
const python = '/usr/bin/python3';

const needed = [
  'import gi',
  'gi.require_version("Gst", "1.0")',
  'gi.require_version("GstRtspServer", "1.0")',
  'from gi.repository import Gst, GstRtspServer',
  'Gst.init(None)',
  'assert all(Gst.ElementFactory.find(name) for name in ("x264enc", "x265enc", "jpegenc", "rtph264pay", "matroskademux"))',
  'from gi.repository import Gio',
  'assert Gio.TlsBackend.get_default().supports_tls()',
];

/** `null`, or what is missing to run GStreamer's RTSP server here. */
export const gstreamerMissing = (): string | null => {
  const found = spawnSync(python, ['-c', needed.join('\n')], { encoding: 'utf8' });
  if (found.status === 0) return null;
  const why = found.error?.message ?? found.stderr.trim().split('\n').at(-1);
  return `GStreamer's RTSP server cannot run (${why}): apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly`;
};

/** The servers of one process, one for each way in which a camera may be asked; all but `ipv6` on 127.0.0.1. */
export type ServerName = 'open' | 'guarded' | 'udpOnly' | 'tcpOnly' | 'tls' | 'tlsDigest' | 'tlsBasic' | 'ipv6';

export type Sessions = {
  /** That stand now, at all servers. */
  readonly sessions: number;
  /** By TEARDOWN, since the start. */
  readonly tornDown: number;
};

/** Their ports, by name: `open` serves everybody, `guarded` asks for a digest login. */
export type GStreamer = Readonly<Record<ServerName, number>> & {
  readonly version: string;
  /** What the servers inside TLS show, and the authority that signed it. */
  readonly certificate: Certificate;
  readonly authority: Certificate;
  sessions(): Promise<Sessions>;
  stop(): Promise<void>;
};

/**
 * Starts the servers of gstreamer-server.py: /h264, /h265 and /mjpeg, and /mpeg4 out of `mpeg4`, a Matroska file. Their
 * sizes are those of interop-clips.ts.
 */
export const startGStreamer = async (
  user: string,
  password: string,
  mpeg4: string | null = null,
): Promise<GStreamer> => {
  const file = fileURLToPath(new URL('./gstreamer-server.py', import.meta.url));
  const common = 'Authority of the test';
  const authority = certificate(common);
  const own = certificate('IPC-00408C', { ...authority, common });
  const asked = JSON.stringify({ user, password, mpeg4, pem: own.cert + own.key });
  const child = spawn(python, [file, asked], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const [line] = await once(lines, 'line');
  const { ports, version } = JSON.parse(line) as { ports: Record<ServerName, number>; version: string };
  return {
    ...ports,
    version,
    certificate: own,
    authority,
    async sessions() {
      child.stdin.write('\n');
      const [answer] = await once(lines, 'line');
      return JSON.parse(answer) as Sessions;
    },
    async stop() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
};

export type Relay = AsyncDisposable & {
  readonly port: number;
  readonly connections: number;
  /** Methods of the requests that passed, in order; those with a login also in `logins`. */
  readonly methods: readonly string[];
  readonly logins: readonly string[];
};

/** A TCP relay to a port of 127.0.0.1 that reads along what the prober asks. */
export const countingRelay = async (to: number): Promise<Relay> => {
  const sockets = new Set<Socket>();
  const methods: string[] = [];
  const logins: string[] = [];
  let connections = 0;
  const server = createServer((client) => {
    connections++;
    const upstream = connect(to, '127.0.0.1');
    let text = '';
    client.on('data', (bytes) => {
      text += bytes.toString('latin1');
      // The prober sends no bodies: each request ends with its empty line.
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        const method = request.slice(0, request.indexOf(' '));
        methods.push(method);
        if (/^authorization:/im.test(request)) logins.push(method);
      }
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one));
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return connections;
    },
    methods,
    logins,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
