import type { Target } from '../../../probes/index.ts';
import { type Ask, visitDevice } from '../../../probes/onvif.ts';
import { type FakeCamera, fakeCamera, type Wire } from '../../support/camera.ts';
import { context, login } from './scene.ts';

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>${body}</s:Body></s:Envelope>`;

export const soap = envelope;

export const fault = (reason: string): string =>
  envelope(
    `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`,
  );

export const clockReply = (time: Date): string =>
  envelope(
    `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:TimeZone><tt:TZ>UTC5:0</tt:TZ></tt:TimeZone><tt:UTCDateTime><tt:Time><tt:Hour>${time.getUTCHours()}</tt:Hour><tt:Minute>${time.getUTCMinutes()}</tt:Minute><tt:Second>${time.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${time.getUTCFullYear()}</tt:Year><tt:Month>${time.getUTCMonth() + 1}</tt:Month><tt:Day>${time.getUTCDate()}</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
  );

/** The device's answer to each operation; what stands here is a device that works. */
export const replies = {
  GetSystemDateAndTime: () => clockReply(new Date()),
  GetDeviceInformation: () =>
    envelope(
      '<tds:GetDeviceInformationResponse><tds:Manufacturer>海康威视</tds:Manufacturer><tds:Model>DS-2CD</tds:Model><tds:FirmwareVersion>1.20</tds:FirmwareVersion><tds:SerialNumber>00012345678901234567890</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>',
    ),
  GetCapabilities: () =>
    envelope(
      '<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://169.254.9.9:8000/onvif/Media?x=1</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>',
    ),
  GetProfiles: () =>
    envelope(
      '<trt:GetProfilesResponse><trt:Profiles token="a&amp;b" fixed="true"><tt:Name>main</tt:Name></trt:Profiles><trt:Profiles token="sub"/></trt:GetProfilesResponse>',
    ),
  GetStreamUri: () =>
    envelope(
      '<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://admin:secret@169.254.9.9:554/Streaming/101?a=1&amp;b=2</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>',
    ),
};

export type Operation = keyof typeof replies;
export type Behaviour = { readonly [name in Operation]?: (wire: Wire) => Promise<void> | void };

/** Plays a device on one connection: each operation as `odd` says, else as a device that works. */
export const onvif = async (wire: Wire, odd: Behaviour = {}): Promise<void> => {
  const { body } = await wire.request();
  const operation = (Object.keys(replies) as Operation[]).find((name) => body.includes(`<${name} `));
  if (operation === undefined) throw new Error(`an operation nobody knows: ${body}`);
  const play = odd[operation];
  if (play !== undefined) await play(wire);
  else wire.http(200, { 'Content-Type': 'application/soap+xml' }, replies[operation]());
};

/** The operations that were asked for, in order. */
export const operationsOf = (camera: FakeCamera): string[] =>
  camera.requests.map(({ body }) => /<(Get\w+) /.exec(body)?.[1] ?? '?');

export const fakeDevice = (odd: Behaviour = {}): Promise<FakeCamera> => fakeCamera((wire) => onvif(wire, odd));

export const serviceUrl = (camera: FakeCamera): string => `http://127.0.0.1:${camera.port}/onvif/device_service`;

export const deviceTarget = (device: FakeCamera, more: Partial<Target> = {}): Target => ({
  url: 'rtsp://127.0.0.1:8554/inventory',
  onvifUrl: serviceUrl(device),
  login,
  deadlineMs: 5_000,
  ...more,
});

/** Visits a device that is odd where `odd` says; what was found, and what the device saw of it. */
export const asked = async (odd: Behaviour, ask: Ask = 'facts', more: Partial<Target> = {}) => {
  await using device = await fakeDevice(odd);
  const begun = performance.now();
  const visited = await visitDevice(deviceTarget(device, more), context(), ask);
  const { logins, connections, requests } = device;
  return { visited, took: performance.now() - begun, operations: operationsOf(device), logins, connections, requests };
};
