import { getHeapStatistics } from 'node:v8';
import type { RequestLimits } from './limits.ts';

/** What the API takes at most; times in ms. */
export type Bounds = RequestLimits & {
  /** Until the whole head of a request is there, and the whole request: whoever drips is cut off. */
  readonly headersWithin: number;
  readonly requestWithin: number;
  /** Of a connection on which nothing goes either way. The event stream says something every 15 s. */
  readonly silentFor: number;
  readonly connections: number;
  /** Mean delay of the event loop over a second from which on it answers 503, so that what is under way is finished. */
  readonly lag: number;
  /** Bytes of heap from which on it does. */
  readonly heap: number;
};

export const usualBounds: Bounds = {
  // 600 a second: three hundred people behind one address who each look at two pages a second.
  byAddress: 6_000,
  // 120 a second: a program that reads every camera of the city, one by one, in two minutes and a half.
  byAccount: 1_200,
  headersWithin: 10_000,
  // A file of 10 MB over one megabit a second.
  requestWithin: 120_000,
  silentFor: 120_000,
  connections: 4_000,
  lag: 1_000,
  heap: Math.floor(getHeapStatistics().heap_size_limit * 0.9),
};
