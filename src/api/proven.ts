import type { FastifyRequest } from 'fastify';
import { HashingBusy } from '../account/hashing.ts';
import { isPasswordOf, type Provable, provable, prove } from '../account/prove.ts';
import { takeCode } from '../account/second-factor.ts';
import { SealBroken } from '../inventory/seal.ts';
import { principalOf } from './guard.ts';
import { ComeBackLater } from './limits.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problem.ts';

/** Nothing was tried: how long to wait, said to people and in Retry-After. */
export const held = (until: Date, now: Date): ComeBackLater => {
  const seconds = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1_000));
  const [zh, en] =
    seconds > 90
      ? [`${Math.ceil(seconds / 60)} 分钟`, `${Math.ceil(seconds / 60)} min`]
      : [`${seconds} 秒`, `${seconds} s`];
  return new ComeBackLater(
    429,
    'too_many_tries',
    `输错次数过多，请在 ${zh}后再试；曾登录过的浏览器不受他人影响`,
    `Too many failed tries; try again in ${en}. A browser that you have signed in from before is not held up by others`,
    seconds,
  );
};

/** For `.catch`: what stands in the way of a proof through nobody's fault is a 503, never a wrong password or code. */
export const notProvable = (error: unknown): never => {
  if (error instanceof HashingBusy) {
    throw new ComeBackLater(
      503,
      'busy',
      '登录的人过多，请稍后再试',
      'Too many are signing in; try again in a moment',
      2,
    );
  }
  if (error instanceof SealBroken) {
    throw new ApiProblem(
      503,
      'key_unavailable',
      '动态验证码的密钥无法打开：请管理员移除该账号的动态验证码后重新绑定',
      'The secret of your second factor does not open: have an administrator remove it, and set it up again',
    );
  }
  // KeyUnavailable says itself which setting to look at.
  if (error instanceof Error && error.name === 'KeyUnavailable') {
    const { zh, en } = error as unknown as { zh: string; en: string };
    throw new ApiProblem(503, 'key_unavailable', zh, en);
  }
  throw error;
};

const proven = async (
  { db }: Pick<ApiParts, 'db'>,
  now: Date,
  who: Provable,
  proof: () => Promise<boolean>,
  wrong: ApiProblem,
): Promise<void> => {
  const outcome = await prove(db, now, who.id, proof).catch(notProvable);
  if (outcome instanceof Date) throw held(outcome, now);
  if (!outcome) throw wrong;
};

/** Who is signed in, after they gave their password once more as the body's `field`. */
export const provenByPassword = async (
  parts: Pick<ApiParts, 'db'>,
  now: Date,
  request: FastifyRequest,
  field: string,
  password: string,
): Promise<Provable & { readonly password: string }> => {
  const who = await provable(parts.db, principalOf(request).account);
  const { password: stored } = who;
  if (stored === null) {
    throw new ApiProblem(
      409,
      'no_password',
      '此账号通过统一身份认证登录，密码与动态验证码由认证方管理',
      'This account signs in at the identity provider, which keeps its password and second factor',
    );
  }
  await proven(parts, now, who, () => isPasswordOf(who, password), wrongField('password_wrong', field));
  return { ...who, password: stored };
};

/** The same, by a code of their second factor. */
export const provenByCode = async (
  parts: Pick<ApiParts, 'db' | 'vault'>,
  now: Date,
  request: FastifyRequest,
  code: string,
): Promise<Provable> => {
  const who = await provable(parts.db, principalOf(request).account);
  const { id, totp } = who;
  if (totp === null) throw new ApiProblem(409, 'no_totp', '未启用动态验证码', 'There is no second factor to remove');
  const proof = () => takeCode(parts.db, parts.vault, now, { id, totp }, code);
  await proven(parts, now, who, proof, wrongCode());
  return who;
};

const wrongField = (code: string, field: string): ApiProblem =>
  new ApiProblem(422, code, `${field}：密码不正确`, `${field}: the password is wrong`, field);

export const wrongCode = (): ApiProblem =>
  new ApiProblem(
    422,
    'code_wrong',
    'code：验证码不正确或已用过，请等下一个；并核对手机时间',
    'code: wrong, or used before: wait for the next one, and check the clock of your telephone',
    'code',
  );
