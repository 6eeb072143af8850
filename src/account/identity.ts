import type { Queryable, Statements } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { type Account, accountColumns } from './account.ts';
import { endAll } from './change.ts';
import { namePattern } from './name.ts';
import type { Person } from './oidc.ts';

/** Why a person whom the provider knows gets no session here. */
export type StrangerReason = 'unknown' | 'several' | 'other' | 'unproven' | 'disabled';

export class Stranger extends Sentence {
  readonly reason: StrangerReason;
  /** The account that it is about, for the audit; null where there is none. */
  readonly account: Account | null;

  constructor(reason: StrangerReason, account: Account | null, zh: string, en: string) {
    super(zh, en);
    this.reason = reason;
    this.account = account;
  }
}

/**
 * The account of a person at a provider. Accounts are made by the administrator and never by a provider: who sees a county's
 * cameras is decided here. The first time an account is found by its name, and bound to the provider's subject; from then on
 * the subject alone counts, so that a name given to somebody else later opens nothing. Nor does a name that somebody took at
 * the provider open an account whose person signs in by a password of ours: that one is bound in a session of its own
 * (`signedIn`: whose session the browser is in, null: none). Throws a Stranger.
 */
export const accountOf = async (
  db: Queryable,
  now: Date,
  person: Person,
  signedIn: number | null,
): Promise<Account> => {
  const account = (await boundTo(db, person)) ?? (await bind(db, now, person, signedIn));
  if (account.disabled_at === null) return account;
  throw new Stranger('disabled', account, `账号 ${account.name} 已停用`, `The account ${account.name} is disabled`);
};

const boundTo = (db: Queryable, { issuer, subject }: Person): Promise<Account | null> =>
  db.maybeOne<Account>(
    `select ${accountColumns} from account_identity join account on account.id = account_identity.account
     where issuer = $1 and subject = $2`,
    [issuer, subject],
  );

/** Only case is forgiven, and of A to Z only: ａｄｍｉｎ at the provider may be somebody else than admin. */
const asKey = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const bind = async (db: Queryable, now: Date, person: Person, signedIn: number | null): Promise<Account> => {
  const { issuer, subject } = person;
  const names = person.names.filter((name) => new RegExp(namePattern, 'u').test(name)).map(asKey);
  const told = names[0] ?? '—';
  const accounts = await db.many<Account>(`select ${accountColumns} from account where key = any($1) limit 2`, [names]);
  const [account, second] = accounts;
  if (account === undefined) {
    throw new Stranger(
      'unknown',
      null,
      `本系统没有 ${told} 的账号：请管理员建立同名账号后再登录`,
      `There is no account for ${told} here: ask the administrator to make one of that name, then sign in again`,
    );
  }
  if (second !== undefined) {
    throw new Stranger(
      'several',
      null,
      `${names.join('、')} 对应两个账号：请管理员更正`,
      `${names.join(' and ')} are two accounts: ask the administrator to correct it`,
    );
  }
  // A disabled account is bound to nobody.
  if (account.disabled_at !== null) return account;
  if (account.has_password && account.signed_in_at !== null && account.id !== signedIn) {
    throw new Stranger(
      'unproven',
      account,
      `账号 ${account.name} 用密码登录，不凭名称绑定统一身份认证：请先用密码登录，再在“我的账号”中绑定`,
      `The account ${account.name} signs in by a password and is bound to nobody by its name: sign in so, then bind it under My account`,
    );
  }
  const bound = await db.run(
    `insert into account_identity (issuer, subject, account, bound_at) values ($1, $2, $3, $4) on conflict do nothing`,
    [issuer, subject, account.id, now],
  );
  if (bound === 1) return account;
  // Whoever came with the same identity a moment before has bound it; anybody else is not this account's person.
  const already = await boundTo(db, person);
  if (already !== null) return already;
  throw new Stranger(
    'other',
    account,
    `账号 ${account.name} 已绑定统一身份认证中的另一人：请联系管理员（xunjian user unbind）`,
    `The account ${account.name} belongs to somebody else at the identity provider: ask the administrator (xunjian user unbind)`,
  );
};

/** Forgets who an account is at every provider, and ends what was opened as them. A Sentence where it is nobody. */
export const unbindAccount = (db: Statements, { id, name }: Pick<Account, 'id' | 'name'>): Promise<void> =>
  db.transaction(async (tx) => {
    const bound = await tx.run('delete from account_identity where account = $1', [id]);
    if (bound === 0) {
      throw new Sentence(`${name} 没有与统一身份认证绑定`, `${name} is bound to nobody at an identity provider`);
    }
    await endAll(tx, id);
  });
