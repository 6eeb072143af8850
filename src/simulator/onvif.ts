import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Device } from './camera-state.ts';
import { streamPath } from './city.ts';
import { slowness } from './rtsp.ts';
import type { Tally } from './tally.ts';

/** A device refuses a login made with a time this far from its own clock, ms (onvif-rs#121: 5 to 20 s). */
const toleratedSkew = 20_000;
const largestBody = 65_536;

const namespaces = [
  'xmlns:env="http://www.w3.org/2003/05/soap-envelope"',
  'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"',
  'xmlns:trt="http://www.onvif.org/ver10/media/wsdl"',
  'xmlns:tt="http://www.onvif.org/ver10/schema"',
  'xmlns:ter="http://www.onvif.org/ver10/error"',
].join(' ');

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope ${namespaces}><env:Body>${body}</env:Body></env:Envelope>`;

const fault = (code: 'NotAuthorized' | 'ActionNotSupported', text: string): string =>
  envelope(
    `<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>ter:${code}</env:Value></env:Subcode></env:Code>` +
      `<env:Reason><env:Text xml:lang="en">${text}</env:Text></env:Reason></env:Fault>`,
  );

const element = (body: string, name: string): string | null =>
  new RegExp(`<(?:\\w+:)?${name}\\b[^>]*>([^<]*)</`).exec(body)?.[1]?.trim() ?? null;

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const unescaped = (text: string): string => text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => entities[name]!);

/** WS-UsernameToken, password digest (Username Token Profile 1.1, 3.1): Base64(SHA-1(nonce + created + password)). */
const loggedIn = (device: Device, body: string): boolean => {
  const user = element(body, 'Username');
  if (user === null) return false;
  const created = element(body, 'Created') ?? '';
  const expected = createHash('sha1')
    .update(Buffer.from(element(body, 'Nonce') ?? '', 'base64'))
    .update(created + device.password)
    .digest('base64');
  const skew = Math.abs(Date.parse(created) - deviceTime(device).getTime());
  if (unescaped(user) === device.first.user && element(body, 'Password') === expected && skew <= toleratedSkew)
    return true;
  device.failedLogins += 1;
  return false;
};

const deviceTime = ({ traits }: Device): Date => new Date(Date.now() + traits.clockSkewMs);

const dateTime = (at: Date): string =>
  `<tt:Time><tt:Hour>${at.getUTCHours()}</tt:Hour><tt:Minute>${at.getUTCMinutes()}</tt:Minute><tt:Second>${at.getUTCSeconds()}</tt:Second></tt:Time>` +
  `<tt:Date><tt:Year>${at.getUTCFullYear()}</tt:Year><tt:Month>${at.getUTCMonth() + 1}</tt:Month><tt:Day>${at.getUTCDate()}</tt:Day></tt:Date>`;

type Place = { readonly device: Device; readonly rtspPort: number; readonly onvifPort: number };

const service = ({ device, onvifPort }: Place, name: string): string =>
  `http://${device.first.address}${onvifPort === 80 ? '' : `:${onvifPort}`}/onvif/${name}`;

const mediaUri = (operation: string, uri: string): string =>
  `<trt:${operation}Response><trt:MediaUri><tt:Uri>${uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>` +
  `<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT60S</tt:Timeout></trt:MediaUri></trt:${operation}Response>`;

const namespaceOf = {
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
};
const offered = (place: Place, name: 'device' | 'media'): string =>
  `<tds:Service><tds:Namespace>${namespaceOf[name]}</tds:Namespace><tds:XAddr>${service(place, `${name}_service`)}</tds:XAddr>` +
  '<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>';

/** Operations that ask for no login (ONVIF Core 5.9.4.3, access class PRE_AUTH). */
const open: ReadonlySet<string> = new Set(['GetSystemDateAndTime', 'GetCapabilities', 'GetServices']);

/** The operations of the device and the media service (ONVIF Core 8, Media 5). */
const operations: Record<string, (place: Place) => string> = {
  GetSystemDateAndTime: ({ device }) => {
    const now = deviceTime(device);
    const local = new Date(now.getTime() + 8 * 3_600_000);
    return (
      '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>' +
      '<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8:00:00</tt:TZ></tt:TimeZone>' +
      `<tt:UTCDateTime>${dateTime(now)}</tt:UTCDateTime><tt:LocalDateTime>${dateTime(local)}</tt:LocalDateTime>` +
      '</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>'
    );
  },
  GetCapabilities: (place) =>
    `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>${service(place, 'device_service')}</tt:XAddr></tt:Device>` +
    `<tt:Media><tt:XAddr>${service(place, 'media_service')}</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>`,
  GetServices: (place) =>
    `<tds:GetServicesResponse>${offered(place, 'device')}${offered(place, 'media')}</tds:GetServicesResponse>`,
  GetDeviceInformation: ({ device: { traits } }) =>
    `<tds:GetDeviceInformationResponse><tds:Manufacturer>${traits.maker.manufacturer}</tds:Manufacturer>` +
    `<tds:Model>${traits.maker.model}</tds:Model><tds:FirmwareVersion>${traits.maker.firmware}</tds:FirmwareVersion>` +
    `<tds:SerialNumber>${traits.serial}</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>`,
  GetProfiles: ({ device: { first: camera } }) =>
    `<trt:GetProfilesResponse><trt:Profiles token="Profile_1" fixed="true"><tt:Name>${camera.stream}Stream</tt:Name>` +
    '<tt:VideoEncoderConfiguration token="VideoEncoder_1"><tt:Name>VideoEncoder_1</tt:Name>' +
    `<tt:Encoding>${camera.codec === 'h264' ? 'H264' : 'H265'}</tt:Encoding><tt:Resolution>` +
    `<tt:Width>${camera.stream === 'main' ? 1920 : 704}</tt:Width><tt:Height>${camera.stream === 'main' ? 1080 : 576}</tt:Height>` +
    '</tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles></trt:GetProfilesResponse>',
  GetStreamUri: ({ device: { first: camera }, rtspPort }) =>
    mediaUri('GetStreamUri', `rtsp://${camera.address}:${rtspPort}${streamPath(camera)}?transportmode=unicast`),
  GetSnapshotUri: (place) => mediaUri('GetSnapshotUri', service(place, 'snapshot')),
};

const answerTo = (place: Place, body: string): { status: number; text: string } => {
  const operation = /<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)/.exec(body)?.[1] ?? '';
  const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (run === undefined) return { status: 400, text: fault('ActionNotSupported', 'Optional Action Not Implemented') };
  if (!open.has(operation) && place.device.auth !== 'none' && !loggedIn(place.device, body))
    return { status: 400, text: fault('NotAuthorized', 'Sender not Authorized') };
  return { status: 200, text: envelope(run(place)) };
};

/**
 * The ONVIF services of all cameras. The server does not listen: hand it accepted sockets with `emit('connection')`.
 * `deviceOf` tells whose socket it is; `ports` where the cameras are reached.
 */
export const createOnvif = (
  deviceOf: (address: string | undefined) => Device | undefined,
  ports: () => { rtsp: number; onvif: number },
  tally: Tally,
): Server =>
  createServer((request: IncomingMessage, response: ServerResponse) => {
    const device = deviceOf(request.socket.localAddress);
    if (device === undefined) {
      request.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > largestBody) request.socket.destroy();
    });
    request.on('end', () => {
      const answer = () => {
        if (request.method !== 'POST' || !request.url?.startsWith('/onvif/')) {
          response.writeHead(404).end();
          return;
        }
        tally.onvifRequests += 1;
        const { rtsp, onvif } = ports();
        const place = { device, rtspPort: rtsp, onvifPort: onvif };
        const { status, text } = answerTo(place, Buffer.concat(chunks).toString('utf8'));
        const length = Buffer.byteLength(text);
        device.meter?.add(length);
        response.writeHead(status, {
          'Content-Type': 'application/soap+xml; charset=utf-8',
          'Content-Length': length,
        });
        response.end(text);
      };
      if (device.fault === 'slow') setTimeout(answer, slowness);
      else answer();
    });
  });
