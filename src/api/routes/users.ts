import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { type Account, accountBy, addAccount, requireUnitOf } from '../../account/account.ts';
import { accountsPage, accountsTotal } from '../../account/accounts.ts';
import { changeAccount, firstPasswordMs } from '../../account/change.ts';
import { hashing } from '../../account/hashing.ts';
import { requireName } from '../../account/name.ts';
import { newFirstPassword } from '../../account/password-rules.ts';
import { noteAudit } from '../audited.ts';
import { principalOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { notProvable } from '../proven.ts';
import {
  accountOf,
  FirstPassword,
  Phone,
  Role,
  ShownName,
  UnitCode,
  User,
  UserId,
  unknownAccount,
  userOf,
} from '../user.ts';
import { isoOrNull } from '../written.ts';
import { userActRoutes } from './user-acts.ts';

const sorts = ['name', 'madeAt'] as const;

/** Accounts, kept by the administrator; the auditor reads them. */
export const userRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const withUnit = async (account: Account): Promise<Static<typeof User>> => {
      const unit = await db.maybeOne<{ name: string }>('select name from unit where code = $1', [account.unit]);
      return userOf(account, unit?.name ?? null);
    };

    app.get(
      '/users',
      {
        schema: {
          summary: '账号 / Accounts',
          ...{ tags: ['users'], operationId: 'listUsers' },
          querystring: Type.Object({
            ...listQuery(sorts),
            role: Type.Optional(Role),
            unit: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: '考核单位代码 / of a unit' })),
            disabled: Type.Optional(Type.Boolean({ description: '是否停用 / whether it is disabled' })),
            q: Type.Optional(
              Type.String({ minLength: 1, maxLength: 100, description: '登录名或姓名的一部分 / a part of its name' }),
            ),
          }),
          response: { 200: listOf(User), 400: Problem },
        },
      },
      async ({ query }) => {
        const {
          limit = 50,
          sort = 'name',
          fields,
          role = null,
          unit = null,
          disabled = null,
          q: search = null,
        } = query;
        const descending = sort.startsWith('-');
        const by = descending ? (sort.slice(1) as (typeof sorts)[number]) : (sort as (typeof sorts)[number]);
        const keys = keysIn(query.cursor, sort, [by === 'name' ? 'string' : 'number', 'number']);
        const after = keys === null ? null : ([keys[0], keys[1]] as [string | number, number]);
        const filter = { role, unit, disabled, search };
        const total = await accountsTotal(db, filter);
        const rows = await accountsPage(db, filter, { by, descending, after, limit });
        const page = rows.slice(0, limit);
        const last = rows.length > limit ? page.at(-1)! : null;
        const key = (one: (typeof rows)[number]) => (by === 'name' ? one.key : one.made_at.getTime());
        return {
          items: pick(
            User,
            page.map((one) => userOf(one, one.unit_name)),
            fields,
          ),
          ...{ total, next: last === null ? null : cursorOf(sort, [key(last), last.id]) },
        };
      },
    );

    app.post(
      '/users',
      {
        schema: {
          summary: '新建账号 / Add an account',
          description:
            '初始密码只在回答中出现一次，7 天内有效 / The first password is told this once, and good for 7 days.',
          ...{ tags: ['users'], operationId: 'addUser' },
          body: Type.Object({
            name: Type.String({ minLength: 1, maxLength: 128, description: '登录名 / the name to sign in by' }),
            shownName: ShownName,
            role: Role,
            unit: Type.Optional(UnitCode),
            phone: Type.Optional(Phone),
            password: Type.Optional(
              Type.Boolean({
                default: true,
                description: 'false：只通过统一身份认证登录 / false: it signs in at the identity provider alone',
              }),
            ),
          }),
          response: {
            201: Type.Object({ ...User.properties, ...FirstPassword.properties }),
            400: Problem,
            409: Problem,
            422: Problem,
            503: Problem,
          },
        },
      },
      async (request, reply) => {
        const now = new Date();
        const { name, shownName, role, unit = null, phone = null, password = true } = request.body;
        noteAudit(request, { kind: 'account', on: name, unit, detail: { role } });
        await Promise.resolve()
          .then(() => requireName(name))
          .catch(said(422, 'name_refused', 'name'));
        await requireUnitOf(db, role, unit).catch(said(422, 'unit_refused', 'unit'));
        const first = password ? newFirstPassword() : null;
        const until = password ? new Date(now.getTime() + firstPasswordMs) : null;
        const hash = first === null ? null : await hashing.hash(first).catch(notProvable);
        const account = await addAccount(db, now, {
          ...{ name, shownName, role, unit, phone, by: principalOf(request).name },
          password: hash === null ? null : { hash, firstUntil: until },
        }).catch(said(409, 'name_taken', 'name'));
        return reply.code(201).send({ ...(await withUnit(account)), firstPassword: first, until: isoOrNull(until) });
      },
    );

    app.get(
      '/users/:id',
      {
        schema: {
          summary: '一个账号 / An account',
          ...{
            tags: ['users'],
            operationId: 'getUser',
            params: UserId,
            response: { 200: User, 400: Problem, 404: Problem },
          },
        },
      },
      async ({ params: { id } }) => {
        const account = await accountBy(db, id);
        if (account === null) throw unknownAccount(id);
        return withUnit(account);
      },
    );

    app.patch(
      '/users/:id',
      {
        schema: {
          summary: '修改账号 / Change an account',
          description:
            '修改角色、单位，或停用，即结束其会话与令牌 / A change of role or unit, and disabling it, ends its sessions and tokens.',
          ...{ tags: ['users'], operationId: 'changeUser', params: UserId },
          body: Type.Object(
            {
              shownName: Type.Optional(ShownName),
              role: Type.Optional(Role),
              unit: Type.Optional(UnitCode),
              phone: Type.Optional(Phone),
              disabled: Type.Optional(Type.Boolean({ description: '停用 / disabled' })),
            },
            { minProperties: 1 },
          ),
          response: { 200: User, 400: Problem, 404: Problem, 409: Problem, 422: Problem },
        },
      },
      async (request) => {
        const { id } = request.params;
        const changes = request.body;
        const account = await accountOf(db, request, id);
        const { shownName: _, phone: __, ...detail } = changes;
        noteAudit(request, { detail: { ...detail, was: { role: account.role, unit: account.unit } } });
        const own = id === principalOf(request).account;
        if (own && (changes.role !== undefined || changes.unit !== undefined || changes.disabled !== undefined)) {
          throw new ApiProblem(
            409,
            'own_account',
            '不能修改本人的角色、单位或停用本人：请由另一位管理员操作',
            'Nobody changes their own role or unit, or disables themselves: ask another administrator',
          );
        }
        const changed = await changeAccount(db, new Date(), id, changes).catch(said(422, 'account_refused'));
        if (changed === null) throw unknownAccount(id);
        return withUnit(changed);
      },
    );

    await app.register(userActRoutes({ db }));
  };
