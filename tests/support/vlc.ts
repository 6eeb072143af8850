import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const vlc = '/usr/bin/vlc';

/** `null`, or what is missing to run VLC here. */
export const vlcMissing = (): string | null =>
  existsSync(vlc) ? null : 'VLC cannot run: apt-get install --no-install-recommends vlc-bin vlc-plugin-base';

export type Vlc = { readonly port: number; stop(): Promise<void> };

/** The user `nobody`: VLC refuses to be root. */
const nobody = { uid: 65_534, gid: 65_534 };

/** VLC takes no port 0 (it would be 554): one that was free a moment ago. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

/** The status of one DESCRIBE; 0 where nobody listens yet. */
const described = (port: number, path: string, headers: string): Promise<number> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(0));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(Number(bytes.toString('latin1').split(' ')[1]));
    });
    socket.write(`DESCRIBE rtsp://127.0.0.1:${port}/${path} RTSP/1.0\r\nCSeq: 1\r\n${headers}\r\n`);
  });

/**
 * VLC as an RTSP server (RTP over UDP, Basic login or none) of one file for each path. `folder` is for its script; the
 * folder and the files have to be readable by everybody. A login with a double quote in it is not understood by VLC.
 */
export const startVlc = async (
  folder: string,
  files: Readonly<Record<string, string>>,
  login: { readonly user: string; readonly password: string } | null,
): Promise<Vlc> => {
  const port = await freePort();
  const script = join(folder, `vlc-${port}.vlm`);
  const lines = Object.entries(files).flatMap(([path, file]) => [
    `new ${path} broadcast enabled`,
    `setup ${path} input "${file}"`,
    `setup ${path} output #rtp{sdp=rtsp://127.0.0.1:${port}/${path}}`,
    `control ${path} play`,
  ]);
  await writeFile(script, `${lines.join('\n')}\n`);
  const child = spawn(
    vlc,
    [
      // The interface that ends VLC with its stdin: also when whoever started it was killed.
      ...['--intf', 'oldrc', '--rc-fake-tty', '--aout', 'none', '--quiet', '--no-plugins-scan', '--vlm-conf', script],
      ...(login === null ? [] : [`--sout-rtsp-user=${login.user}`, `--sout-rtsp-pwd=${login.password}`]),
    ],
    {
      // Nothing of it is read: neither a display nor a bus is there, and it says so many times.
      stdio: ['pipe', 'ignore', 'ignore'],
      // By its locale VLC reads a password that is not ASCII.
      env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8' },
      ...(process.getuid?.() === 0 ? nobody : {}),
    },
  );
  const exited = once(child, 'exit');
  const basic = login === null ? '' : Buffer.from(`${login.user}:${login.password}`).toString('base64');
  for (const path of Object.keys(files)) {
    // 404 until the file was opened.
    while ((await described(port, path, basic === '' ? '' : `Authorization: Basic ${basic}\r\n`)) !== 200) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`VLC ended: ${child.exitCode}`);
      await setTimeout(50);
    }
  }
  return {
    port,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
};
