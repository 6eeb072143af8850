import { expect, it } from 'vitest';
import type { Asked, Wire } from '../../../support/camera.ts';
import { asked, type Behaviour, type Operation, replies, soap } from '../onvif-device.ts';

it('a device that answers in SOAP 1.1, its faults too, is understood and logged in to', async () => {
  const old = (text: string): string =>
    text
      .replaceAll('http://www.w3.org/2003/05/soap-envelope', 'http://schemas.xmlsoap.org/soap/envelope/')
      .replaceAll('s:', 'SOAP-ENV:');
  const refusal = old(
    soap('<s:Fault><faultcode>s:Client</faultcode><faultstring>Sender not Authorized</faultstring></s:Fault>'),
  );
  const play = (name: Operation) => (wire: Wire, request: Asked) => {
    const open = name === 'GetSystemDateAndTime' || request.login !== null;
    const body = open ? soap(replies[name](request).replace(/^.*<s:Body>|<\/s:Body>.*$/g, '')) : refusal;
    wire.http(open ? 200 : 500, { 'Content-Type': 'text/xml; charset=utf-8' }, open ? old(body) : body);
  };
  const names = Object.keys(replies) as Operation[];
  const device: Behaviour = Object.fromEntries(names.map((name) => [name, play(name)]));
  const { visited, told } = await asked(device);
  expect(visited).toMatchObject({
    failure: null,
    device: { manufacturer: '海康威视', streamUri: 'rtsp://127.0.0.1:554/Streaming/101?a=1&b=2' },
  });
  expect(told).toEqual(['may onvif?', 'accepted']);
});

it('a body of 100 MB is left after its first megabytes', async () => {
  const piece = Buffer.alloc(1024 * 1024, ' ');
  let sent = 0;
  const { visited } = await asked({
    GetSystemDateAndTime: async (wire) => {
      let open = true;
      void wire.closed.then(() => {
        open = false;
      });
      wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * piece.length}\r\n\r\n`);
      for (; open && sent < 100; sent++) {
        wire.send(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  });
  expect(visited.failure).toMatchObject({ kind: 'unsafe_answer', origin: 'camera', step: 'clock' });
  expect(sent).toBeLessThan(90);
});

it('elements 10,000 deep are refused, closed in order too', async () => {
  const deep = soap('<a>'.repeat(10_000) + '</a>'.repeat(10_000));
  const { visited } = await asked({ GetSystemDateAndTime: (wire) => wire.http(200, {}, deep) });
  expect(visited.failure).toMatchObject({ kind: 'unsafe_answer', step: 'clock' });
});
