import type { Principal } from '../account/role.ts';
import { type Access, access, type Route } from './access.ts';
import { ApiProblem } from './problem.ts';

/** Why somebody may not ask for this; null: they may. */
export const refusalOf = (
  asked: Access,
  { role, unit, token, mustChange }: Pick<Principal, 'role' | 'unit' | 'token' | 'mustChange'>,
): ApiProblem | null => {
  if (mustChange && asked.beforeChange !== true) {
    return new ApiProblem(
      403,
      'password_must_change',
      '请先修改初始密码：PUT /api/v1/session/password',
      'Change your first password first: PUT /api/v1/session/password',
    );
  }
  if (token !== null && (asked.token === null || (asked.token === 'write' && token.scope === 'read'))) {
    return new ApiProblem(
      403,
      'token_scope',
      asked.token === null ? '此操作须由本人登录进行，令牌不可用' : '令牌只读，不能进行此操作',
      asked.token === null ? 'This is done by a person who signed in, not by a token' : 'The token reads only',
    );
  }
  if (!asked.roles.includes(role) || (asked.of === 'city' && unit !== null)) {
    return new ApiProblem(403, 'forbidden', '您的账号没有此项权限', 'Your account may not do this');
  }
  return null;
};

/** All that somebody may ask for, as the table names it: `GET /api/v1/units`. */
export const allowedTo = (principal: Principal): Route[] =>
  (Object.keys(access) as Route[]).filter((route) => {
    const asked: Access | 'public' = access[route];
    return asked !== 'public' && refusalOf(asked, principal) === null;
  });
