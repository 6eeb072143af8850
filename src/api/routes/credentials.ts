import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { setLogin } from '../../inventory/set-login.ts';
import type { Credentials as Login } from '../../inventory/vault.ts';
import { mostHosts, weakLogins, weaknesses } from '../../inventory/weak-logins.ts';
import { noteAudit } from '../audited.ts';
import { principalOf, reachOf } from '../guard.ts';
import { listOf, listQuery, pageOf, pick } from '../listing.ts';
import { noSuchCamera } from '../met.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem } from '../problem.ts';
import { CameraCode, Count, UnitCode } from '../shapes.ts';
import { oneOf } from '../written.ts';

/** As a sheet may hold them: control characters would end a header, or be cut at it. */
const secret = (minLength: number, maxLength: number, description: string) =>
  Type.String({ minLength, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$', description });

const Credential = Type.Object(
  {
    user: secret(1, 128, '设备账号 / user'),
    password: secret(0, 256, '密码，只写不读 / write-only'),
    basicAllowed: Type.Optional(
      Type.Boolean({
        description:
          '是否允许 Basic（明文）认证；不填则保持原样 / whether Basic, which is in clear, may be used; as it was by default',
      }),
    ),
  },
  { additionalProperties: false },
);

const WeakLogin = Type.Object({
  code: CameraCode,
  name: Type.String(),
  unit: UnitCode,
  reasons: Type.Array(oneOf(weaknesses), {
    description: `factory 出厂密码，empty 无密码，same_as_user 与用户名相同，common 常见密码，short 不足 8 位，shared 同一账号密码用于 ${mostHosts} 台以上设备 / factory: its maker's own; shared: on more than ${mostHosts} hosts`,
  }),
  hosts: Type.Integer({
    minimum: 1,
    description: '所见范围内使用同一账号密码的设备数 / hosts with the same login, of those within reach',
  }),
});

const Params = Type.Object({ code: CameraCode });
const Done = Type.Null({ description: '已保存 / done' });

/** Not repeated: it is a password. */
const requireWellFormed = (login: Login): void => {
  for (const field of ['user', 'password'] as const) {
    if (login[field].isWellFormed()) continue;
    throw new ApiProblem(
      400,
      'invalid',
      `${field}：含无法以 UTF-8 表示的字符`,
      `${field}: holds what is no character in UTF-8`,
      field,
    );
  }
};

export const credentialRoutes =
  ({ db, vault }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.put(
      '/cameras/:code/credential',
      {
        schema: {
          summary: '设置点位的登录信息（只写） / Set a camera’s login; it is never read again',
          description:
            '与导入同样处理：密码改变即为新版本，并解除对旧密码的停用；历史中只记“已更改” / As an import does it: another password is a new version and lifts what held the old one; the history says only that it changed.',
          ...{ tags: ['cameras'], operationId: 'setCredential', params: Params, body: Credential },
          response: { 204: Done, 400: Problem, 404: Problem, 503: Problem },
        },
      },
      async (request, reply) => {
        const { code } = request.params;
        const { basicAllowed, ...login } = request.body;
        noteAudit(request, { kind: 'camera', on: code });
        requireWellFormed(login);
        const by = principalOf(request).name;
        const there = await setLogin(db, vault, { code, reach: reachOf(request), by }, { ...login, basicAllowed });
        if (!there) throw noSuchCamera();
        return reply.code(204).send(null);
      },
    );

    app.delete(
      '/cameras/:code/credential',
      {
        schema: {
          summary: '清除点位的登录信息 / Take a camera’s login away',
          ...{ tags: ['cameras'], operationId: 'removeCredential', params: Params },
          response: { 204: Done, 400: Problem, 404: Problem, 503: Problem },
        },
      },
      async (request, reply) => {
        const { code } = request.params;
        noteAudit(request, { kind: 'camera', on: code });
        const by = principalOf(request).name;
        const there = await setLogin(db, vault, { code, reach: reachOf(request), by }, null);
        if (!there) throw noSuchCamera();
        return reply.code(204).send(null);
      },
    );

    app.get(
      '/credentials/weak',
      {
        schema: {
          summary: '弱口令与出厂口令 / Weak logins, and those the devices left the factory with',
          description:
            '以已存的密码与名单比对得出，从不向设备试登录；不含密码 / Found by comparing what is stored with a list, never by trying; without passwords.',
          ...{ tags: ['cameras'], operationId: 'listWeakLogins' },
          querystring: Type.Object(
            { ...listQuery(['code']), unit: Type.Optional(UnitCode) },
            { additionalProperties: false },
          ),
          response: {
            200: Type.Interface([listOf(WeakLogin)], {
              looked: Type.Integer({ ...Count, description: '比对的登录信息数 / logins that were looked at' }),
              broken: Type.Array(CameraCode, {
                description:
                  '密文不能解开的点位：数据库中的该行被改动过 / whose seal does not open: its row was changed',
              }),
            }),
            400: Problem,
            503: Problem,
          },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = 'code', fields, unit } = request.query;
        const reach = reachOf(request);
        const nothing = { weak: [], looked: 0, broken: [] };
        const isElsewhere = reach !== null && unit !== undefined && unit !== reach;
        const found = isElsewhere ? nothing : await weakLogins(db, vault, reach ?? unit ?? null);
        const page = pageOf(found.weak, ({ code }) => code, { limit, cursor, sort });
        const items: Static<typeof WeakLogin>[] = page.rows.map(({ reasons, ...one }) => ({
          ...one,
          reasons: [...reasons],
        }));
        const { looked, broken } = found;
        noteAudit(request, { kind: 'credential', unit: reach, detail: { looked, weak: page.total } });
        return {
          items: pick(WeakLogin, items, fields),
          total: page.total,
          next: page.next,
          looked,
          broken: [...broken],
        };
      },
    );
  };
