import type { Queryable } from '../db/pool.ts';
import { fingerprintKey } from './data-key.ts';
import { commonPasswords, factoryLogins } from './factory-logins.ts';
import { SealBroken } from './seal.ts';
import { type KeyColumns, keyColumns, keyOf } from './stored-login.ts';
import type { Credentials, Vault } from './vault.ts';

/**
 * Why a login is weak: its maker's own (`factory`), no password, the user's name, one of those that everybody chooses,
 * fewer than eight characters, or the same on many hosts.
 */
export const weaknesses = ['factory', 'empty', 'same_as_user', 'common', 'short', 'shared'] as const;
export type Weakness = (typeof weaknesses)[number];

export type WeakLogin = {
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly reasons: readonly Weakness[];
  /** Hosts with the same user and password among those that were looked at, this one included. */
  readonly hosts: number;
};

/** Of a password, characters at least. */
const shortest = 8;
/** A login on more hosts than this is one that opens all of them where it is lost once. */
export const mostHosts = 20;

const reasonsOf = ({ user, password }: Credentials, hosts: number): Weakness[] => {
  const is: Readonly<Record<Weakness, boolean>> = {
    factory: factoryLogins.has(`${user} ${password}`),
    empty: password === '',
    same_as_user: password !== '' && password.toLowerCase() === user.toLowerCase(),
    common: commonPasswords.has(password.toLowerCase()),
    short: password !== '' && [...password].length < shortest,
    shared: hosts > mostHosts,
  };
  return weaknesses.filter((weakness) => is[weakness]);
};

type Row = KeyColumns & {
  code: string;
  name: string;
  unit: string;
  version: number;
  sealed: Buffer;
  hosts: number;
};

/** Logins to one statement: opened, they are in memory one at a time. */
const chunk = 1_000;

export type Weak = {
  readonly weak: readonly WeakLogin[];
  /** Logins that were looked at. */
  readonly looked: number;
  /** Codes of cameras whose seal does not open; of theirs nothing is known. */
  readonly broken: readonly string[];
};

/**
 * The weak logins of a unit's cameras, or of all, by code: found by comparing what is stored, never by trying it. No
 * password leaves this function. Throws KeyUnavailable.
 */
export const weakLogins = async (db: Queryable, vault: Vault, unit: string | null): Promise<Weak> => {
  const weak: WeakLogin[] = [];
  const broken: string[] = [];
  let [looked, after] = [0, ''];
  await vault.hold([await fingerprintKey(db)]);
  for (;;) {
    const rows = await db.many<Row>(
      `with page as (
         select c.code, c.name, c.unit, cr.version, cr.sealed, cr.fingerprint, cr.data_key
         from camera c join credential cr on cr.camera = c.id
         where not c.removed and c.code > $1 and ($2::text is null or c.unit = $2)
         order by c.code limit ${chunk}
       ),
       spread as (
         select cr.fingerprint, count(distinct c.host)::integer as hosts
         from credential cr join camera c on c.id = cr.camera
         where not c.removed and ($2::text is null or c.unit = $2) and cr.fingerprint in (select fingerprint from page)
         group by cr.fingerprint
       )
       select s.code, s.name, s.unit, s.version, s.sealed, spread.hosts, ${keyColumns}
       from page s join spread using (fingerprint) left join data_key k on k.id = s.data_key
       order by s.code`,
      [after, unit],
    );
    await vault.hold(rows.map(keyOf));
    for (const { code, name, unit: of, hosts, version, sealed, ...key } of rows) {
      try {
        const reasons = reasonsOf(vault.open({ code, version, sealed, key: keyOf(key) }), hosts);
        if (reasons.length > 0) weak.push({ code, name, unit: of, reasons, hosts });
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error;
        broken.push(code);
      }
    }
    looked += rows.length;
    const last = rows.at(-1);
    if (last === undefined) return { weak, looked, broken };
    after = last.code;
  }
};
