import type { RateClass, Verdict } from '../verdict/rates.ts';
import type { PolicyTargets } from '../verdict/targets.ts';

/**
 * What an inspection came to, whole and frozen: all that a bulletin is made from, so that it can be made again bit by bit
 * when the cameras have other names and the results are long gone. Its SHA-256 is over its canonical form (RFC 8785).
 * Times are ISO 8601 in UTC, days YYYY-MM-DD in Asia/Shanghai.
 */
export type FrozenContent = {
  readonly format: 'xunjian-inspection/1';
  readonly inspection: {
    readonly id: number;
    /** The day whose daily round it is; null for one that somebody asked for. */
    readonly day: string | null;
    /** The one unit that was inspected; null: all. */
    readonly unit: string | null;
    readonly startedAt: string;
    readonly cutoffAt: string;
    readonly completedAt: string;
  };
  readonly revision: {
    /** From 1. */
    readonly number: number;
    /** The revision that this one corrects. */
    readonly previous: { readonly number: number; readonly sha256: string } | null;
    readonly madeAt: string;
    readonly madeBy: string;
    readonly why: string;
  };
  /** Name of the formula. */
  readonly formula: string;
  /** The whole row of the policy: version, since when it is in force, note, targets, attempts … */
  readonly policy: Readonly<Record<string, unknown>> &
    PolicyTargets & { readonly version: number; readonly note: string };
  /** In the city's order. */
  readonly units: readonly UnitFigures[];
  /** Sums over all units: shown, and nobody is judged by them. */
  readonly city: Readonly<Record<RateClass, ClassFigures>>;
  /** What the change is counted from, as it stood when this was frozen: those that there are. */
  readonly comparisons: readonly Comparison[];
  /** The frozen roster, in the order of codes. */
  readonly cameras: readonly FrozenCamera[];
};

export type ClassFigures = {
  readonly roster: number;
  readonly exempt: number;
  readonly unknown: number;
  readonly assessed: number;
  readonly online: number;
  readonly image: number;
  /** Exempt cameras counted as they were found. */
  readonly raw: { readonly assessed: number; readonly online: number; readonly image: number };
  readonly verdict: { readonly online: Verdict | null; readonly image: Verdict | null };
};

export type UnitFigures = {
  readonly code: string;
  readonly name: string;
  readonly classes: Readonly<Record<RateClass, ClassFigures>>;
  readonly verdict: Verdict | null;
};

export type Against = 'yesterday' | 'last_week' | 'last_month';

/** The figures (class total) of an earlier daily inspection: one day, seven days, or one month before. */
export type Comparison = {
  readonly against: Against;
  readonly day: string;
  readonly inspection: number;
  readonly revision: number;
  readonly sha256: string;
  readonly units: readonly ComparedUnit[];
  readonly city: { readonly assessed: number; readonly online: number; readonly image: number };
};

export type ComparedUnit = {
  readonly code: string;
  readonly assessed: number;
  readonly online: number;
  readonly image: number;
};

export type Answer = 'yes' | 'no' | 'unknown';

export type FrozenCamera = {
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly class: 'skynet' | 'social' | 'household';
  readonly site: string;
  /** Whether a picture was asked of it. */
  readonly pictureDue: boolean;
  readonly exempt: null | { readonly exemption: number; readonly reason: string; readonly until: string };
  /** As judged: the best of its attempts, or what a granted appeal made of it. */
  readonly online: Answer;
  readonly image: Answer;
  /** Kind of failure (probes/failure.ts), where it owes something; with its step and evidence. */
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
  /** Faults of the picture that came: black, frozen … */
  readonly faults: readonly string[];
  readonly attempts: readonly FrozenAttempt[];
  /** A granted appeal, and what had been found before it. */
  readonly appeal: null | { readonly appeal: number; readonly online: Answer; readonly image: Answer };
  /** Whose it is to repair, from the archive as it was then; null where the archive does not say. */
  readonly party: null | {
    readonly managingUnit: string | null;
    readonly maintainingUnit: string | null;
    readonly maintainingContact: string | null;
    readonly maintainingPhone: string | null;
  };
  /** What it shares with others, from the archive and inventory as they were then. */
  readonly shares: {
    /** A key of the archive names a thing within its unit: every county has its own pole 3. */
    readonly recorder: string | null;
    readonly pole: string | null;
    readonly onu: string | null;
    readonly power: string | null;
    readonly carrier: string | null;
    /** `host@site` of a camera whose archive names no recorder, where several of its site have that host; else null. */
    readonly host: string | null;
  };
};

export type FrozenAttempt = {
  /** From 1. */
  readonly attempt: number;
  readonly slot: string;
  readonly observedAt: string;
  readonly online: Answer;
  readonly image: Answer;
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
  /** Milliseconds. */
  readonly took: number;
};
