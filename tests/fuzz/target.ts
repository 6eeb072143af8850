import type fc from 'fast-check';

/** One parser under fire. A case is its input: bytes, texts and numbers only, so that a finding can be kept as JSON. */
export type Target<Input = unknown> = {
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /**
   * Throws where the parser throws, or where its answer is not sound. What pauses between its parts, so that others are
   * heard, is an iterator over them: each part is held to the time of a case.
   */
  check(input: Input): Iterator<unknown> | undefined;
};

/** A target whose cases are conversations: they are waited for, many at once, and not timed by the parser's bound. */
export type Talk<Input = unknown> = {
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** One more place to talk at, for one case after the other. */
  open(): Promise<{ check(input: Input): Promise<void>; close(): Promise<void> }>;
};
