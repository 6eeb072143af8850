import { connect } from 'node:net';
import type { Errand, Round } from './online-prober.ts';

/**
 * Whoever asks the exporter, in a process of its own whose CPU is nobody's: as many connections as probes are to be in
 * flight, each kept alive and asked again when it has answered; bare sockets, for the least of the machine's CPU.
 * argv[2]: the exporter's port. Told an Errand over IPC, it answers with a Round, the CPU its own. Ends with 1 where a probe did not succeed.
 */
const port = Number(process.argv[2]);

/** The end of the first answer in `text`, -1 while it is not whole. */
const endOf = (text: string): number => {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return -1;
  const end = head + 4 + Number(/^content-length: (\d+)/im.exec(text.slice(0, head))![1]);
  return text.length < end ? -1 : end;
};

const drive = (request: () => string | null): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    const ask = (): void => {
      const next = request();
      if (next === null) {
        socket.destroy();
        resolve();
      } else socket.write(next, 'latin1');
    };
    socket.setEncoding('latin1');
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('the exporter closed the connection')));
    socket.on('data', (more: string) => {
      text += more;
      const end = endOf(text);
      if (end === -1) return;
      if (!text.includes('\nprobe_success 1\n')) return reject(new Error(text.slice(0, end)));
      text = text.slice(end);
      ask();
    });
  });

process.on('message', async ({ urls, probes, inFlight }: Errand) => {
  const requests = urls.map((url) => {
    const { host } = new URL(url.replace('rtsp:', 'http:'));
    return `GET /probe?module=rtsp&target=${host} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  });
  let next = 0;
  const request = (): string | null => (next < probes ? requests[next++ % requests.length]! : null);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(Array.from({ length: inFlight }, () => drive(request)));
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  process.send!({ ms, cpuMs: (user + system) / 1000 } satisfies Round);
});
process.on('disconnect', () => process.exit(0));
