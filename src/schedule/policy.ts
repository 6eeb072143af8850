import type { Queryable } from '../db/pool.ts';

export type Policy = {
  readonly version: number;
  readonly valid_from: Date;
  readonly note: string;
  /** HH:MM:SS in Asia/Shanghai: when the daily round begins; null where none does by itself. */
  readonly daily_at: string | null;
  readonly total_online: number;
  readonly total_image: number;
  readonly skynet_online: number;
  readonly skynet_image: number;
  readonly social_online: number;
  readonly social_image: number;
  readonly coverage: number;
  /** Seconds after the start. */
  readonly attempts: number[];
  /** Seconds after the start. */
  readonly cutoff: number;
  /** Milliseconds. */
  readonly deadline: number;
  readonly household_pictures: boolean;
  readonly evidence: boolean;
  readonly snapshot_proves: boolean;
  readonly device_facts: boolean;
  /** Seconds from one probe of a sweep to the next; null: never. */
  readonly skynet_online_every: number | null;
  readonly skynet_picture_every: number | null;
  readonly social_online_every: number | null;
  readonly social_picture_every: number | null;
  readonly household_online_every: number | null;
  readonly household_picture_every: number | null;
  /** Days that an exemption may last at most. */
  readonly exemption_longest_days: number;
  /** Seconds after an inspection's start until which an exemption that is submitted then still counts for it. */
  readonly exemption_backdating: number;
  /** Failed probes in a row after which a camera is down. */
  readonly down_after: number;
  /** Good probes in a row after which it is up again. */
  readonly up_after: number;
};

/** Nothing is probed but in inspections. */
export const noSweeps = {
  skynet_online_every: null,
  skynet_picture_every: null,
  social_online_every: null,
  social_picture_every: null,
  household_online_every: null,
  household_picture_every: null,
} as const satisfies Partial<Policy>;

/** The policy in force at `at`: of those valid by then, the newest. */
export const policyAt = (db: Queryable, at: Date): Promise<Policy> =>
  db.one<Policy>('select * from policy where valid_from <= $1 order by valid_from desc, version desc limit 1', [at]);

export const policyOf = (db: Queryable, version: number): Promise<Policy> =>
  db.one<Policy>('select * from policy where version = $1', [version]);

/** A page of all versions, by number, behind `after`; null: from the first. `total` is of all pages. */
export const policies = async (
  db: Queryable,
  {
    newestFirst,
    after,
    limit,
  }: { readonly newestFirst: boolean; readonly after: number | null; readonly limit: number },
): Promise<{ readonly page: Policy[]; readonly total: number }> => ({
  page: await db.many<Policy>(
    `select * from policy where $1::bigint is null or ${newestFirst ? 'version < $1' : 'version > $1'}
     order by version ${newestFirst ? 'desc' : 'asc'} limit $2`,
    [after, limit],
  ),
  total: (await db.one<{ total: number }>('select count(*)::integer as total from policy')).total,
});

/** What is decided but not in force at `at`, in the order in which it will be. */
export const policiesAfter = (db: Queryable, at: Date): Promise<Policy[]> =>
  db.many<Policy>('select * from policy where valid_from > $1 order by valid_from, version', [at]);

/** A new version that differs from the one in force then in what `changes` says; gives the new version's number. */
export const decidePolicy = async (
  db: Queryable,
  validFrom: Date,
  note: string,
  changes: Partial<Omit<Policy, 'version' | 'valid_from' | 'note'>>,
): Promise<number> => {
  const next = { ...(await policyAt(db, validFrom)), ...changes };
  const { version } = await db.one<{ version: number }>(
    `insert into policy (valid_from, note, daily_at, total_online, total_image, skynet_online, skynet_image, social_online,
       social_image, coverage, attempts, cutoff, deadline, household_pictures, evidence, snapshot_proves,
       device_facts, skynet_online_every, skynet_picture_every, social_online_every, social_picture_every,
       household_online_every, household_picture_every, exemption_longest_days, exemption_backdating, down_after,
       up_after)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
       $24, $25, $26, $27)
     returning version`,
    [
      ...[validFrom, note, next.daily_at, next.total_online, next.total_image, next.skynet_online, next.skynet_image],
      ...[next.social_online, next.social_image, next.coverage, next.attempts, next.cutoff, next.deadline],
      ...[next.household_pictures, next.evidence, next.snapshot_proves, next.device_facts],
      ...[next.skynet_online_every, next.skynet_picture_every, next.social_online_every, next.social_picture_every],
      ...[next.household_online_every, next.household_picture_every],
      ...[next.exemption_longest_days, next.exemption_backdating, next.down_after, next.up_after],
    ],
  );
  return version;
};
