import type { FaultName } from '../../src/simulator/faults.ts';

/** Told to the simulator after `sent` and in force at `done` at the latest, both ms since 1970. */
export type Change = { readonly sent: number; readonly done: number; readonly fault: FaultName };

/** What was true of each camera when: its fault at the start, and each one that came after it. */
export class Timeline {
  readonly #changes = new Map<string, Change[]>();

  constructor(cameras: readonly { readonly code: string; readonly fault: FaultName }[]) {
    for (const { code, fault } of cameras) this.#changes.set(code, [{ sent: -Infinity, done: -Infinity, fault }]);
  }

  note(code: string, change: Change): void {
    this.#of(code).push(change);
  }

  /** Every fault that may have been in force at some moment from `from` to `to`, in their order. */
  possible(code: string, from: number, to: number): FaultName[] {
    const changes = this.#of(code);
    return changes
      .filter(({ sent }, nth) => sent <= to && (changes[nth + 1]?.done ?? Infinity) >= from)
      .map(({ fault }) => fault);
  }

  #of(code: string): Change[] {
    const changes = this.#changes.get(code);
    if (changes === undefined) throw new Error(`no camera ${code}`);
    return changes;
  }
}
