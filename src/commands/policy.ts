import type { Ground } from '../roles/ground.ts';
import { decidePolicy, policyAt } from '../schedule/policy.ts';
import { Sentence } from '../sentence.ts';
import { exit } from './exit.ts';
import type { readSweeps } from './sweep-option.ts';

export type PolicyOptions = {
  readonly snapshotProves?: boolean;
  readonly deviceFacts?: boolean;
  readonly sweep?: ReturnType<typeof readSweeps>;
  readonly note?: string;
  readonly json?: true;
};

/** Shows the policy in force, or decides a new version of it from now on: what was judged before keeps its own. */
export const policy = async (
  { db }: Ground,
  { snapshotProves, deviceFacts, sweep, note, json }: PolicyOptions,
): Promise<number> => {
  const changes = {
    ...(snapshotProves === undefined ? {} : { snapshot_proves: snapshotProves }),
    ...(deviceFacts === undefined ? {} : { device_facts: deviceFacts }),
    ...sweep,
  };
  const now = new Date();
  if (Object.keys(changes).length > 0) {
    if (note === undefined || note.trim() === '') {
      throw new Sentence(
        '缺少 --note：请写明依据，例如文号；每项数据都注明其口径版本',
        '--note is missing: say on whose word, such as the number of a document; every figure names its version of the policy',
      );
    }
    await decidePolicy(db, now, note, changes);
  }
  const inForce = await policyAt(db, now);
  if (json === true) process.stdout.write(`${JSON.stringify(inForce)}\n`);
  else
    for (const [name, value] of Object.entries(inForce)) process.stdout.write(`${name.padEnd(23)} ${value ?? '-'}\n`);
  return exit.ok;
};
