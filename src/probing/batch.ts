import { type CameraObservation, type Decoder, fail, onStop, probeCamera } from '../../probes/index.ts';
import { Gather } from '../db/gather.ts';
import type { Queryable } from '../db/pool.ts';
import type { Vault } from '../inventory/vault.ts';
import type { Log } from '../log.ts';
import type { ProbeJob } from '../schedule/enqueue.ts';
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
  readonly gate: Gate;
};

/** What a worker and a site's line bear: held while a probe is under way and until its result is committed. */
export interface Gate {
  /**
   * Waits for a socket and, where `bytes` are expected, for room on the line; gives back what frees them and says how
   * many bytes came. Throws where `signal` ends first.
   */
  take(site: string, bytes: number, signal: AbortSignal): Promise<(received: number) => void>;
}

/** What a picture is expected to take of the line, bytes, until it is known: a key frame of 1080p and what comes before it. */
const pictureBytes = 100_000;

/** What lies between a visitor's leaving and Redis's hearing of it, or between a statement and its answer, at most, ms. */
const slackMs = 5_000;

/** What a worker has on its hands of one site: jobs that are being read, and cameras of jobs that are not done. */
export type SiteLoad = { loading: number; held: number };

/** When a probe may no longer begin (`until` in ms since 1970; `waiting` ends then, or with `stopping`), or go on. */
type Ends = { readonly until: number; readonly waiting: AbortSignal; readonly stopping: AbortSignal };

type Visited = { readonly value: ProbeResult; readonly left: Promise<void>; readonly bytes: number };

/** What a probe ends with that was to begin when its time was over. */
const late = new Error('late');

/** What a wait ends with whose signal was aborted. */
const isStop = (reason: unknown): boolean => reason instanceof Error && reason.message === 'stopped';

/** Works on jobs: probes their cameras side by side within the limits and delivers each result. */
export class BatchProber {
  readonly #parts: ProberParts;
  readonly #turns = new Turns();
  #loading = 0;
  readonly #book: LoginBook;
  readonly #devices: Gather<Told, undefined>;

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.#book = new LoginBook(parts.db, parts.log);
    this.#devices = new Gather((told) => noteDevices(parts.db, told), 500, 100);
  }

  /** Jobs of all sites whose cameras are not known yet: they are read from the database. */
  get loading(): number {
    return this.#loading;
  }

  /**
   * Resolves when every result of the job is committed; `late` are the cameras that were left out because its time was
   * over. An abort leaves the rest undone, for whoever takes it up.
   */
  async work(
    job: ProbeJob,
    signal: AbortSignal,
    load: SiteLoad = { loading: 0, held: 0 },
  ): Promise<{ probed: number; late: number }> {
    const until = 'until' in job ? job.until : Number.POSITIVE_INFINITY;
    const { assignments, standings } = await this.#load(job, load);
    load.held += assignments.length;
    // The waiting ends when the time is over; what is under way then is not broken off.
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    if (signal.aborted) stop();
    const forget = onStop(signal, stop);
    const over = until === Number.POSITIVE_INFINITY ? null : setTimeout(stop, Math.max(0, until - Date.now()));
    const settled = await Promise.allSettled(
      assignments.map((one) =>
        this.#one(one, standings, { until, waiting: waiting.signal, stopping: signal }).finally(() => load.held--),
      ),
    );
    forget();
    if (over !== null) clearTimeout(over);
    const isOver = waiting.signal.aborted && !signal.aborted;
    const failed = settled.filter((one) => one.status === 'rejected');
    for (const { reason } of failed) if (reason !== late && !(isOver && isStop(reason))) throw reason;
    return { probed: assignments.length - failed.length, late: failed.length };
  }

  async #load(job: ProbeJob, load: SiteLoad): Promise<{ assignments: Assignment[]; standings: Standings }> {
    this.#loading++;
    load.loading++;
    try {
      const assignments = await assignmentsOf(this.#parts.db, this.#parts.vault, job);
      return { assignments, standings: await this.#book.standings(assignments.flatMap(({ login }) => login ?? [])) };
    } finally {
      this.#loading--;
      load.loading--;
    }
  }

  async #one(assignment: Assignment, standings: Standings, ends: Ends): Promise<void> {
    const visited = Promise.withResolvers<Visited>();
    let delivered: Promise<Visited> | null = null;
    const probe = async (): Promise<Visited> => {
      const bytes = assignment.pictureDue ? pictureBytes : 0;
      const free = await this.#parts.gate.take(assignment.site, bytes, ends.waiting);
      let received = 0;
      try {
        const found = await this.#leased(assignment, standings, ends);
        received = found.bytes;
        visited.resolve(found);
        if (found.value.failure === 'aborted') throw new Error('stopped');
        // The socket is held until the result is committed, so that a slow database slows the probing down.
        await this.#parts.deliver(found.value);
        return found;
      } finally {
        free(received);
      }
    };
    // First its turn, then a socket: the channels of one recorder that wait for each other hold no socket meanwhile.
    await this.#turns.take(assignment.host, () => {
      delivered = probe();
      return Promise.race([visited.promise, delivered]);
    });
    await delivered;
  }

  /** The visit while the host is ours among all workers; given back when the device was left. */
  async #leased(assignment: Assignment, standings: Standings, ends: Ends): Promise<Visited> {
    const { until, stopping } = ends;
    // Nothing is written for a camera that was not asked: its slot stays open.
    if (stopping.aborted) throw new Error('stopped');
    if (Date.now() > until) throw late;
    const lease = await this.#parts.leases.take(assignment.host, ends.waiting);
    const release = (): Promise<void> =>
      lease
        .release()
        .catch((error: Error) => this.#parts.log.debug({ error: error.message }, 'a host is not given back'));
    const visit = new AbortController();
    const stop = (): void => visit.abort();
    if (stopping.aborted) stop();
    const forget = onStop(stopping, stop);
    lease.lost.addEventListener('abort', stop, { once: true });
    try {
      const { login } = assignment;
      // Somebody may have found out since that the login is refused now; Redis that was flushed does not know who was here.
      const known = performance.now() - standings.at;
      const visited = lease.visitedAgo === null || lease.visitedAgo <= known + slackMs;
      if (login !== null && visited) await this.#book.refresh(login, standings);
      if (Date.now() > until) throw late;
      const { left, ...found } = await this.#visit(assignment, standings, visit.signal, stopping);
      return { ...found, left: left.then(release, release) };
    } catch (error) {
      await release();
      throw error;
    } finally {
      forget();
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
    const { device, left, bytes } = observation;
    if (device !== null) {
      // Facts about a device are no result: lost, they are asked for again tomorrow.
      this.#devices.ask({ camera, at, device }).catch((error: Error) => {
        this.#parts.log.warn({ camera, error: error.message }, 'what a device said of itself is not noted');
      });
    }
    return { value: resultOf(assignment, at, performance.now() - begun, observation), left, bytes };
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
  bytes: 0,
  left: Promise.resolve(),
});
