import { addAccount } from '../account/account.ts';
import { hashing } from '../account/hashing.ts';
import { newFirstPassword } from '../account/password-rules.ts';
import type { Role } from '../account/role.ts';
import type { Ground } from '../roles/ground.ts';
import type { City } from '../simulator/city.ts';
import { changing } from './audited.ts';

/** Somebody to sign in as, with a password that lives as long as the demonstration. */
export type DemoAccount = {
  readonly name: string;
  readonly password: string;
  readonly zh: string;
  readonly en: string;
};

/**
 * The centre, which decides on everything, and one county, which meets its own cameras alone. Their passwords are random and
 * need not be changed: whoever reads them started the demonstration.
 */
export const addDemoAccounts = async ({ db }: Pick<Ground, 'db'>, { units }: City): Promise<readonly DemoAccount[]> => {
  const [county] = units;
  if (county === undefined) throw new Error('the simulated city has no units');
  return [
    await addOne(db, 'demo', 'centre', null, '市级中心', 'the centre'),
    await addOne(db, `demo-${county.code}`, 'county', county.code, county.name, 'one county'),
  ];
};

const addOne = async (
  db: Ground['db'],
  name: string,
  role: Role,
  unit: string | null,
  zh: string,
  en: string,
): Promise<DemoAccount> => {
  const password = newFirstPassword();
  const hash = await hashing.hash(password);
  const acting = { action: 'user.add', kind: 'account', on: name, unit, detail: { role } } as const;
  const account = { name, shownName: zh, role, unit, phone: null, password: { hash, firstUntil: null } };
  await changing(db, acting, () => addAccount(db, new Date(), { ...account, by: 'xunjian demo' }));
  return { name, password, zh, en };
};
