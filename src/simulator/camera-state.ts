import { createHash } from 'node:crypto';
import type { Auth, Camera } from './city.ts';
import { type FaultName, factsOf } from './faults.ts';
import type { Track } from './track.ts';

/** What varies from camera to camera and plays no part in the truth. */
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
  const bytes = createHash('sha256').update(camera.code).digest();
  return {
    audio: bytes[0]! < 77,
    clockSkewMs: bytes[1]! < 31 ? skews[bytes[2]! % skews.length]! : 0,
    maker: makers[bytes[3]! % makers.length]!,
    serial: bytes.toString('hex', 4, 9).toUpperCase(),
  };
};

/** One running camera: what was planned of it, and what has happened to it. */
export class CameraState {
  readonly camera: Camera;
  readonly track: Track;
  readonly traits: Traits;
  fault: FaultName;
  password: string;
  open = 0;
  peak = 0;
  failedLogins = 0;
  /** RTSP connections, SETUPs and PLAYs that it ever got. */
  connections = 0;
  setups = 0;
  plays = 0;

  constructor(camera: Camera, track: Track) {
    this.camera = camera;
    this.track = track;
    this.traits = traitsOf(camera);
    this.fault = camera.fault;
    this.password = camera.password;
  }

  /** Counts a connection of either protocol; the answer is what to do at its end. */
  enter(): () => void {
    this.open += 1;
    this.peak = Math.max(this.peak, this.open);
    return () => {
      this.open -= 1;
    };
  }

  /**
   * Makes the camera behave otherwise from the next request on, as if this had never happened to it.
   * Throws a TypeError for faults that are a matter of the port in the inventory: they must be planned.
   */
  setFault(fault: FaultName): void {
    for (const one of [fault, this.fault])
      if (planned.has(one))
        throw new TypeError(`${one} lives in the inventory's port: plan it, it cannot be set later`);
    this.fault = fault;
    this.connections = 0;
    this.setups = 0;
    this.password = fault === 'unauthorized' ? `new-${this.camera.password}` : this.camera.password;
  }

  /** How it wants a login now. */
  get auth(): Auth {
    if (this.fault === 'basic_only') return 'basic';
    return this.camera.auth === 'none' && factsOf(this.fault).login === true ? 'md5' : this.camera.auth;
  }
}

const planned: ReadonlySet<FaultName> = new Set(['refused', 'rtsp_dead', 'unreachable'] satisfies FaultName[]);
