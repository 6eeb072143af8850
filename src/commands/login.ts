import { heldLogins, releaseInterrupted, releaseLogin } from '../probing/login-held.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';

export type LoginOptions = { readonly release?: string; readonly releaseInterrupted?: true; readonly json?: true };

/**
 * The logins that are not tried any more, and why. One is lifted by a new password; where it was the device that was set
 * right and the stored password stayed, by a person who says so here.
 */
export const login = async ({ db }: Ground, options: LoginOptions): Promise<number> => {
  if (options.release !== undefined) {
    const code = options.release;
    await changing(db, { action: 'login.release', kind: 'camera', on: code }, async () => {
      if ((await releaseLogin(db, code)) === 'released') return;
      throw new Sentence(
        `--release ${code}：没有这个点位，或它没有密码`,
        `--release ${code}: no such camera, or it has no login`,
      );
    });
  }
  if (options.releaseInterrupted) {
    await changing(db, { action: 'login.release', kind: 'login' }, async (note) => {
      note({ detail: { interrupted: await releaseInterrupted(db) } });
    });
  }
  const held = await heldLogins(db);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ held })}\n`);
  else if (held.length === 0) process.stdout.write('（没有被停用的登录 / no login is held）\n');
  else {
    for (const { code, name, host, service, kind, at, detail } of held) {
      process.stdout.write(`${code}  ${name}  ${host}  ${service}  ${kind}  ${at.toISOString()}  ${detail ?? ''}\n`);
    }
  }
  return exit.ok;
};
