import type { Database } from '../db/pool.ts';
import type { Log } from '../log.ts';
import type { CameraDirectory } from '../rollup/directory.ts';
import { type Answer, eventText, type Listener } from './listener.ts';
import { newestRoundEvent, type RoundEvent, roundEvents, roundProgress } from './round-events.ts';

/** Milliseconds. */
type Times = {
  /** How often rounds are looked at; progress every second time, states every fifth. */
  readonly look: number;
  /** A line on which nothing is said is cut by proxies. */
  readonly beat: number;
  /** How often each listener's session is looked at. */
  readonly check: number;
};
const usualTimes: Times = { look: 1_000, beat: 15_000, check: 60_000 };
const progressEvery = 2;
const statesEvery = 5;
/** Of what a listener missed so many are told; who missed more reads everything anew. */
const mostMissed = 1_000;
const page = 500;

export type Listening = {
  readonly listener: Listener;
  /** All that it meets; null: the city. */
  readonly reach: string | null;
  /** Whether it may still listen. */
  readonly allowed: () => Promise<boolean>;
};

type Heard = Listening & { after: number; readonly progress: Map<number, number>; checked: number };

const pushed = ({ id, at, kind, inspection, revision, unit }: RoundEvent): string =>
  eventText('round', { kind, inspection, unit, revision, at: at.toISOString() }, id);

/** What a round became is of everybody whose round it is; that it was corrected, of those whose cameras it touches. */
const concerns = ({ unit, kind, touched }: RoundEvent, reach: string | null): boolean =>
  reach === null || (kind === 'revised' ? touched!.includes(reach) : unit === null || unit === reach);

/**
 * One for all listeners of a process: looks into the database while somebody listens, and tells each what they meet.
 * Rounds are told by their numbers, so that whoever comes back misses none; progress and states are of now.
 */
export class EventSource {
  readonly #db: Database;
  readonly #directory: CameraDirectory;
  readonly #log: Pick<Log, 'debug'>;
  readonly #times: Times;
  readonly #all = new Set<Heard>();
  #cursor = 0;
  #looks = 0;
  #timer: NodeJS.Timeout | null = null;
  #beat: NodeJS.Timeout | null = null;
  #stopped = false;
  /** What cameras were last told as, by id. */
  #states = new Map<number, { readonly online: Answer; readonly image: Answer }>();
  /** One look, or one who joins, at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(db: Database, directory: CameraDirectory, log: Pick<Log, 'debug'>, times = usualTimes) {
    this.#db = db;
    this.#directory = directory;
    this.#log = log;
    this.#times = times;
  }

  /**
   * Tells `listening` what was missed since the round's event numbered `last` (null: nothing), and from then on what
   * happens, until its stream is closed.
   */
  join(listening: Listening, last: number | null): Promise<void> {
    return this.#inTurn(async () => {
      const newest = await newestRoundEvent(this.#db);
      if (this.#all.size === 0) this.#cursor = newest;
      const { listener, reach } = listening;
      const from = Math.min(last ?? newest, newest);
      const missed = await roundEvents(this.#db, from, newest, mostMissed);
      const mine = missed.filter((event) => concerns(event, reach));
      // A number that went up would tell of other units' rounds: it is that of the newest event that they met.
      const all = missed.length < mostMissed;
      const met = reach === null ? newest : ((all ? mine.at(-1)?.id : null) ?? (await this.#newestMet(newest, reach)));
      if (listener.stream.destroyed) return;
      if (!all || mine.length > 100) {
        listener.tell(eventText('reload', {}, met));
      } else {
        for (const event of mine) listener.tell(pushed(event));
        listener.tell(eventText('ready', { at: new Date().toISOString() }, met));
      }
      const heard: Heard = { ...listening, after: newest, progress: new Map(), checked: Date.now() };
      this.#all.add(heard);
      listener.stream.once('close', () => this.#leave(heard));
      if (this.#stopped) listener.end('the service stops; come back');
      else this.#wake();
    });
  }

  /** The number of the newest event up to `until` that a unit met; 0: none. The city's own are every unit's: it is near. */
  async #newestMet(until: number, reach: string): Promise<number> {
    for (let high = until; high > 0; high -= page) {
      const events = await roundEvents(this.#db, Math.max(0, high - page), high, page);
      const met = events.findLast((event) => concerns(event, reach));
      if (met !== undefined) return met.id;
    }
    return 0;
  }

  stop(): void {
    this.#stopped = true;
    for (const { listener } of this.#all) listener.end('the service stops; come back');
    this.#sleep();
  }

  #leave(heard: Heard): void {
    this.#all.delete(heard);
    if (this.#all.size === 0) this.#sleep();
  }

  #wake(): void {
    if (this.#timer !== null) return;
    this.#looks = 0;
    this.#timer = setTimeout(() => void this.#look(), this.#times.look);
    this.#beat = setInterval(() => {
      for (const { listener } of this.#all) if (listener.idle) listener.tell(': still here\n\n');
    }, this.#times.beat);
  }

  #sleep(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#timer = null;
    this.#beat = null;
    this.#states.clear();
  }

  async #look(): Promise<void> {
    const timer = this.#timer;
    await this.#inTurn(async () => {
      this.#looks += 1;
      await this.#tellRounds();
      if (this.#looks % progressEvery === 1) await this.#tellProgress();
      if (this.#looks % statesEvery === 1) await this.#tellStates();
      await this.#sendAway();
    }).catch((error: Error) => this.#log.debug({ error: error.message }, 'events wait for the database'));
    // Whoever fell asleep and woke meanwhile has a timer of their own.
    if (this.#timer === timer && timer !== null) this.#timer = setTimeout(() => void this.#look(), this.#times.look);
  }

  async #tellRounds(): Promise<void> {
    for (;;) {
      const events = await roundEvents(this.#db, this.#cursor, Number.MAX_SAFE_INTEGER, page);
      for (const event of events) {
        for (const heard of this.#all) {
          if (event.id <= heard.after) continue;
          if (concerns(event, heard.reach)) heard.listener.tell(pushed(event));
          heard.after = event.id;
        }
      }
      this.#cursor = events.at(-1)?.id ?? this.#cursor;
      if (events.length < page) return;
    }
  }

  async #tellProgress(): Promise<void> {
    const rounds = Map.groupBy(await roundProgress(this.#db), ({ inspection }) => inspection);
    for (const { listener, reach, progress } of this.#all) {
      for (const inspection of progress.keys()) if (!rounds.has(inspection)) progress.delete(inspection);
      for (const [inspection, units] of rounds) {
        const met = units.filter(({ unit }) => reach === null || unit === reach);
        const sum = (what: 'cameras' | 'answered'): number => met.reduce((all, one) => all + one[what], 0);
        const answered = sum('answered');
        if (met.length === 0 || progress.get(inspection) === answered) continue;
        progress.set(inspection, answered);
        const unit = units[0]!.scope;
        listener.tell(eventText('progress', { inspection, unit, cameras: sum('cameras'), answered }));
      }
    }
  }

  async #tellStates(): Promise<void> {
    const { table, now } = await this.#directory.fresh();
    // The last one left meanwhile: what is remembered would be old to the next.
    if (this.#all.size === 0) return;
    const at = now.getTime();
    const isFirst = this.#states.size === 0;
    for (let place = 0; place < table.size; place += 1) {
      const { id, code, unit, state } = table.at(place);
      if (state !== 'in_use') {
        this.#states.delete(id);
        continue;
      }
      const { online, onlineAt, image } = table.stateOf(place, at);
      const before = this.#states.get(id);
      if (before?.online === online && before.image === image) continue;
      this.#states.set(id, { online, image });
      // One that has come, or all when somebody begins to listen: nothing changed that anybody could have seen.
      if (before === undefined || isFirst) continue;
      const change = {
        ...{ code, unit },
        online: { from: before.online, to: online },
        image: { from: before.image, to: image },
        at: onlineAt?.toISOString() ?? null,
      };
      for (const { listener, reach } of this.#all) if (reach === null || reach === unit) listener.tellState(change);
    }
  }

  /** Those who have signed out, or whose rights are others now. */
  async #sendAway(): Promise<void> {
    const now = Date.now();
    for (const heard of this.#all) {
      if (now - heard.checked < this.#times.check) continue;
      heard.checked = now;
      if (!(await heard.allowed())) heard.listener.end('signed out');
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
