import type { Target } from '../../../probes/index.ts';
import { type Ask, visitDevice } from '../../../probes/onvif.ts';
import { type Asked, type FakeCamera, fakeCamera, type Wire } from '../../support/camera.ts';
import { guardBook } from './guard-book.ts';
import { context, login } from './scene.ts';

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>${body}</s:Body></s:Envelope>`;

export const soap = envelope;

export const fault = (reason: string, code = 'NotAuthorized'): string =>
  envelope(
    `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:${code}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`,
  );

export const clockReply = (time: Date): string =>
  envelope(
    `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:TimeZone><tt:TZ>UTC5:0</tt:TZ></tt:TimeZone><tt:UTCDateTime><tt:Time><tt:Hour>${time.getUTCHours()}</tt:Hour><tt:Minute>${time.getUTCMinutes()}</tt:Minute><tt:Second>${time.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${time.getUTCFullYear()}</tt:Year><tt:Month>${time.getUTCMonth() + 1}</tt:Month><tt:Day>${time.getUTCDate()}</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
  );

export const servicesReply = (media: Readonly<Record<string, string>>): string => {
  const services = Object.entries({ 'ver10/device': 'http://169.254.9.9/onvif/device_service', ...media }).map(
    ([name, xaddr]) =>
      `<tds:Service><tds:Namespace>http://www.onvif.org/${name}/wsdl</tds:Namespace><tds:XAddr>${xaddr}</tds:XAddr></tds:Service>`,
  );
  return envelope(`<tds:GetServicesResponse>${services.join('')}</tds:GetServicesResponse>`);
};

/** A profile of Media 1. */
export const profile = (token: string, source: string, width: number, height: number): string =>
  `<trt:Profiles token="${token}" fixed="true"><tt:VideoSourceConfiguration token="c"><tt:SourceToken>${source}</tt:SourceToken></tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="e"><tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>`;

const mediaUri = (operation: string, uri: string): string =>
  envelope(`<trt:${operation}Response><trt:MediaUri><tt:Uri>${uri}</tt:Uri></trt:MediaUri></trt:${operation}Response>`);

export const streamReply = (uri: string): string => mediaUri('GetStreamUri', uri);
export const snapshotReply = (uri: string): string => mediaUri('GetSnapshotUri', uri);

/** The device's answer to each operation; what stands here is a device that works, of two channels. */
export const replies = {
  GetSystemDateAndTime: () => clockReply(new Date()),
  GetDeviceInformation: () =>
    envelope(
      '<tds:GetDeviceInformationResponse><tds:Manufacturer>海康威视</tds:Manufacturer><tds:Model>DS-2CD</tds:Model><tds:FirmwareVersion>1.20</tds:FirmwareVersion><tds:SerialNumber>00012345678901234567890</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>',
    ),
  GetServices: () => servicesReply({ 'ver10/media': 'http://169.254.9.9:8000/onvif/Media?x=1' }),
  GetCapabilities: () =>
    envelope(
      '<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://169.254.9.9:8000/onvif/media_of_old</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>',
    ),
  GetProfiles: () =>
    envelope(
      `<trt:GetProfilesResponse>${profile('mid', 'V1', 1280, 720)}${profile('a&amp;b', 'V1', 1920, 1080)}${profile('sub', 'V1', 640, 360)}${profile('two', 'V2', 3840, 2160)}</trt:GetProfilesResponse>`,
    ),
  GetStreamUri: ({ body }: Asked) =>
    streamReply(`rtsp://admin:secret@169.254.9.9:554/Streaming/${body.includes('>sub<') ? '102' : '101'}?a=1&amp;b=2`),
  GetSnapshotUri: () => snapshotReply('http://admin:secret@169.254.9.9:81/snap.jpg?channel=1'),
};

/** Operations that ask for no login (ONVIF Core 5.9.4.3, access class PRE_AUTH). */
const open: ReadonlySet<string> = new Set(['GetSystemDateAndTime', 'GetServices', 'GetCapabilities']);

export type Operation = keyof typeof replies;
export type Behaviour = { readonly [name in Operation]?: (wire: Wire, asked: Asked) => Promise<void> | void };

/**
 * Plays a device on one connection: each operation as `odd` says, else as a device that works, and asks for any
 * WS-Security token before it tells more than its clock and its services.
 */
export const onvif = async (wire: Wire, odd: Behaviour = {}): Promise<void> => {
  const asked = await wire.request();
  const operation = (Object.keys(replies) as Operation[]).find((name) => asked.body.includes(`<${name} `));
  if (operation === undefined) throw new Error(`an operation nobody knows: ${asked.body}`);
  const play = odd[operation];
  if (play !== undefined) await play(wire, asked);
  else if (asked.login === null && !open.has(operation)) wire.http(400, {}, fault('Sender not Authorized'));
  else wire.http(200, { 'Content-Type': 'application/soap+xml' }, replies[operation](asked));
};

/** The operations that were asked for, in order; those with a login end in "!". */
export const operationsOf = (camera: FakeCamera): string[] =>
  camera.requests.map(({ body, login: sent }) => `${/<(Get\w+) /.exec(body)?.[1] ?? '?'}${sent === null ? '' : '!'}`);

export const fakeDevice = (odd: Behaviour = {}): Promise<FakeCamera> => fakeCamera((wire) => onvif(wire, odd));

export const serviceUrl = (camera: FakeCamera): string => `http://127.0.0.1:${camera.port}/onvif/device_service`;

export const deviceTarget = (device: FakeCamera, more: Partial<Target> = {}): Target => ({
  url: 'rtsp://127.0.0.1:8554/inventory',
  onvifUrl: serviceUrl(device),
  login,
  deadlineMs: 5_000,
  ...more,
});

/** Visits a device that is odd where `odd` says; what was found, what the device saw of it, what the guard was told. */
export const asked = async (
  odd: Behaviour,
  ask: Ask = 'facts',
  more: Partial<Target> = {},
  book: ReturnType<typeof guardBook> = guardBook(),
) => {
  await using device = await fakeDevice(odd);
  const begun = performance.now();
  const visited = await visitDevice(deviceTarget(device, more), context({ guard: book.guard }), ask);
  const took = performance.now() - begun;
  const { logins, connections, requests } = device;
  return { visited, took, operations: operationsOf(device), logins, connections, requests, told: book.told };
};
