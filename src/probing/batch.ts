import { createHash } from 'node:crypto';
import pLimit, { type LimitFunction } from 'p-limit';
import { type CameraObservation, type Decoder, fail, probeCamera, type Target } from '../../probes/index.ts';
import type { Queryable } from '../db/pool.ts';
import type { Vault } from '../inventory/vault.ts';
import type { Log } from '../log.ts';
import { type Assignment, assignmentsOf, noteRefusal } from './assignment.ts';
import { type ProbeResult, resultOf } from './result.ts';
import { Turns } from './turns.ts';

export type ProberParts = {
  readonly db: Queryable;
  readonly vault: Vault;
  readonly decoder: Decoder;
  /** Resolves when the result is committed. */
  readonly deliver: (result: ProbeResult) => Promise<void>;
  readonly log: Log;
  /** Probes under way at once, over all batches. */
  readonly sockets: number;
};

type Visited = { readonly value: ProbeResult; readonly left: Promise<void> };

/** Works on batches: probes their cameras side by side within the limits and delivers each result. */
export class BatchProber {
  readonly #parts: ProberParts;
  readonly #sockets: LimitFunction;
  readonly #turns = new Turns();
  /** Logins that were refused in this process: holds for all channels of a host, and while the database is away. */
  readonly #refused = new Map<string, { readonly kind: 'unauthorized' | 'forbidden'; readonly detail: string }>();

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.#sockets = pLimit(parts.sockets);
  }

  /** Resolves when every result of the batch is committed. An abort leaves the rest undone, for whoever takes it up. */
  async work(batch: number, signal: AbortSignal): Promise<number> {
    const assignments = await assignmentsOf(this.#parts.db, this.#parts.vault, batch);
    const settled = await Promise.allSettled(assignments.map((assignment) => this.#one(assignment, signal)));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return assignments.length;
  }

  async #one(assignment: Assignment, signal: AbortSignal): Promise<void> {
    const visited = Promise.withResolvers<Visited>();
    let delivered: Promise<Visited> | null = null;
    // First its turn, then a socket: the channels of one recorder that wait for each other hold no socket meanwhile.
    await this.#turns.take(assignment.host, () => {
      delivered = this.#sockets(async () => {
        const found = await this.#visit(assignment, signal);
        visited.resolve(found);
        if (found.value.failure === 'aborted') throw new Error('stopped');
        // The socket is held until the result is committed, so that a slow database slows the probing down.
        await this.#parts.deliver(found.value);
        return found;
      });
      return Promise.race([visited.promise, delivered]);
    });
    await delivered;
  }

  async #visit(assignment: Assignment, signal: AbortSignal): Promise<Visited> {
    // Nothing is written for a camera that was not asked: its slot stays open.
    if (signal.aborted) throw new Error('stopped');
    const begun = performance.now();
    const observation = assignment.fault === null ? await this.#probe(assignment, signal) : notProbed(assignment.fault);
    const at = new Date();
    await this.#noteRefusal(assignment, observation, at);
    return { value: resultOf(assignment, at, performance.now() - begun, observation), left: observation.left };
  }

  #probe(assignment: Assignment, signal: AbortSignal): Promise<CameraObservation> {
    return probeCamera(
      this.#guarded(assignment),
      { signal, now: () => performance.now() },
      {
        want: assignment.pictureDue ? 'keyframe' : 'answer',
        decoder: this.#parts.decoder,
        evidence: assignment.evidence,
        onvif: 'ifUnheard',
      },
    );
  }

  #guarded(assignment: Assignment): Target {
    const { target } = assignment;
    const known = this.#refused.get(loginKey(assignment) ?? '');
    return known === undefined ? target : { ...target, login: { refused: known.detail, as: known.kind } };
  }

  /** A refusal in words, met by this login or by the same one on the same host: written down before the result is. */
  async #noteRefusal(assignment: Assignment, { failure, loginUnproven }: CameraObservation, at: Date): Promise<void> {
    const key = loginKey(assignment);
    const { camera, version } = assignment;
    if (key === null || version === null || failure === null) return;
    const { kind, detail } = failure;
    if (kind !== 'unauthorized' && kind !== 'forbidden') return;
    if (!loginUnproven && !this.#refused.has(key)) return;
    this.#refused.set(key, { kind, detail });
    await noteRefusal(this.#parts.db, camera, version, at, kind, detail);
  }
}

/**
 * One login on one host, without the password itself. Most makes count failed logins for the host: what one channel of
 * a recorder refused is not tried on the next.
 */
const loginKey = ({ host, target: { login } }: Assignment): string | null =>
  login !== null && 'user' in login
    ? createHash('sha256')
        .update(JSON.stringify([host, login.user, login.password]))
        .digest('base64')
    : null;

/** What stands in for a probe that this service could not make: unknown, and not the camera's fault. */
const notProbed = (detail: string): CameraObservation => ({
  online: 'unknown',
  image: 'unknown',
  steps: [],
  failure: fail('internal', 'connect', detail),
  video: null,
  picture: null,
  device: null,
  jpeg: null,
  loginUnproven: false,
  left: Promise.resolve(),
});
