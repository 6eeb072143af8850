import type { Queryable } from '../db/pool.ts';
import { lockedKeys } from './data-key.ts';
import { SealBroken } from './seal.ts';
import { type KeyColumns, keyColumns, keyOf } from './stored-login.ts';
import type { Credentials, Vault } from './vault.ts';

/** What is to be written of a camera's login. A new password is a new version. */
export type Login = {
  readonly code: string;
  readonly unit: string;
  readonly version: number;
  /** null: it has none any more. */
  readonly credentials: Credentials | null;
  readonly basicAllowed: boolean;
};

/** Seals and writes logins, in a transaction; `readyKeys` made their units' keys before it. */
export const writeLogins = async (tx: Queryable, vault: Vault, logins: readonly Login[]): Promise<void> => {
  const gone = logins.filter(({ credentials }) => credentials === null);
  const kept = logins.filter((login) => login.credentials !== null) as (Login & { credentials: Credentials })[];
  if (gone.length > 0) {
    await tx.run('delete from credential where camera in (select id from camera where code = any ($1))', [
      gone.map(({ code }) => code),
    ]);
  }
  if (kept.length === 0) return;
  const keys = await lockedKeys(tx, vault, [...new Set(kept.map(({ unit }) => unit))]);
  await tx.run(
    `insert into credential (camera, version, sealed, data_key, fingerprint, basic_allowed)
     select c.id, n.version, n.sealed, n.data_key, n.fingerprint, n.basic_allowed
     from unnest($1::text[], $2::integer[], $3::bytea[], $4::uuid[], $5::bytea[], $6::boolean[])
       as n (code, version, sealed, data_key, fingerprint, basic_allowed)
     join camera c using (code)
     on conflict (camera) do update set version = excluded.version, sealed = excluded.sealed,
       data_key = excluded.data_key, fingerprint = excluded.fingerprint,
       basic_allowed = excluded.basic_allowed, changed_at = now(),
       renewed_at = case when credential.version < excluded.version then now() else credential.renewed_at end`,
    [
      kept.map(({ code }) => code),
      kept.map(({ version }) => version),
      kept.map(({ credentials, code, version, unit }) => vault.seal(credentials, code, version, keys.of(unit))),
      kept.map(({ unit }) => keys.of(unit).id),
      kept.map(({ credentials }) => vault.fingerprint(credentials, keys.fingerprint)),
      kept.map((login) => login.basicAllowed),
    ],
  );
};

export type ToReseal = KeyColumns & {
  readonly camera: number;
  readonly code: string;
  readonly unit: string;
  readonly version: number;
  readonly sealed: Buffer;
};

/** Of which credentials, as cr, with their cameras as c: all that `resealed` needs, held against everybody else. */
export const toReseal = `select cr.camera, c.code, c.unit, cr.version, cr.sealed, ${keyColumns}
  from credential cr join camera c on c.id = cr.camera left join data_key k on k.id = cr.data_key`;

/**
 * Seals logins anew under the key of their camera's unit, in a transaction; nothing of them changes but that. Gives the
 * codes of those whose seal does not open: they stay as they are. Throws KeyUnavailable.
 */
export const resealed = async (tx: Queryable, vault: Vault, logins: readonly ToReseal[]): Promise<string[]> => {
  if (logins.length === 0) return [];
  const keys = await lockedKeys(tx, vault, [...new Set(logins.map(({ unit }) => unit))]);
  await vault.hold(logins.map(keyOf));
  const broken: string[] = [];
  const anew: { camera: number; sealed: Buffer; key: string }[] = [];
  for (const login of logins) {
    const { camera, code, version, unit } = login;
    const key = keys.of(unit);
    try {
      anew.push({
        camera,
        sealed: vault.seal(vault.open({ ...login, key: keyOf(login) }), code, version, key),
        key: key.id,
      });
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      broken.push(code);
    }
  }
  await tx.run(
    `update credential cr set sealed = n.sealed, data_key = n.key
     from unnest($1::integer[], $2::bytea[], $3::uuid[]) as n (camera, sealed, key) where cr.camera = n.camera`,
    [anew.map(({ camera }) => camera), anew.map(({ sealed }) => sealed), anew.map(({ key }) => key)],
  );
  return broken;
};
