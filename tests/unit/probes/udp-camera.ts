import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'vitest';
import type { Target } from '../../../probes/index.ts';
import { visit } from '../../../probes/rtsp.ts';
import { type Asked, fakeCamera, type Script, type Wire } from '../../support/camera.ts';
import { context, h264Sdp, target } from './scene.ts';

export const stepsOf = (visited: { steps: readonly { name: string; ok: boolean }[] }): string[] =>
  visited.steps.map(({ name, ok }) => (ok ? name : `${name} failed`));

export const clientPorts = (asked: Asked): [number, number] => {
  const [, first, second] = /client_port=(\d+)-(\d+)/.exec(asked.headers.get('transport')!)!;
  return [Number(first), Number(second)];
};

const bound = async (host = '127.0.0.1'): Promise<Socket> => {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket;
};

/** Where RTP is sent from and to, once SETUP has agreed on it. */
export type Way = { readonly to: number; readonly send: (packets: readonly Buffer[]) => void; readonly sender: Socket };

/** Answers DESCRIBE, a SETUP for UDP and PLAY; then `stream` has the ports. */
export const overUdp =
  (stream: (way: Way, wire: Wire) => Promise<void> | void, more = '', host = '127.0.0.1'): Script =>
  async (wire) => {
    const sender = await bound(host);
    try {
      await wire.request();
      wire.answer(200, {}, h264Sdp);
      const setup = await wire.request();
      const [to] = clientPorts(setup);
      const { port } = sender.address();
      wire.answer(200, {
        Session: '7',
        Transport: `RTP/AVP;unicast;client_port=${to}-${to + 1};server_port=${port}-${port + 1}${more}`,
      });
      await wire.request();
      wire.answer(200);
      const send: Way['send'] = (packets) => {
        for (const packet of packets) sender.send(packet, to, host);
      };
      await stream({ to, send, sender }, wire);
      const teardown = await wire.request();
      expect(teardown.method).toBe('TEARDOWN');
      wire.answer(200);
    } finally {
      sender.close();
    }
  };

export const visited = async (script: Script, more: Partial<Target> = {}, signal = new AbortController().signal) => {
  await using camera = await fakeCamera(script);
  const found = await visit(target(camera, { transport: 'udp', ...more }), context({ signal }), 'keyframe');
  await found.left;
  const { methods, requests, connections, teardowns, logins } = camera;
  const transports = requests.filter(({ method }) => method === 'SETUP').map(({ headers }) => headers.get('transport'));
  return { found, failure: found.failure, methods, requests, connections, teardowns, logins, transports };
};
