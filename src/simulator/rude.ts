import type { Socket } from 'node:net';
import type { FaultName } from './faults.ts';

export type Protocol = 'rtsp' | 'onvif';

/** How a camera behaves that does not speak the protocol of the port at all. */
type Rudeness = (socket: Socket, protocol: Protocol) => void;

const dripPeriod = 400;

/** The socket is read, so that the end of the client is noticed, and nothing is ever said. */
const silent: Rudeness = (socket) => {
  socket.resume();
};

/** A byte at a time of a header that has no end. */
const dripping: Rudeness = (socket, protocol) => {
  socket.once('data', () => {
    const start = protocol === 'rtsp' ? 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: ' : 'HTTP/1.1 200 OK\r\nServer: ';
    let at = 0;
    const timer = setInterval(() => {
      socket.write(start[at] ?? 'x');
      at += 1;
    }, dripPeriod);
    socket.once('close', () => clearInterval(timer));
    socket.resume();
  });
};

/** All bytes were read before, so that the client sees an end and not a reset. */
const closing: Rudeness = (socket) => {
  socket.once('data', () => socket.destroy());
};

const page = '<html><head><title>400 Bad Request</title></head><body><h1>Bad Request</h1></body></html>\r\n';
const webServer: Rudeness = (socket) => {
  socket.once('data', () => {
    socket.resume();
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`,
    );
  });
};

/** Closes at once, not waiting for a request. */
export const hangUp: Rudeness = (socket) => {
  socket.resume();
  socket.end();
};

const rudenesses: Partial<Record<FaultName, { readonly rtsp: Rudeness; readonly onvif: Rudeness }>> = {
  silent: { rtsp: silent, onvif: silent },
  dripping: { rtsp: dripping, onvif: dripping },
  not_rtsp: { rtsp: webServer, onvif: closing },
  closed: { rtsp: closing, onvif: closing },
};

/** Serves the socket where the fault leaves no protocol to be spoken; false where it is to be spoken to properly. */
export const beRude = (fault: FaultName, protocol: Protocol, socket: Socket): boolean => {
  const rudeness = rudenesses[fault]?.[protocol];
  rudeness?.(socket, protocol);
  return rudeness !== undefined;
};
