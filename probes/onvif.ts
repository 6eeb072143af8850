import { type Failure, fail, isFailure, type Step } from './failure.ts';
import { addressOf } from './net/dial.ts';
import { Onvif, type Tree, textAt } from './onvif/call.ts';
import type { Context, Device, Target, TimedStep } from './probe.ts';
import { parseRtspUrl, strikePasswords } from './rtsp/url.ts';

export type DeviceVisit = {
  readonly heard: boolean;
  readonly failure: Failure | null;
  readonly steps: readonly TimedStep[];
  readonly device: Device | null;
};

const device10 = 'xmlns="http://www.onvif.org/ver10/device/wsdl"';
const media10 = 'xmlns="http://www.onvif.org/ver10/media/wsdl"';
const schema = 'xmlns="http://www.onvif.org/ver10/schema"';

/** What to ask: `clock` needs no login; `facts` adds GetDeviceInformation and GetStreamUri, with the login if there is one. */
export type Ask = 'clock' | 'facts';

/** Visits the ONVIF device service: GetSystemDateAndTime, then facts. Within the target's deadline, two requests never at once. */
export const visitDevice = async (target: Target, context: Context, ask: Ask): Promise<DeviceVisit> => {
  const url = URL.parse(target.onvifUrl ?? '');
  if (url === null || url.protocol !== 'http:') {
    return { heard: false, failure: fail('internal', 'clock', 'not an http:// URL'), steps: [], device: null };
  }
  const end = context.now() + target.deadlineMs;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const address = await addressOf(host, 'clock', target.deadlineMs, context.signal);
  if (typeof address !== 'string') return { heard: false, failure: address, steps: [], device: null };
  const allow = target.allow ?? (() => true);
  if (!allow(address)) {
    return { heard: false, failure: fail('address_not_allowed', 'clock', address), steps: [], device: null };
  }
  const where = { address, port: Number(url.port || 80), path: url.pathname + url.search };
  const steps: TimedStep[] = [];
  const timed: Timed = async (name, step) => {
    const begun = context.now();
    const failure = await step(() => Math.min(5_000, end - context.now()));
    steps.push({ name, ok: failure === null, ms: Math.round((context.now() - begun) * 10) / 10 });
    return failure;
  };
  const found: { -readonly [K in keyof Device]: Device[K] } = {
    manufacturer: null,
    model: null,
    firmware: null,
    serial: null,
    clockSkewMs: null,
    streamUri: null,
  };
  // Without a login: a wrong clock would make a right password look wrong (onvif-rs#121), so it is asked first.
  const anonymous = new Onvif(where, null, allow, context);
  let failure = await timed('clock', async (left) => {
    const answer = await anonymous.ask('clock', `<GetSystemDateAndTime ${device10}/>`, left());
    if (isFailure(answer)) return answer;
    found.clockSkewMs = skewOf(answer);
    return null;
  });
  anonymous.close();
  let heard = anonymous.heard;
  if (ask === 'facts' && heard) {
    const device = new Onvif(where, target.login, allow, context);
    device.shiftClock(found.clockSkewMs ?? 0);
    const factsFailure = await askFacts(device, target, found, timed);
    failure ??= factsFailure;
    heard ||= device.heard;
    device.close();
  }
  return { heard, failure, steps, device: heard ? found : null };
};

/** `left` tells how long the next request may take, ms. */
type Timed = (name: Step, step: (left: () => number) => Promise<Failure | null>) => Promise<Failure | null>;

const askFacts = async (
  device: Onvif,
  target: Target,
  found: { -readonly [K in keyof Device]: Device[K] },
  timed: Timed,
): Promise<Failure | null> => {
  // A refused login is not sent a second time, not even for another question.
  const noFacts = await timed('device', async (left) => {
    const answer = await device.ask('device', `<GetDeviceInformation ${device10}/>`, left());
    if (isFailure(answer)) return answer;
    const at = (name: string): string | null => textAt(answer, 'getDeviceInformationResponse', name);
    found.manufacturer = at('manufacturer');
    found.model = at('model');
    found.firmware = at('firmwareVersion');
    found.serial = at('serialNumber');
    return null;
  });
  if (noFacts !== null) return noFacts;
  return timed('stream', async (left) => {
    const capabilities = await device.ask(
      'stream',
      `<GetCapabilities ${device10}><Category>Media</Category></GetCapabilities>`,
      left(),
    );
    if (isFailure(capabilities)) return capabilities;
    const named = textAt(capabilities, 'getCapabilitiesResponse', 'capabilities', 'media', 'XAddr');
    // The path only: the host a device names is never dialled.
    const path = URL.parse(named ?? '')?.pathname ?? '/onvif/media_service';
    const profiles = await device.ask('stream', `<GetProfiles ${media10}/>`, left(), path);
    if (isFailure(profiles)) return profiles;
    const token = firstToken(profiles);
    if (token === null) return fail('onvif_fault', 'stream', 'the device lists no profile');
    const request =
      `<GetStreamUri ${media10}><StreamSetup><Stream ${schema}>RTP-Unicast</Stream>` +
      `<Transport ${schema}><Protocol>RTSP</Protocol></Transport></StreamSetup>` +
      `<ProfileToken>${token.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)}</ProfileToken></GetStreamUri>`;
    const answer = await device.ask('stream', request, left(), path);
    if (isFailure(answer)) return answer;
    found.streamUri = ownUri(textAt(answer, 'getStreamUriResponse', 'mediaUri', 'uri'), target.url);
    return null;
  });
};

/** Device time minus ours, ms; `null` where the device gives no UTC time: an offset of local time would be a guess. */
const skewOf = (answer: Tree): number | null => {
  const at = (...path: string[]): number =>
    Number(textAt(answer, 'getSystemDateAndTimeResponse', 'systemDateAndTime', 'UTCDateTime', ...path) ?? Number.NaN);
  const time = Date.UTC(
    at('date', 'year'),
    at('date', 'month') - 1,
    at('date', 'day'),
    at('time', 'hour'),
    at('time', 'minute'),
    at('time', 'second'),
  );
  return Number.isNaN(time) ? null : time - Date.now();
};

const firstToken = (answer: Tree): string | null => {
  const response = answer.getProfilesResponse?.[0];
  const profile = typeof response === 'object' ? response.profiles?.[0] : undefined;
  const attributes = typeof profile === 'object' ? (profile as { $?: { token?: unknown } }).$ : undefined;
  return typeof attributes?.token === 'string' ? attributes.token : null;
};

/** The URI a device gives for its stream, with the inventory's host in place of the one named and no login in it. */
const ownUri = (uri: string | null, inventoryUrl: string): string | null => {
  const named = uri === null ? null : parseRtspUrl(uri);
  const ours = parseRtspUrl(inventoryUrl);
  if (named === null || ours === null) return null;
  const path = strikePasswords(named.request.replace(/^rtsp:\/\/[^/?]*/i, ''));
  return `${/^rtsp:\/\/[^/?]*/i.exec(ours.request)![0]}${path}`;
};
