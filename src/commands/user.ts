import { type Account, accountNamed, addAccount } from '../account/account.ts';
import { everyAccount } from '../account/accounts.ts';
import { type Changes, changeAccount, dropTotp, endAll, firstPasswordMs, resetPassword } from '../account/change.ts';
import { hashing } from '../account/hashing.ts';
import { unbindAccount } from '../account/identity.ts';
import { newFirstPassword } from '../account/password-rules.ts';
import type { Role } from '../account/role.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';
import { requireOneLine } from './one-line.ts';

/** Chores with accounts for when nobody can sign in to do them, as for the first administrator. */

type Json = { readonly json?: true };

export type AddOptions = Json & {
  readonly name: string;
  readonly role: Role;
  readonly shownName?: string;
  readonly unit?: string;
  readonly phone?: string;
  /** false: it signs in at the identity provider alone. */
  readonly password: boolean;
};

/** Adds an account, and tells its first password: this once. */
export const add = async ({ db }: Ground, options: AddOptions): Promise<number> => {
  const { name, role, shownName = name, unit = null, phone = null, json } = options;
  requireOneLine('--shown-name', shownName, 100);
  if (phone !== null) requireOneLine('--phone', phone, 32);
  const now = new Date();
  const first = options.password ? newFirstPassword() : null;
  const until = new Date(now.getTime() + firstPasswordMs);
  const password = first === null ? null : { hash: await hashing.hash(first), firstUntil: until };
  const acting = { action: 'user.add', kind: 'account', on: name, unit, detail: { role } } as const;
  const account = await changing(db, acting, () =>
    addAccount(db, now, { name, shownName, role, unit, phone, password, by: 'xunjian user add' }),
  );
  tellFirst(account, first, until, json === true);
  return exit.ok;
};

/** A new first password for whoever lost theirs, told this once; all that was open ends. */
export const password = async ({ db }: Ground, name: string, { json }: Json): Promise<number> => {
  const account = await named(db, name);
  const now = new Date();
  const first = newFirstPassword();
  const hash = await hashing.hash(first);
  await changing(db, { action: 'user.reset_password', ...about(account) }, () =>
    resetPassword(db, now, account.id, hash),
  );
  tellFirst(account, first, new Date(now.getTime() + firstPasswordMs), json === true);
  return exit.ok;
};

export type SetOptions = Json & {
  readonly shownName?: string;
  readonly role?: Role;
  /** `none`: the whole city. */
  readonly unit?: string;
  readonly phone?: string;
};

/** Changes an account; a change of role or unit ends its sessions and tokens. */
export const set = async ({ db }: Ground, name: string, options: SetOptions): Promise<number> => {
  const { shownName, role, unit, phone, json } = options;
  if (shownName === undefined && role === undefined && unit === undefined && phone === undefined) {
    throw new Sentence(
      '没有要修改的内容：--shown-name、--role、--unit、--phone 至少一项',
      'nothing to change: give --shown-name, --role, --unit or --phone',
    );
  }
  if (shownName !== undefined) requireOneLine('--shown-name', shownName, 100);
  if (phone !== undefined) requireOneLine('--phone', phone, 32);
  await change(
    db,
    name,
    {
      ...(shownName === undefined ? {} : { shownName }),
      ...(role === undefined ? {} : { role }),
      ...(unit === undefined ? {} : { unit: unit === 'none' ? null : unit }),
      ...(phone === undefined ? {} : { phone }),
    },
    json === true,
  );
  return exit.ok;
};

export const disable = async ({ db }: Ground, name: string, { json }: Json): Promise<number> => {
  await change(db, name, { disabled: true }, json === true);
  return exit.ok;
};

export const enable = async ({ db }: Ground, name: string, { json }: Json): Promise<number> => {
  await change(db, name, { disabled: false }, json === true);
  return exit.ok;
};

export const endSessions = async ({ db }: Ground, name: string, { json }: Json): Promise<number> => {
  const account = await named(db, name);
  await changing(db, { action: 'user.end_sessions', ...about(account) }, () => endAll(db, account.id));
  say(json === true, { name: account.name }, `${account.name}：会话与令牌已全部结束 / all sessions and tokens ended`);
  return exit.ok;
};

/** For whoever lost their telephone and their recovery codes. */
export const removeTotp = async ({ db }: Ground, name: string, { json }: Json): Promise<number> => {
  const account = await named(db, name);
  if (!account.totp) throw new Sentence(`${account.name} 未启用动态验证码`, `${account.name} has no second factor`);
  await changing(db, { action: 'user.remove_totp', ...about(account) }, () => dropTotp(db, account.id));
  say(json === true, { name: account.name }, `${account.name}：动态验证码已移除 / second factor removed`);
  return exit.ok;
};

/** For whoever is another person at the identity provider now, or was bound to the wrong one: the next sign-in binds anew. */
export const unbind = async ({ db }: Ground, name: string, { json }: Json): Promise<number> => {
  const account = await named(db, name);
  await changing(db, { action: 'user.unbind', ...about(account) }, () => unbindAccount(db, account));
  say(
    json === true,
    { name: account.name },
    `${account.name}：已解除绑定，会话与令牌已结束 / unbound, its sessions ended`,
  );
  return exit.ok;
};

export const list = async ({ db }: Ground, { json }: Json): Promise<number> => {
  const accounts = await everyAccount(db);
  const lines = accounts.map((account) => lineOf(account).join('  '));
  if (json === true) process.stdout.write(`${JSON.stringify({ users: accounts.map(shown) })}\n`);
  else process.stdout.write(`${lines.join('\n') || '（尚无账号 / no account yet）'}\n`);
  return exit.ok;
};

const change = async (db: Ground['db'], name: string, changes: Changes, json: boolean): Promise<void> => {
  const account = await named(db, name);
  const { role, unit, disabled } = changes;
  const detail = { role, unit, disabled, was: { role: account.role, unit: account.unit } };
  const acting = { action: 'user.change', ...about(account), detail } as const;
  const changed = await changing(db, acting, () => changeAccount(db, new Date(), account.id, changes));
  say(json, shown(changed!), lineOf(changed!).join('  '));
};

const named = async (db: Ground['db'], name: string): Promise<Account> => {
  const account = await accountNamed(db, name);
  if (account !== null) return account;
  throw new Sentence(
    `没有登录名为 ${name} 的账号：可用 xunjian user list 查看`,
    `there is no account ${name}: see xunjian user list`,
  );
};

const about = ({ name, unit }: Account) => ({ kind: 'account', on: name, unit }) as const;

const say = (json: boolean, object: object, text: string): void => {
  process.stdout.write(json ? `${JSON.stringify(object)}\n` : `${text}\n`);
};

const tellFirst = (account: Account, first: string | null, until: Date, json: boolean): void => {
  if (first === null) {
    say(json, { ...shown(account), firstPassword: null, until: null }, lineOf(account).join('  '));
    return;
  }
  say(
    json,
    { ...shown(account), firstPassword: first, until: until.toISOString() },
    `${account.name} 的初始密码（仅显示一次，首次登录须修改，有效至 ${localTime(until)}）\n` +
      `first password of ${account.name}, shown this once, to be changed at the first sign-in:\n${first}`,
  );
};

const shown = (account: Account) => ({
  ...{ id: account.id, name: account.name, shownName: account.shown_name, role: account.role, unit: account.unit },
  ...{ phone: account.phone, password: account.has_password, mustChange: account.must_change, totp: account.totp },
  ...{ disabledAt: account.disabled_at, signedInAt: account.signed_in_at },
});

const lineOf = (account: Account): string[] => [
  ...[account.name, account.shown_name, account.role, account.unit ?? '全市 city'],
  ...(account.has_password ? [] : ['仅统一身份认证 OIDC only']),
  ...(account.must_change ? ['初始密码未改 first password'] : []),
  ...(account.totp ? ['动态验证码 TOTP'] : []),
  ...(account.disabled_at === null ? [] : [`停用 disabled ${localTime(account.disabled_at)}`]),
];
