import { allTokens, revokeToken } from '../account/token.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';

type Json = { readonly json?: true };

/** Every account's tokens that live: whose, what for, until when. None can be shown again. */
export const list = async ({ db }: Ground, { json }: Json): Promise<number> => {
  const tokens = await allTokens(db, new Date());
  const lines = tokens.map(({ id, account, name, scope, label, expires_at, used_at }) =>
    [id, account, name, scope, `${label}…`, expires_at.toISOString(), used_at?.toISOString() ?? '未用 unused'].join(
      '  ',
    ),
  );
  const shown = tokens.map(({ id, account, name, scope, label, made_at, expires_at, used_at }) => ({
    ...{ id, account, name, scope, label, madeAt: made_at, expiresAt: expires_at, usedAt: used_at },
  }));
  if (json === true) process.stdout.write(`${JSON.stringify({ tokens: shown })}\n`);
  else process.stdout.write(`${lines.join('\n') || '（没有有效的令牌 / no token lives）'}\n`);
  return exit.ok;
};

export const revoke = async ({ db }: Ground, id: number, { json }: Json): Promise<number> => {
  await changing(db, { action: 'token.revoke', kind: 'token', on: String(id) }, async () => {
    if (await revokeToken(db, new Date(), id, null)) return;
    throw new Sentence(
      `没有有效的令牌 ${id}：可用 xunjian token list 查看`,
      `there is no token ${id} that lives: see xunjian token list`,
    );
  });
  process.stdout.write(json === true ? `${JSON.stringify({ id })}\n` : `令牌 ${id} 已撤销 / token ${id} revoked\n`);
  return exit.ok;
};
