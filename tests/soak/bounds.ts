/** From, and up to, ms since 1970: a machine was away, as planned. */
export type Outage = { readonly at: number; readonly until: number };

/** A process that ended by itself. */
export type Exit = { readonly startedAt: number; readonly at: number };

export type Lived = {
  /** Probes that were due, and those of them that nobody planned (`scheduler_away`). */
  readonly due: number;
  readonly missed: number;
  readonly spanMs: number;
  /** Of the database, without which nobody plans. */
  readonly databaseAway: readonly Outage[];
  /** Of the database and of Redis. */
  readonly outages: readonly Outage[];
  readonly processes: readonly { readonly name: string; readonly exits: readonly Exit[]; readonly peakMiB: number }[];
};

/** Until a scheduler is there again and plans, ms; it makes up for the last 30 s. */
const planningMs = 20_000;
/** What starts in an outage, or this long behind it, may end for it, ms. */
const startingMs = 5_000;
const mostMiB = 500;

/** What the planned outages do not explain: one line each. Pure. */
export const unexplained = ({ due, missed, spanMs, databaseAway, outages, processes }: Lived): string[] => {
  const awayMs = databaseAway.reduce((sum, { at, until }) => sum + until - at + planningMs, 0);
  const most = Math.ceil(due * Math.min(0.9, awayMs / spanMs));
  return [
    ...(missed > most ? [`scheduler away: ${missed} of ${due} probes were missed, the outages explain ${most}`] : []),
    ...processes.flatMap(({ name, exits, peakMiB }) => {
      const own = exits.filter(
        ({ startedAt }) => !outages.some(({ at, until }) => startedAt >= at && startedAt <= until + startingMs),
      ).length;
      return [
        ...(own > 0 ? [`crashed: ${name} ended ${own} times by itself`] : []),
        ...(peakMiB > mostMiB ? [`memory: ${name} held ${peakMiB} MiB, ${mostMiB} are the most`] : []),
      ];
    }),
  ];
};
