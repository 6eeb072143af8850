import { type AuditRow, boundedOpen, entries } from '../audit/entries.ts';
import type { AuditOutcome } from '../audit/record.ts';
import { broken, headOf, verify as verifyChain } from '../audit/verify.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { exit } from './exit.ts';
import { shown } from './import-plan.ts';

export type VerifyOptions = { readonly from?: number; readonly anchor?: Anchor; readonly json?: true };
/** A row's number and hash, noted elsewhere. */
export type Anchor = { readonly number: number; readonly hash: string };

/** Computes the hash of every row anew and follows the chain; 1 where it is broken, and names where. */
export const verify = async ({ db }: Ground, { from, anchor, json }: VerifyOptions): Promise<number> => {
  const verified = await verifyChain(db, { from: from ?? 1, anchor: anchor ?? null });
  const { rows, whole, breaks, head } = verified;
  if (json === true) {
    const told = breaks.map((one) => ({ ...one, ...broken(one) }));
    process.stdout.write(`${JSON.stringify({ ...verified, breaks: told })}\n`);
  } else {
    const lines = breaks.map((one) => `${broken(one).zh}\n  ${broken(one).en}`);
    if (verified.broken > breaks.length) {
      lines.push(`…… 共 ${verified.broken} 处 / ${verified.broken} places in all`);
    }
    const [zh, en] = whole ? ['链完整', 'the chain is whole'] : ['链已断', 'the chain is broken'];
    lines.push(`已核验 ${rows} 条：${zh}\n${rows} rows verified: ${en}`);
    if (head !== null) lines.push(`${head.number}:${head.hash}`);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  return whole ? exit.ok : exit.missed;
};

export type ListOptions = {
  readonly action?: string;
  readonly actor?: string;
  readonly on?: string;
  readonly request?: string;
  readonly outcome?: AuditOutcome;
  readonly open?: true;
  readonly from?: Date;
  readonly until?: Date;
  readonly limit: number;
  readonly json?: true;
};

/** The newest rows, the newest last: it stands above the prompt. */
export const list = async ({ db }: Ground, { limit, json, ...filter }: ListOptions): Promise<number> => {
  const rows = await entries(db, boundedOpen(filter, new Date()), { after: null, oldestFirst: false, limit });
  rows.reverse();
  const lines = rows.map((row) => (json === true ? JSON.stringify(row) : line(row)));
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  else if (json !== true) process.stdout.write('（没有记录 / no row）\n');
  return exit.ok;
};

const line = ({
  number,
  at,
  actor,
  role,
  via,
  address,
  action,
  kind,
  on,
  unit,
  outcome,
  why,
  detail,
}: AuditRow): string =>
  [
    ...[
      number,
      localTime(at),
      `${actor}${role === null ? '' : ` (${role})`}`,
      address === null ? via : `${via} ${address}`,
    ],
    ...[action, outcome, [kind, on, unit].filter((one) => one !== null).join(' '), why ?? ''],
    detail === null ? '' : JSON.stringify(detail),
  ]
    .map((cell) => shown(String(cell)))
    .join('  ')
    .trimEnd();

/** The end of the chain, to be kept where whoever can write to the database cannot: on paper, in another system's log. */
export const head = async ({ db }: Ground, { json }: { readonly json?: true }): Promise<number> => {
  const end = await headOf(db);
  if (end === null)
    throw new Sentence(
      '审计链没有末尾：请运行 xunjian audit verify',
      'the chain has no end: run "xunjian audit verify"',
    );
  process.stdout.write(json === true ? `${JSON.stringify(end)}\n` : `${end.number}:${end.hash}\n`);
  return exit.ok;
};
