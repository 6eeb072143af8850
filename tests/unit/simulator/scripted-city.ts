import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type Camera, planCity, streamPath } from '../../../src/simulator/city.ts';
import { type FaultName, faults } from '../../../src/simulator/faults.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/serve.ts';
import { type Packet, RawClient } from './raw-client.ts';
import { tinyClips } from './tiny-clips.ts';

// Three cameras of each fault (H.264 with MD5, H.265 with SHA-256, H.264 with MD5 for spare), and one that asks nothing.
export const names = Object.keys(faults) as FaultName[];
const planned = planCity({ cameras: names.length * 3 + 1, seed: 1 });
export const cameras = planned.cameras.map((camera, index): Camera => {
  const fault = names[Math.floor(index / 3)] ?? 'sound';
  const auth =
    index === names.length * 3 ? 'none' : fault === 'basic_only' ? 'basic' : index % 3 === 1 ? 'sha256' : 'md5';
  return { ...camera, fault, auth, codec: index % 3 === 1 ? 'h265' : 'h264' };
});
const city = { ...planned, cameras };

/** One running city a test file. */
export let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ city, clips: tinyClips, rtspPort: 0, onvifPort: 0 });
});
afterAll(() => simulator.close());

export const cameraWith = (fault: FaultName, nth = 0): Camera => cameras[names.indexOf(fault) * 3 + nth]!;
export const open = cameras.at(-1)!;
export const urlOf = (camera: Camera) => `rtsp://${camera.address}:${simulator.ports.rtsp}${streamPath(camera)}`;

export const client = async (camera: Camera, port = simulator.ports.rtsp): Promise<RawClient> => {
  const made = await RawClient.connect(camera.address, port);
  onTestFinished(() => made.close());
  return made;
};

/** Up to PLAY; the last answer and the client. */
export const play = async (camera: Camera, channel = 0) => {
  const it = await client(camera);
  const url = urlOf(camera);
  const steps = [
    ['DESCRIBE', url, []],
    ['SETUP', `${url}/trackID=1`, [`Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`]],
    ['PLAY', `${url}/`, []],
  ] as const;
  for (const [method, at, headers] of steps) {
    const reply = await it.ask(method, at, camera, [...headers]);
    if (reply.status !== 200 || method === 'PLAY') return { it, reply, step: method };
  }
  throw new Error('unreachable');
};

export const isKey = (camera: Camera) => (packet: Packet) => {
  const head = packet.payload;
  if (camera.codec === 'h264') return (head[0]! & 31) === 28 && (head[1]! & 31) === 5;
  return ((head[0]! >> 1) & 63) === 49 && (head[2]! & 63) === 20;
};
export const whole = (packets: readonly Packet[]) => packets.some(({ marker }) => marker);

export const soap = async (camera: Camera, operation: string, header = '') => {
  const response = await fetch(`http://${camera.address}:${simulator.ports.onvif}/onvif/device_service`, {
    method: 'POST',
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>${header}</s:Header><s:Body><${operation} xmlns="x"/></s:Body></s:Envelope>`,
  });
  return { status: response.status, text: await response.text() };
};
export const token = (camera: Camera, created: Date, password = camera.password) => {
  const nonce = randomBytes(16);
  const at = created.toISOString();
  const digest = createHash('sha1')
    .update(nonce)
    .update(at + password)
    .digest('base64');
  return `<w:Security><w:UsernameToken><w:Username>${camera.user}</w:Username><w:Password>${digest}</w:Password><w:Nonce>${nonce.toString('base64')}</w:Nonce><u:Created>${at}</u:Created></w:UsernameToken></w:Security>`;
};
export const deviceClock = async (camera: Camera): Promise<Date> => {
  const { text } = await soap(camera, 'GetSystemDateAndTime');
  const utc = /<tt:UTCDateTime>.*<\/tt:UTCDateTime>/s.exec(text)![0];
  const of = (name: string) => Number(new RegExp(`<tt:${name}>(\\d+)<`).exec(utc)![1]);
  return new Date(Date.UTC(of('Year'), of('Month') - 1, of('Day'), of('Hour'), of('Minute'), of('Second')));
};
