import { Readable } from 'node:stream';

/** Bytes that wait for a listener's line before more is kept back. */
const lineBytes = 64 * 1024;
/** What is kept back of one listener at most: events whose order counts, and cameras whose state changed. */
const most = { events: 200, states: 20_000 } as const;

export type Answer = 'yes' | 'no' | 'unknown';
export type StateChange = {
  readonly code: string;
  readonly unit: string;
  readonly online: { readonly from: Answer; readonly to: Answer };
  readonly image: { readonly from: Answer; readonly to: Answer };
  /** Slot of the probe that says so; null: none does any more. */
  readonly at: string | null;
};

/** As the event stream of HTML has it; `id` of what a listener comes back to. */
export const eventText = (event: string, data: unknown, id: number | null = null): string =>
  `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/**
 * One who listens. What their line does not take waits here: states of one camera become one, everything else keeps its
 * order, and who is too slow for that is sent away, to come back where they were.
 */
export class Listener {
  readonly stream: Readable;
  readonly #events: string[] = [];
  readonly #states = new Map<string, StateChange>();
  #wants = false;
  #over = false;

  constructor() {
    this.stream = new Readable({
      highWaterMark: lineBytes,
      read: () => {
        this.#wants = true;
        this.#flow();
      },
    });
  }

  get idle(): boolean {
    return this.#events.length === 0 && this.#states.size === 0;
  }

  tell(text: string): void {
    if (this.#over) return;
    this.#events.push(text);
    if (this.#events.length > most.events) this.end('too slow; come back with Last-Event-ID');
    else this.#flow();
  }

  tellState(change: StateChange): void {
    if (this.#over) return;
    const before = this.#states.get(change.code);
    const both =
      before === undefined
        ? change
        : {
            ...change,
            online: { from: before.online.from, to: change.online.to },
            image: { from: before.image.from, to: change.image.to },
          };
    if (both.online.from === both.online.to && both.image.from === both.image.to) this.#states.delete(change.code);
    else this.#states.set(change.code, both);
    if (this.#states.size > most.states) this.end('too slow; come back with Last-Event-ID');
    else this.#flow();
  }

  /** Ends the stream, saying why in a comment. */
  end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.length = 0;
    this.#states.clear();
    this.stream.push(`: ${why}\n\n`);
    this.stream.push(null);
  }

  #flow(): void {
    while (this.#wants && !this.#over) {
      const next = this.#next();
      if (next === null) return;
      this.#wants = this.stream.push(next);
    }
  }

  #next(): string | null {
    const event = this.#events.shift();
    if (event !== undefined) return event;
    for (const [code, change] of this.#states) {
      this.#states.delete(code);
      return eventText('state', change);
    }
    return null;
  }
}
