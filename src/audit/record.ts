import type { Queryable } from '../db/pool.ts';
import { boundedDetail, boundedText } from './bounded.ts';

/** One row of the audit: who, what, on which, from where, why, and what came of it. */
export type AuditEntry = {
  /** An account's name, a system user's at the command line, or `xunjian` itself. */
  readonly actor: string;
  readonly role: string | null;
  readonly via: 'session' | 'token' | 'sign_in' | 'command' | 'system';
  /** null: none is known, or the command line. */
  readonly address: string | null;
  /** Such as `exemption.decide`, `picture.look`, `key.rotate`. */
  readonly action: string;
  /** What kind of thing, which of them, and whose: `camera`, its code, its unit. */
  readonly kind: string | null;
  readonly on: string | null;
  readonly unit: string | null;
  readonly why: string | null;
  readonly outcome: AuditOutcome;
  /** The request's id. */
  readonly request: string | null;
  /** No secret, no body: what else must be known. */
  readonly detail: Readonly<Record<string, unknown>> | null;
};

/**
 * begun: a change is about to be made, and the row of what came of it follows with the same `request`; where none does,
 * the process was killed in between, and whether it was made is seen at the thing itself. replayed: what had been answered
 * was answered again, and nothing was done.
 */
export const outcomes = ['begun', 'done', 'refused', 'failed', 'replayed'] as const;
export type AuditOutcome = (typeof outcomes)[number];

const text = (value: string | null, most = 200): string | null => (value === null ? null : boundedText(value, most));

/** The columns as they are stored. */
const columnsOf = (entry: AuditEntry): (string | null)[] => [
  ...[text(entry.actor) || '-', text(entry.role), entry.via, text(entry.address), entry.action, text(entry.kind)],
  ...[text(entry.on), text(entry.unit), text(entry.why, 2_000), entry.outcome, text(entry.request)],
  entry.detail === null ? null : boundedDetail(entry.detail),
];

/**
 * Adds a row to the chain; its number, time and hashes are the database's. In a transaction it goes with what it tells of,
 * and holds the end of the chain until that commits: let it be the last statement of one, and not of a repeatable read,
 * which fails where another row came meanwhile. Whatever stands in the entry, it
 * can be stored: texts are cut and rid of control characters. Nothing of the audit is ever removed, so that it is kept
 * longer than the 180 days that are asked for.
 */
export const record = (db: Queryable, entry: AuditEntry): Promise<void> => recordAll(db, [entry]);

/** The same with several, in their order: all of them or none. */
export const recordAll = async (db: Queryable, all: readonly AuditEntry[]): Promise<void> => {
  const rows = all.map(columnsOf);
  await db.run(
    `insert into audit (actor, role, via, address, action, kind, on_id, unit, why, outcome, request, detail)
     select actor, role, via, address, action, kind, on_id, unit, why, outcome, request, detail::jsonb
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::text[], $10::text[], $11::text[], $12::text[]) with ordinality
       as added (actor, role, via, address, action, kind, on_id, unit, why, outcome, request, detail, nth)
     order by nth`,
    rows[0]!.map((_, column) => rows.map((row) => row[column])),
  );
};
