/**
 * What a month, a year or any run of days came to: the contract between this stage, which adds it up, and the documents,
 * which print it. Days are YYYY-MM-DD in Asia/Shanghai, the last one included; instants are Dates; times are whole seconds.
 * Every rate is a numerator and a denominator: nobody ever takes a mean of percentages.
 */

/** A rate as it was counted; `of` 0: there is none, and nobody divides by it. */
export type Share = { readonly yes: number; readonly of: number };

export type PeriodClass = 'total' | 'skynet' | 'social' | 'household';

export type Period = {
  /** The first day. */
  readonly from: string;
  /** The last day. */
  readonly until: string;
};

/** Seconds of cameras, from the sweeps. Unknown is in neither part of availability (online / (online + offline)). */
export type Seconds = { readonly online: number; readonly offline: number; readonly unknown: number };

/** The inspection mean of one unit and class: sums over its daily inspections, each in its newest revision. */
export type Sums = {
  /** Daily inspections that are in the sums. */
  readonly inspections: number;
  readonly roster: number;
  readonly exempt: number;
  readonly unknown: number;
  /** The denominator of both rates. */
  readonly assessed: number;
  readonly online: number;
  readonly image: number;
};

/** Days with each verdict. Days without an inspection, or without anything to judge, are in none of them. */
export type VerdictDays = { readonly met: number; readonly missed: number; readonly undetermined: number };

export type UnitPeriod = {
  readonly code: string;
  readonly name: string;
  /** Total is Skynet and social points, as in an inspection. */
  readonly classes: Readonly<Record<PeriodClass, Sums>>;
  /** From the sweeps; total is Skynet and social points. */
  readonly availability: Readonly<Record<PeriodClass, Seconds>>;
  readonly days: VerdictDays;
  readonly outages: OutageFigures;
};

/** One daily inspection, for a line of a chart: class total. */
export type DayPoint = {
  readonly day: string;
  readonly inspection: number;
  readonly assessed: number;
  readonly online: number;
  readonly image: number;
};

/** Seconds of one day, class total. */
export type AvailabilityPoint = Seconds & { readonly day: string };

export type UnitTrend = {
  readonly code: string;
  /** In the order of days; a day without a daily inspection is missing. */
  readonly inspections: readonly DayPoint[];
  readonly availability: readonly AvailabilityPoint[];
};

export type Metric = 'online' | 'image' | 'availability';

/** Units in their order by one metric; those without a rate come last, with rank null. */
export type Ranked = Share & {
  /** From 1; the same rate has the same rank, and the next one counts those before it: 1, 2, 2, 4. */
  readonly rank: number | null;
  readonly code: string;
  readonly name: string;
};

export type OutageFigures = {
  /** That began in the period. */
  readonly began: number;
  /** Of those that ended in the period, whenever they began. */
  readonly ended: number;
  /** Seconds of the ended ones together, without the time that nobody knows of: mean time to repair = seconds / ended. */
  readonly seconds: number;
  /** Seconds of the longest of the ended; 0 where none ended. */
  readonly longest: number;
  /** Of those that had begun by the end of the period: not over by then. */
  readonly open: number;
};

/** By the kind of failure (probes/failure.ts), the most frequent first. */
export type CauseFigures = OutageFigures & { readonly kind: string };

/** A camera with at least so many outages that began in the period, the most first. */
export type RepeatOffender = {
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly class: Exclude<PeriodClass, 'total'>;
  readonly outages: number;
  /** Seconds of those of them that have ended, without unknown time. */
  readonly seconds: number;
  /** The kind of failure of most of them, of two alike the first by name. */
  readonly kind: string;
};

export type PeriodFigures = {
  readonly period: Period;
  /** Name of the formula by which this was added up. */
  readonly formula: string;
  /** Up to when the sweeps are in it: the end of the period, or the last full hour before it that is rolled up. */
  readonly sweptUntil: Date | null;
  /** The daily inspections that are in it, in the order of days, with the versions that can be looked up. */
  readonly inspections: readonly {
    readonly id: number;
    readonly day: string;
    readonly revision: number;
    readonly policy: number;
  }[];
  /** In the city's order; every unit that has a figure. */
  readonly units: readonly UnitPeriod[];
  /** Sums over all units: shown, and nobody is judged by them. */
  readonly city: Omit<UnitPeriod, 'code' | 'name' | 'days'>;
  /** In the city's order. */
  readonly trends: readonly UnitTrend[];
  readonly cityTrend: Omit<UnitTrend, 'code'>;
  /** By class total. */
  readonly rankings: Readonly<Record<Metric, readonly Ranked[]>>;
  readonly causes: readonly CauseFigures[];
  readonly offenders: readonly RepeatOffender[];
  /** Outages from which on a camera is among `offenders`. */
  readonly offends: number;
};
