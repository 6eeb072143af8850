import pLimit, { type LimitFunction } from 'p-limit';
import { type CameraObservation, type Decoder, fail, probeCamera } from '../../probes/index.ts';
import { Gather } from '../db/gather.ts';
import type { Queryable } from '../db/pool.ts';
import type { Vault } from '../inventory/vault.ts';
import type { Log } from '../log.ts';
import { type Assignment, assignmentsOf } from './assignment.ts';
import { noteDevices, type Told } from './device.ts';
import type { HostLeases } from './host-lease.ts';
import { LoginBook, type Standings } from './login-book.ts';
import { type ProbeResult, resultOf } from './result.ts';
import { Turns } from './turns.ts';

export type ProberParts = {
  readonly db: Queryable;
  readonly vault: Vault;
  readonly decoder: Decoder;
  /** Resolves when the result is committed. */
  readonly deliver: (result: ProbeResult) => Promise<void>;
  readonly leases: HostLeases;
  readonly log: Log;
  /** Probes under way at once, over all batches. */
  readonly sockets: number;
};

/** How far the clocks of two workers may be apart, ms. */
const clockSlackMs = 60_000;

type Visited = { readonly value: ProbeResult; readonly left: Promise<void> };

/** Works on batches: probes their cameras side by side within the limits and delivers each result. */
export class BatchProber {
  readonly #parts: ProberParts;
  readonly #sockets: LimitFunction;
  readonly #turns = new Turns();
  readonly #book: LoginBook;
  readonly #devices: Gather<Told, undefined>;

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.#sockets = pLimit(parts.sockets);
    this.#book = new LoginBook(parts.db, parts.log);
    this.#devices = new Gather((told) => noteDevices(parts.db, told), 500, 100);
  }

  /** Resolves when every result of the batch is committed. An abort leaves the rest undone, for whoever takes it up. */
  async work(batch: number, signal: AbortSignal): Promise<number> {
    const assignments = await assignmentsOf(this.#parts.db, this.#parts.vault, batch);
    const standings = await this.#book.standings(assignments.flatMap(({ login }) => login ?? []));
    const settled = await Promise.allSettled(assignments.map((one) => this.#one(one, standings, signal)));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return assignments.length;
  }

  async #one(assignment: Assignment, standings: Standings, signal: AbortSignal): Promise<void> {
    const visited = Promise.withResolvers<Visited>();
    let delivered: Promise<Visited> | null = null;
    // First its turn, then a socket: the channels of one recorder that wait for each other hold no socket meanwhile.
    await this.#turns.take(assignment.host, () => {
      delivered = this.#sockets(async () => {
        const found = await this.#leased(assignment, standings, signal);
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

  /** The visit while the host is ours among all workers; given back when the device was left. */
  async #leased(assignment: Assignment, standings: Standings, signal: AbortSignal): Promise<Visited> {
    // Nothing is written for a camera that was not asked: its slot stays open.
    if (signal.aborted) throw new Error('stopped');
    const lease = await this.#parts.leases.take(assignment.host, signal);
    const release = (): Promise<void> =>
      lease
        .release()
        .catch((error: Error) => this.#parts.log.debug({ error: error.message }, 'a host is not given back'));
    const visit = new AbortController();
    const stop = (): void => visit.abort();
    signal.addEventListener('abort', stop, { once: true });
    lease.lost.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const { login } = assignment;
      // Somebody may have found out since that the login is refused now.
      if (login !== null && lease.visitedAt >= standings.at - clockSlackMs) await this.#book.refresh(login, standings);
      const { value, left } = await this.#visit(assignment, standings, visit.signal, signal);
      return { value, left: left.then(release, release) };
    } catch (error) {
      await release();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      lease.lost.removeEventListener('abort', stop);
    }
  }

  async #visit(
    assignment: Assignment,
    standings: Standings,
    signal: AbortSignal,
    stopping: AbortSignal,
  ): Promise<Visited> {
    const begun = performance.now();
    const { camera, fault, login, target, pictureDue, evidence, deviceFacts, snapshotProves } = assignment;
    const observation =
      fault !== null
        ? notProbed(fault)
        : await probeCamera(
            target,
            {
              signal,
              now: () => performance.now(),
              ...(login === null ? {} : { guard: this.#book.guard(login, standings, stopping) }),
            },
            {
              want: pictureDue ? 'keyframe' : 'answer',
              decoder: this.#parts.decoder,
              evidence,
              onvif: deviceFacts ? 'facts' : 'ifUnheard',
              snapshot: snapshotProves ? 'proves' : 'never',
            },
          );
    const at = new Date();
    const { device, left } = observation;
    if (device !== null) {
      // Facts about a device are no result: lost, they are asked for again tomorrow.
      this.#devices.ask({ camera, at, device }).catch((error: Error) => {
        this.#parts.log.warn({ camera, error: error.message }, 'what a device said of itself is not noted');
      });
    }
    return { value: resultOf(assignment, at, performance.now() - begun, observation), left };
  }
}

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
  provedBy: null,
  fingerprint: null,
  left: Promise.resolve(),
});
