import { type AddressInfo, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Listens and never accepts: after listening this thread sleeps, so that the kernel's queue of this port stays full once
 * it is filled, and the kernel drops every further SYN. `workerData` is an Int32Array that is notified to end the sleep.
 */
const gate = workerData as Int32Array;
const server = createServer((socket) => socket.destroy());
server.listen({ port: 0, host: '0.0.0.0', backlog: 1 }, () => {
  parentPort!.postMessage((server.address() as AddressInfo).port);
  Atomics.wait(gate, 0, 0);
  server.close();
});
