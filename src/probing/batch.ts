import pLimit, { type LimitFunction } from 'p-limit';
import { type Decoder, probeCamera, type Target } from '../../probes/index.ts';
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

/** Works on batches: probes their cameras side by side within the limits and delivers each result. */
export class BatchProber {
  readonly #parts: ProberParts;
  readonly #sockets: LimitFunction;
  readonly #turns = new Turns();
  /** Refused logins of this process, camera and version: holds also while the database is away. */
  readonly #refused = new Map<string, string>();

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.#sockets = pLimit(parts.sockets);
  }

  /** Resolves when every result of the batch is committed. An abort leaves the rest undone, for whoever takes it up. */
  async work(batch: number, signal: AbortSignal): Promise<number> {
    const assignments = await assignmentsOf(this.#parts.db, this.#parts.vault, batch);
    const settled = await Promise.allSettled(
      assignments.map((assignment) => this.#sockets(() => this.#one(assignment, signal))),
    );
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return assignments.length;
  }

  async #one(assignment: Assignment, signal: AbortSignal): Promise<void> {
    // Nothing is written for a camera that was not asked: its slot stays open.
    if (signal.aborted) throw new Error('stopped');
    const { decoder, deliver } = this.#parts;
    const result = await this.#turns.take(assignment.host, async () => {
      const begun = performance.now();
      const observation = await probeCamera(
        this.#guarded(assignment),
        { signal, now: () => performance.now() },
        {
          want: assignment.pictureDue ? 'keyframe' : 'answer',
          decoder,
          evidence: assignment.evidence,
          onvif: 'ifUnheard',
        },
      );
      const at = new Date();
      await this.#noteRefusal(assignment, observation.failure, at);
      return { value: resultOf(assignment, at, performance.now() - begun, observation), left: observation.left };
    });
    if (result.failure === 'aborted') throw new Error('stopped');
    await deliver(result);
  }

  #guarded({ camera, version, target }: Assignment): Target {
    const refused = this.#refused.get(`${camera}:${version}`);
    return refused === undefined ? target : { ...target, login: { refused } };
  }

  async #noteRefusal(
    { camera, version, target }: Assignment,
    failure: { kind: string; detail: string } | null,
    at: Date,
  ): Promise<void> {
    const tried = target.login !== null && 'user' in target.login;
    if (failure?.kind !== 'unauthorized' || version === null || !tried) return;
    this.#refused.set(`${camera}:${version}`, failure.detail);
    await noteRefusal(this.#parts.db, camera, version, at, failure.detail);
  }
}
