import { type Failure, fail, isFailure, type Step } from './failure.ts';
import { memoryGuard } from './guard.ts';
import { serverOf } from './http/server.ts';
import { Onvif, type Operation } from './onvif/call.ts';
import { clockSkewOf } from './onvif/clock.ts';
import { escapeXml } from './onvif/envelope.ts';
import { type MediaVersion, mainAndSub, mediaServices } from './onvif/profiles.ts';
import { ownUri, servicePath } from './onvif/uri.ts';
import { type Element, textAt } from './onvif/xml.ts';
import type { Context, Device, Target, TimedStep } from './probe.ts';

export type DeviceVisit = {
  readonly heard: boolean;
  readonly failure: Failure | null;
  readonly steps: readonly TimedStep[];
  readonly device: Device | null;
  /** Ends when a login guard that was asked and not waited for has been told. Never rejects. */
  readonly left: Promise<void>;
};

/** What to ask: `clock` never logs in; `facts` adds who the device is and its URIs, with the login if it wants one. */
export type Ask = 'clock' | 'facts';

/** Visits the ONVIF device service, then its media service. Within the target's deadline and the guard's time, two requests never at once. */
export const visitDevice = async (target: Target, context: Context, ask: Ask): Promise<DeviceVisit> => {
  const end = context.now() + target.deadlineMs;
  const server = await serverOf(target.onvifUrl, target, 'clock', target.deadlineMs, context);
  if (isFailure(server)) return { heard: false, failure: server, steps: [], device: null, left: Promise.resolve() };
  const onvif = new Onvif(server, target.login, context.guard ?? memoryGuard(), context);
  const visitor = new Visitor(onvif, target, server.hostname, end, context);
  const failure = await visitor.run(ask);
  const { heard, left } = onvif;
  return { heard, failure, steps: visitor.steps, device: heard ? visitor.found : null, left };
};

const deviceService = 'http://www.onvif.org/ver10/device/wsdl';
const mediaService = (version: MediaVersion): string => `http://www.onvif.org/${version}/media/wsdl`;
const ofDevice = (name: string, inner = ''): Operation => ({ namespace: deviceService, name, inner });

/** Faults and pages: the device answered, only not this. */
const declined: ReadonlySet<string> = new Set(['onvif_fault', 'not_onvif', 'http_error', 'forbidden']);

class Visitor {
  readonly steps: TimedStep[] = [];
  found: Device = {
    manufacturer: null,
    model: null,
    firmware: null,
    serial: null,
    clockSkewMs: null,
    streamUri: null,
    subStreamUri: null,
    snapshotUri: null,
  };
  readonly #onvif: Onvif;
  readonly #target: Target;
  /** As it stands in a URL. */
  readonly #host: string;
  readonly #end: number;
  readonly #context: Context;

  constructor(onvif: Onvif, target: Target, host: string, end: number, context: Context) {
    this.#onvif = onvif;
    this.#target = target;
    this.#host = host;
    this.#end = end;
    this.#context = context;
  }

  async run(ask: Ask): Promise<Failure | null> {
    // Before any login: a wrong clock would make a right password look wrong (onvif-rs#121).
    const noClock = await this.#timed('clock', () => this.#clock());
    if (ask === 'clock' || !this.#onvif.heard) return noClock;
    const noFacts = await this.#timed('device', () => this.#facts());
    if (noFacts !== null) return noClock ?? noFacts;
    const noUris = await this.#timed('stream', () => this.#uris());
    return noClock ?? noUris;
  }

  async #timed(name: Step, step: () => Promise<Failure | null>): Promise<Failure | null> {
    const begun = this.#context.now();
    const failure = await step();
    this.steps.push({ name, ok: failure === null, ms: Math.round((this.#context.now() - begun) * 10) / 10 });
    return failure;
  }

  readonly #left = (): number => Math.min(5_000, this.#end + this.#onvif.guardMs - this.#context.now());

  async #clock(): Promise<Failure | null> {
    const answer = await this.#onvif.askOpenly('clock', ofDevice('GetSystemDateAndTime'), this.#left());
    // Some ask for a login even for this: alive all the same, and what it needs is found out with the next question.
    if (answer === null) return null;
    if (isFailure(answer)) return answer;
    const skewMs = clockSkewOf(answer, Date.now());
    this.#onvif.skewMs = skewMs;
    this.found = { ...this.found, clockSkewMs: skewMs };
    return null;
  }

  async #facts(): Promise<Failure | null> {
    const answer = await this.#onvif.ask('device', ofDevice('GetDeviceInformation'), this.#left);
    if (isFailure(answer)) return answer;
    this.found = {
      ...this.found,
      manufacturer: factOf(answer, 'Manufacturer'),
      model: factOf(answer, 'Model'),
      firmware: factOf(answer, 'FirmwareVersion'),
      serial: factOf(answer, 'SerialNumber'),
    };
    return null;
  }

  async #uris(): Promise<Failure | null> {
    const services = await this.#services();
    if (isFailure(services)) return services;
    // Media 2 first, where there is one: Media 1 has no word for H.265. Some list it and fail in it (D-Link DCS-8635LH).
    let failure: Failure | null = null;
    for (const version of ['ver20', 'ver10'] as const) {
      const path = services.get(version);
      if (path === undefined) continue;
      failure = await this.#urisOf(version, path);
      if (failure === null || !declined.has(failure.kind)) return failure;
    }
    return failure;
  }

  /** Paths of the media services, of which there is at least one. */
  async #services(): Promise<Map<MediaVersion, string> | Failure> {
    const inner = '<IncludeCapability>false</IncludeCapability>';
    const services = await this.#onvif.ask('stream', ofDevice('GetServices', inner), this.#left);
    if (isFailure(services) && !declined.has(services.kind)) return services;
    const paths = new Map<MediaVersion, string>();
    for (const [version, xaddr] of isFailure(services) ? [] : mediaServices(services)) {
      const path = servicePath(xaddr);
      if (path !== null) paths.set(version, path);
    }
    if (paths.size > 0) return paths;
    // Some know no GetServices (Axis Q6045-E, firmware 5.55).
    const category = '<Category>Media</Category>';
    const capabilities = await this.#onvif.ask('stream', ofDevice('GetCapabilities', category), this.#left);
    if (isFailure(capabilities)) return capabilities;
    const xaddr = textAt(capabilities, 'Capabilities', 'Media', 'XAddr');
    return paths.set('ver10', servicePath(xaddr) ?? '/onvif/media_service');
  }

  async #urisOf(version: MediaVersion, path: string): Promise<Failure | null> {
    const ask = async (name: string, inner: string): Promise<Element | Failure> => {
      const operation = { namespace: mediaService(version), name, inner };
      const answer = await this.#onvif.ask('stream', operation, this.#left, path);
      if (!isFailure(answer) || answer.kind !== 'silent') return answer;
      return fail('media_service_silent', 'stream', `${name}: ${answer.detail}`);
    };
    const types = version === 'ver20' ? '<Type>VideoSource</Type><Type>VideoEncoder</Type>' : '';
    const profiles = await ask('GetProfiles', types);
    if (isFailure(profiles)) return profiles;
    const tokens = mainAndSub(profiles);
    if (tokens === null) return fail('onvif_fault', 'stream', 'the device lists no profile');
    const streamOf = (token: string): Promise<Element | Failure> => ask('GetStreamUri', streamSetup(version, token));
    const main = await streamOf(tokens.main);
    if (isFailure(main)) return main;
    this.found = { ...this.found, streamUri: this.#own(main, 'rtsp') };
    const more = async (answer: Promise<Element | Failure>, keep: (uri: Element) => void): Promise<Failure | null> => {
      const uri = await answer;
      if (!isFailure(uri)) keep(uri);
      return isFailure(uri) && !declined.has(uri.kind) ? uri : null;
    };
    const noSub =
      tokens.sub === null
        ? null
        : await more(streamOf(tokens.sub), (uri) => {
            this.found = { ...this.found, subStreamUri: this.#own(uri, 'rtsp') };
          });
    if (noSub !== null) return noSub;
    const token = `<ProfileToken>${escapeXml(tokens.main)}</ProfileToken>`;
    return more(ask('GetSnapshotUri', token), (uri) => {
      this.found = { ...this.found, snapshotUri: this.#own(uri, 'http') };
    });
  }

  /** The URI of an answer, on our host; Media 2 and some others have no MediaUri around it. */
  #own(answer: Element, schemes: 'rtsp' | 'http'): string | null {
    const uri = textAt(answer, 'MediaUri', 'Uri') ?? textAt(answer, 'Uri');
    return ownUri(uri, schemes, this.#host, this.#target.login?.password ?? null);
  }
}

/** What GetStreamUri asks for: RTP over RTSP, in the words of Media 1 or of Media 2. */
const streamSetup = (version: MediaVersion, token: string): string => {
  const profile = `<ProfileToken>${escapeXml(token)}</ProfileToken>`;
  if (version === 'ver20') return `<Protocol>RTSP</Protocol>${profile}`;
  const schema = 'xmlns="http://www.onvif.org/ver10/schema"';
  return (
    `<StreamSetup><Stream ${schema}>RTP-Unicast</Stream>` +
    `<Transport ${schema}><Protocol>RTSP</Protocol></Transport></StreamSetup>${profile}`
  );
};

/** A fact as text, so that firmware "1.20" stays "1.20"; in one line of at most 200 characters. */
const factOf = (answer: Element, name: string): string | null => {
  const fact = textAt(answer, name)
    ?.replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200)
    .toWellFormed();
  return fact === undefined || fact === '' ? null : fact;
};
