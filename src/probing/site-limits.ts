import { onStop } from '../../probes/index.ts';
import { GiveBack } from '../queue/jobs.ts';
import { Bandwidth } from './bandwidth.ts';
import { Line, type Standing } from './line.ts';
import type { Place } from './presence.ts';

/** Of a site, over all its workers; `null`: none. */
export type Limits = {
  /** Probes under way at once. */
  readonly sockets: number | null;
  /** What may come from its cameras, Mbit/s. */
  readonly megabits: number | null;
};

/** Frees the socket; `received`: bytes that came, for which its estimate gives way. Only the first call counts. */
export type Freed = (received: number) => void;

type Waiter = {
  /** The order of coming. */
  readonly nth: number;
  readonly bytes: number;
  readonly line: Line<Waiter>;
  readonly granted: (free: Freed) => void;
  readonly refused: (reason: Error) => void;
};

type Site = {
  /** This worker's part, known to be none: nothing waits here. */
  closed: boolean;
  sockets: number;
  inFlight: number;
  readonly bandwidth: Bandwidth;
  /** Two lines, so that who waits for bandwidth holds up nobody who needs none. */
  readonly online: Line<Waiter>;
  readonly pictures: Line<Waiter>;
  /** Its place among the sites that have a probe which may begin as soon as this worker has a socket. */
  ready: Standing<Site> | null;
  /** For the first picture's bandwidth. */
  timer: NodeJS.Timeout | null;
};

/** Longer than this is asked again, ms: Node turns a wait of 2^31 ms into one of 1. */
const longestMs = 60_000;

/** This worker's part of a site's sockets: what the division leaves goes to the first ranks. May be 0. */
const socketsOf = (limit: number | null, place: Place | null): number => {
  if (limit === null) return Number.POSITIVE_INFINITY;
  if (place === null) return 0;
  return Math.floor(limit / place.workers) + (place.rank < limit % place.workers ? 1 : 0);
};

/** Of those workers that have a socket: what the others cannot use is theirs. */
const bytesASecondOf = ({ sockets, megabits }: Limits, place: Place | null): number => {
  if (megabits === null) return Number.POSITIVE_INFINITY;
  return place === null ? 0 : (megabits * 125_000) / Math.min(place.workers, sockets ?? place.workers);
};

const noPart = (): GiveBack => new GiveBack('this worker has no part in the limit of the site');

/** Who waits for nothing but a socket. */
const waitingAt = ({ online, pictures, timer }: Site): number => online.length + (timer === null ? pictures.length : 0);

/**
 * The gate before every probe of a worker: its own sockets, over all sites, and its part of each site's sockets and
 * megabits a second. First come, first served within a site, where who waits for bandwidth holds no socket and lets
 * those pass that need none; sites in turn. What is under way when a part shrinks goes on.
 */
export class SiteLimits {
  readonly #sockets: number;
  readonly #now: () => number;
  readonly #sites = new Map<string, Site>();
  readonly #ready = new Line<Site>();
  #nth = 0;
  #inFlight = 0;
  #waiting = 0;

  /** `now`: ms of a clock that never goes back. */
  constructor(sockets: number, now: () => number) {
    this.#sockets = sockets;
    this.#now = now;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Whether more cameras of a site may be taken on: those that wait for a socket are less than those that may be under
   * way, at the site and in all. `loading`: cameras of jobs that are being read, of the site and in all. Who waits for
   * bandwidth, and for a site's part that is used up, leaves room for others.
   */
  room(code: string, loading: { readonly site: number; readonly all: number }): boolean {
    const site = this.#sites.get(code);
    if (site === undefined || site.sockets === 0) return false;
    if (waitingAt(site) + loading.site >= Math.min(this.#sockets, site.sockets)) return false;
    let begun = this.#inFlight + loading.all;
    for (const one of this.#sites.values()) begun += Math.min(waitingAt(one), Math.max(0, one.sockets - one.inFlight));
    return begun < 2 * this.#sockets;
  }

  /** `place` null: not known yet; until then nothing begins that one of the site's limits is about. */
  set(code: string, limits: Limits, place: Place | null): void {
    const site = this.#sites.get(code) ?? {
      closed: false,
      sockets: 0,
      inFlight: 0,
      bandwidth: new Bandwidth(),
      online: new Line<Waiter>(),
      pictures: new Line<Waiter>(),
      ready: null,
      timer: null,
    };
    this.#sites.set(code, site);
    site.sockets = socketsOf(limits.sockets, place);
    site.bandwidth.set(bytesASecondOf(limits, place), this.#now());
    site.closed = place !== null && site.sockets === 0;
    if (site.closed) this.#refuseAll(site);
    this.#serve(site);
  }

  /** Who waits where this worker has no part any more would wait for as long as the others live. */
  #refuseAll({ online, pictures }: Site): void {
    for (const line of [online, pictures]) {
      for (let first = line.first; first !== null; first = line.first) {
        line.leave(first);
        this.#waiting--;
        first.value.refused(noPart());
      }
    }
  }

  /**
   * Waits until a probe may begin that will receive about `bytes`: 0 for one that asks for no picture, which no bandwidth
   * holds up. Throws where `signal` ends first, for a site that was never `set`, and a GiveBack where this worker has no
   * part in the site any more. Whoever is let in must call `Freed`, also where its signal ended meanwhile.
   */
  take(code: string, bytes: number, signal: AbortSignal): Promise<Freed> {
    return new Promise((granted, failed) => {
      const site = this.#sites.get(code);
      if (site === undefined) throw new Error(`the limits of site ${code} are not set`);
      if (signal.aborted) throw new Error('stopped');
      if (site.closed) throw noPart();
      const line = bytes === 0 ? site.online : site.pictures;
      const forget = onStop(signal, () => {
        line.leave(standing);
        this.#waiting--;
        failed(new Error('stopped'));
        // Not yet: the next in line may be about to leave by the same signal.
        queueMicrotask(() => this.#serve(site));
      });
      const standing = line.join({
        nth: this.#nth++,
        bytes,
        line,
        granted: (free) => {
          forget();
          granted(free);
        },
        refused: (reason) => {
          forget();
          failed(reason);
        },
      });
      this.#waiting++;
      this.#serve(site);
    });
  }

  /** After anything has changed at `site`. */
  #serve(site: Site): void {
    this.#look(site);
    while (this.#inFlight < this.#sockets && this.#ready.first !== null) {
      const { value: next } = this.#ready.first;
      this.#ready.leave(this.#ready.first);
      next.ready = null;
      const waiter = this.#next(next);
      if (waiter !== null) this.#grant(next, waiter);
      this.#look(next);
    }
  }

  /** Where a probe may begin, the site stands in line for a socket; where bandwidth is all that lacks, it looks again. */
  #look(site: Site): void {
    if (site.timer !== null) clearTimeout(site.timer);
    site.timer = null;
    if (this.#next(site) !== null) {
      site.ready ??= this.#ready.join(site);
      return;
    }
    const { first } = site.pictures;
    if (first === null || site.inFlight >= site.sockets) return;
    const wait = site.bandwidth.wait(first.value.bytes, this.#now());
    if (wait === Number.POSITIVE_INFINITY) return;
    site.timer = setTimeout(() => this.#serve(site), Math.min(Math.ceil(wait), longestMs));
  }

  #next(site: Site): Standing<Waiter> | null {
    if (site.inFlight >= site.sockets) return null;
    const online = site.online.first;
    const picture = site.pictures.first;
    if (picture === null) return online;
    if (online !== null && online.value.nth < picture.value.nth) return online;
    return site.bandwidth.wait(picture.value.bytes, this.#now()) === 0 ? picture : online;
  }

  #grant(site: Site, standing: Standing<Waiter>): void {
    const { bytes, line, granted } = standing.value;
    line.leave(standing);
    this.#waiting--;
    this.#inFlight++;
    site.inFlight++;
    const taken = bytes === 0 ? 0 : site.bandwidth.spend(bytes, this.#now());
    let freed = false;
    granted((received) => {
      if (freed) return;
      freed = true;
      this.#inFlight--;
      site.inFlight--;
      site.bandwidth.settle(taken, received, this.#now());
      this.#serve(site);
    });
  }
}
