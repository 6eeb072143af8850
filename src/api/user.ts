import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Account, accountBy } from '../account/account.ts';
import { roles } from '../account/role.ts';
import type { Queryable } from '../db/pool.ts';
import { noteAudit } from './audited.ts';
import { ApiProblem } from './problem.ts';
import { isoOrNull, name as line } from './written.ts';

/** How an account is told, and found. */

export const Role = Type.Enum(roles, { description: '角色 / role' });
export const ShownName = line('姓名 / the name shown');
export const UnitCode = Type.Union([Type.String({ minLength: 1, maxLength: 32 }), Type.Null()], {
  description: '所属考核单位代码；null：全市 / the unit that is all it meets; null: the whole city',
});
export const Phone = Type.Union([Type.String({ minLength: 3, maxLength: 32, pattern: '^[0-9+() -]*$' }), Type.Null()], {
  description: '电话 / telephone',
});
const Moment = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description });

export const User = Type.Object({
  id: Type.Integer(),
  name: Type.String({ description: '登录名 / the name to sign in by' }),
  shownName: ShownName,
  role: Role,
  unit: UnitCode,
  unitName: Type.Union([Type.String(), Type.Null()]),
  phone: Type.Union([Type.String(), Type.Null()]),
  password: Type.Boolean({ description: '在本系统有密码；否则只能统一身份认证 / it has a password here' }),
  mustChange: Type.Boolean({ description: '尚未修改初始密码 / its first password is not changed yet' }),
  firstPasswordUntil: Moment('初始密码有效至 / until when its first password may be used'),
  totp: Type.Boolean({ description: '已启用动态验证码 / it has a second factor' }),
  disabledAt: Moment('停用时间 / since when it is disabled'),
  madeAt: Type.String({ format: 'date-time' }),
  madeBy: Type.String(),
  signedInAt: Moment('最近登录 / when it last signed in by password'),
});

export const FirstPassword = Type.Object({
  firstPassword: Type.Union([Type.String(), Type.Null()], {
    description:
      '初始密码，仅此一次，首次登录须修改；null：通过统一身份认证登录 / told this once, to be changed at the first sign-in; null: it signs in at the identity provider',
  }),
  until: Moment('初始密码有效至 / until when it may be used'),
});

export const UserId = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: '账号编号 / its number' }),
});

export const userOf = (account: Account, unitName: string | null): Static<typeof User> => ({
  ...{ id: account.id, name: account.name, shownName: account.shown_name, role: account.role, unit: account.unit },
  ...{ unitName, phone: account.phone, password: account.has_password, mustChange: account.must_change },
  ...{
    firstPasswordUntil: isoOrNull(account.first_until),
    totp: account.totp,
    disabledAt: isoOrNull(account.disabled_at),
  },
  ...{ madeAt: account.made_at.toISOString(), madeBy: account.made_by, signedInAt: isoOrNull(account.signed_in_at) },
});

export const unknownAccount = (id: number): ApiProblem =>
  new ApiProblem(404, 'not_found', `没有编号为 ${id} 的账号`, `There is no account ${id}`);

/** The account that a change is about, which the audit tells by its name; a 404 where there is none. */
export const accountOf = async (db: Queryable, request: FastifyRequest, id: number): Promise<Account> => {
  noteAudit(request, { kind: 'account', on: String(id) });
  const account = await accountBy(db, id);
  if (account === null) throw unknownAccount(id);
  noteAudit(request, { on: account.name, unit: account.unit });
  return account;
};
