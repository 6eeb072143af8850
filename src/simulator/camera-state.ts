import { hash } from 'node:crypto';
import type { Auth, Camera } from './city.ts';
import { channelFaults, type FaultName, factsOf } from './faults.ts';
import type { Meter } from './meter.ts';
import type { Track } from './track.ts';

/** What varies from device to device and plays no part in the truth. */
export type Traits = {
  /** The stream has an audio medium too. */
  readonly audio: boolean;
  /** Device clock minus true time, ms. */
  readonly clockSkewMs: number;
  readonly maker: Maker;
  readonly serial: string;
};

export type Maker = { readonly manufacturer: string; readonly model: string; readonly firmware: string };

const makers: readonly Maker[] = [
  { manufacturer: 'HIKVISION', model: 'DS-2CD3T46WD-I5', firmware: 'V5.5.0 build 150323' },
  { manufacturer: 'HIKVISION', model: 'DS-2CD2T47G2-L', firmware: 'V5.7.3 build 220112' },
  { manufacturer: 'Dahua', model: 'DH-IPC-HFW4433F', firmware: '2.800.0000000.31.R' },
  { manufacturer: 'UNIVIEW', model: 'IPC-B2A4-I', firmware: '1.20' },
  { manufacturer: 'ONVIF', model: 'IPC_1080P', firmware: 'General_V3.1' },
];

/** A minute fast, a minute slow, half a year behind after a reboot (agsh/onvif#249), time zone taken for UTC. */
const skews = [61_000, -58_000, -183 * 86_400_000, 8 * 3_600_000];

const traitsOf = (camera: Camera): Traits => {
  const bytes = hash('sha256', camera.code, 'buffer');
  return {
    audio: bytes[0]! < 77,
    clockSkewMs: bytes[1]! < 31 ? skews[bytes[2]! % skews.length]! : 0,
    maker: makers[bytes[3]! % makers.length]!,
    serial: bytes.toString('hex', 4, 9).toUpperCase(),
  };
};

/** As Hikvision numbers them. */
const channelNumber = /\/Streaming\/Channels\/(\d{1,3})0[12](?!\d)/;

/** What stands at one address: one camera, or a recorder whose channels share its account and its connections. */
export class Device {
  /** The camera itself, or the first of the recorder's channels, whose account is the recorder's. */
  readonly first: Camera;
  /** Where its bytes are counted; null where nobody counts. */
  readonly meter: Meter | null;
  password: string;
  open = 0;
  peak = 0;
  failedLogins = 0;
  /** RTSP connections that it ever got. */
  connections = 0;
  /** Sessions that stand: set up, and neither torn down nor gone with their connection. */
  sessions = 0;
  #traits: Traits | null = null;
  #only: CameraState | null = null;
  #channels: Map<number, CameraState> | null = null;

  constructor(first: Camera, meter: Meter | null = null) {
    this.first = first;
    this.meter = meter;
    this.password = first.password;
  }

  /** Made when they are asked for first: a hash a camera would be a third of the start of a city of 200,000. */
  get traits(): Traits {
    this.#traits ??= traitsOf(this.first);
    return this.#traits;
  }

  add(state: CameraState): void {
    const { channel } = state.camera;
    if (channel === undefined) this.#only = state;
    else {
      this.#channels ??= new Map();
      this.#channels.set(channel, state);
    }
  }

  get isRecorder(): boolean {
    return this.#channels !== null;
  }

  /** Of a recorder: none, its channels have theirs. */
  get fault(): FaultName {
    return this.#only?.fault ?? 'sound';
  }

  /** How it wants a login now. */
  get auth(): Auth {
    const { fault } = this;
    if (fault === 'basic_only') return 'basic';
    return this.first.auth === 'none' && factsOf(fault).login === true ? 'md5' : this.first.auth;
  }

  /** Whose stream a request is for: …/Channels/1602 is channel 16, sub stream. A camera is asked for nothing else. */
  at(url: string): CameraState | null {
    if (this.#channels === null) return this.#only;
    const number = channelNumber.exec(url)?.[1];
    return (number === undefined ? undefined : this.#channels.get(Number(number))) ?? null;
  }

  enter(): void {
    this.open += 1;
    if (this.open > this.peak) this.peak = this.open;
  }

  leave(): void {
    this.open -= 1;
  }
}

/** One running camera: what was planned of it, and what has happened to it. */
export class CameraState {
  readonly camera: Camera;
  readonly track: Track;
  readonly device: Device;
  fault: FaultName;
  /** SETUPs and PLAYs that it ever got. */
  setups = 0;
  plays = 0;

  /** `device` where it is a channel of a recorder; else the camera is a device of its own. */
  constructor(camera: Camera, track: Track, device: Device = new Device(camera)) {
    this.camera = camera;
    this.track = track;
    this.device = device;
    this.fault = camera.fault;
    device.add(this);
  }

  /**
   * Makes the camera behave otherwise from the next request on, as if this had never happened to it.
   * Throws a TypeError for faults that are a matter of the port in the inventory: they must be planned; and for a
   * recorder's channel those that are the whole device's.
   */
  setFault(fault: FaultName): void {
    for (const one of [fault, this.fault])
      if (planned.has(one))
        throw new TypeError(`${one} lives in the inventory's port: plan it, it cannot be set later`);
    const channel = this.camera.channel !== undefined;
    if (channel && !channelFaults.has(fault))
      throw new TypeError(`${fault} is a whole device's: a channel of a recorder cannot have it`);
    this.fault = fault;
    this.setups = 0;
    // A channel has no connections and no password of its own.
    if (channel) return;
    this.device.connections = 0;
    this.device.password = fault === 'unauthorized' ? `new-${this.camera.password}` : this.camera.password;
  }
}

const planned: ReadonlySet<FaultName> = new Set(['refused', 'rtsp_dead', 'unreachable'] satisfies FaultName[]);
