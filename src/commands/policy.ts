import type { Ground } from '../roles/ground.ts';
import { decidePolicy, policiesAfter, policyAt, policyOf } from '../schedule/policy.ts';
import { requireFuture, requireSound } from '../schedule/policy-rules.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';
import type { Targets } from './policy-option.ts';
import type { readSweeps } from './sweep-option.ts';

export type PolicyOptions = {
  readonly snapshotProves?: boolean;
  readonly deviceFacts?: boolean;
  readonly sweep?: ReturnType<typeof readSweeps>;
  readonly target?: Targets;
  readonly coverage?: number;
  readonly attempts?: number[];
  readonly cutoff?: number;
  /** null: none. */
  readonly dailyAt?: string | null;
  readonly exemptionLongest?: number;
  readonly exemptionBackdating?: number;
  readonly downAfter?: number;
  readonly upAfter?: number;
  readonly validFrom?: Date;
  readonly note?: string;
  readonly json?: true;
};

/** Shows the policy in force, or decides a new version of it: what was judged before keeps its own. */
export const policy = async ({ db }: Ground, options: PolicyOptions): Promise<number> => {
  const changes = changesOf(options);
  const now = new Date();
  const decides = Object.keys(changes).length > 0;
  const { validFrom = now, note, json } = options;
  if (!decides && options.validFrom !== undefined) {
    throw new Sentence(
      '--valid-from 须与要改的内容一同给出，例如 --target',
      '--valid-from goes with what is to change, such as --target',
    );
  }
  let shown = await policyAt(db, validFrom);
  if (decides) {
    requireFuture(validFrom, now);
    if (note === undefined || note.trim() === '') {
      throw new Sentence(
        '缺少 --note：请写明依据，例如文号；每项数据都注明其口径版本',
        '--note is missing: say on whose word, such as the number of a document; every figure names its version of the policy',
      );
    }
    requireSound({ ...shown, ...changes });
    const version = await changing(
      db,
      { action: 'policy.decide', kind: 'policy', why: note, detail: changes },
      async (tell) => {
        const decided = await decidePolicy(db, validFrom, note, changes);
        tell({ on: String(decided) });
        return decided;
      },
    );
    shown = await policyOf(db, version);
  }
  const shownValue = (value: unknown): string => (value instanceof Date ? localTime(value) : String(value ?? '-'));
  const coming = decides ? [] : await policiesAfter(db, now);
  const lines = [
    ...Object.entries(shown).map(([name, value]) => `${name.padEnd(23)} ${shownValue(value)}`),
    ...coming.map((one) => `将生效 to come           v${one.version} ${localTime(one.valid_from)} ${one.note}`),
  ];
  process.stdout.write(json === true ? `${JSON.stringify(shown)}\n` : `${lines.join('\n')}\n`);
  return exit.ok;
};

const changesOf = (options: PolicyOptions): Parameters<typeof decidePolicy>[3] => {
  const said = {
    snapshot_proves: options.snapshotProves,
    device_facts: options.deviceFacts,
    coverage: options.coverage,
    attempts: options.attempts,
    cutoff: options.cutoff,
    daily_at: options.dailyAt,
    exemption_longest_days: options.exemptionLongest,
    exemption_backdating: options.exemptionBackdating,
    down_after: options.downAfter,
    up_after: options.upAfter,
    ...options.sweep,
    ...options.target,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
};
