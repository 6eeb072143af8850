import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

export type DeadPort = { readonly port: number; close(): Promise<void> };

/**
 * A port at which every camera refuses: it is taken on 127.0.0.1 only, so that nobody else gets it, and the kernel
 * answers RST on the cameras' own addresses.
 */
export const reserveRefused = async (): Promise<DeadPort> => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
};

/** How long a connection to loopback may take before the queue counts as full, ms; it takes microseconds while it is not. */
const queueIsFull = 250;
/** Linux holds one connection more than the backlog says; others may hold some more. */
const mostFillers = 32;

const connected = (socket: Socket): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), queueIsFull);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
    socket.once('error', (cause) => {
      clearTimeout(timer);
      reject(cause);
    });
  });

/**
 * A port at which a SYN is never answered, on any loopback address: a listener whose thread sleeps and whose queue is
 * filled with connections of our own. Throws where the kernel does not drop (only Linux was tried).
 */
export const fillUnreachable = async (): Promise<DeadPort> => {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./unreachable-worker.ts', import.meta.url), { workerData: gate });
  const [port] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  const close = async () => {
    for (const filler of fillers) filler.destroy();
    const ended = once(worker, 'exit');
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await ended;
  };
  while (fillers.length < mostFillers) {
    const filler = connect(port, '127.0.0.1');
    if (!(await connected(filler))) {
      filler.destroy();
      return { port, close };
    }
    filler.on('error', () => {});
    fillers.push(filler);
  }
  await close();
  throw new Error(`the kernel goes on accepting after ${mostFillers} connections to a listener with a backlog of 1`);
};
