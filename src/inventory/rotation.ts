import type { Database } from '../db/pool.ts';
import { addKey, type DataKey, makeKey, readyKeys } from './data-key.ts';
import { lockImports } from './import.ts';
import type { Vault } from './vault.ts';
import { resealed, type ToReseal, toReseal } from './write-logins.ts';

/** Logins to one transaction, which keeps an import waiting, and on the embedded database everybody. */
const chunk = 500;

export type Rotated = {
  readonly unit: string;
  /** It took up what a rotation before it had begun, and made no new key. */
  readonly resumed: boolean;
  readonly resealed: number;
  /** Codes of cameras whose seal does not open. They stay as they are, and so does the key that they name. */
  readonly broken: readonly string[];
  /** Data keys that nothing is sealed under any more, and that are gone from the database. */
  readonly destroyed: number;
};

/**
 * Seals all logins of a unit under a new data key, also those from before there were data keys, while everything runs:
 * the versions stay, and whoever reads a login reads its key in the same statement. Imports and it take turns, a chunk at a
 * time. Killed at any instant and called again, it goes on where it was. Throws KeyUnavailable.
 */
export const rotateUnit = async (db: Database, vault: Vault, unit: string, now: Date): Promise<Rotated> => {
  const { unfinished } = await db.one<{ unfinished: boolean }>(
    `select exists (
       select from data_key where purpose = 'credential' and unit = $1 and retired_at is not null and wrapped is not null
     ) as unfinished`,
    [unit],
  );
  if (!unfinished) await replace(db, vault, unit, now);
  const { count, broken } = await resealUnit(db, vault, unit);
  const destroyed = await destroyUnused(db);
  return { unit, resumed: unfinished, resealed: count, broken, destroyed };
};

/** Retires the key in use and puts a new one in its place: nobody finds a unit without a key. */
const replace = async (db: Database, vault: Vault, unit: string, now: Date): Promise<void> => {
  const fresh = await makeKey(db, vault, 'credential', unit);
  // An import may keep it waiting for longer than a statement is given.
  await db.patient.transaction(async (tx) => {
    // Whoever seals under the old one has committed, and what they sealed is found after this; whoever comes next finds
    // the new one, and not the moment between.
    await lockImports(tx);
    await tx.run(
      `update data_key set retired_at = $2 where purpose = 'credential' and unit = $1 and retired_at is null`,
      [unit, now],
    );
    await addKey(tx, fresh);
  });
};

const resealUnit = async (db: Database, vault: Vault, unit: string): Promise<{ count: number; broken: string[] }> => {
  // Also of units that cameras went to which still have a seal of this one's key.
  await readyKeys(db, vault, await unitsSealedWith(db, unit));
  const broken: string[] = [];
  let [count, after] = [0, 0];
  for (;;) {
    const done = await db.patient.transaction(async (tx) => {
      // A login that was written while its row was waited for would come with the key of before; and two who write many
      // in orders of their own would stop each other.
      await lockImports(tx);
      const logins = await tx.many<ToReseal>(
        // Of the unit's cameras, and of cameras that left it with a seal of its key.
        `${toReseal} where cr.camera > $2 and (c.unit = $1 or k.unit = $1)
         and not exists (
           select from data_key own
           where own.id = cr.data_key and own.purpose = 'credential' and own.unit = c.unit and own.retired_at is null
         )
         order by cr.camera limit ${chunk} for update of cr`,
        [unit, after],
      );
      const left = await resealed(tx, vault, logins);
      return { logins, left };
    });
    broken.push(...done.left);
    count += done.logins.length - done.left.length;
    const last = done.logins.at(-1);
    if (last === undefined) return { count, broken };
    after = last.camera;
  }
};

const unitsSealedWith = async (db: Database, unit: string): Promise<string[]> => {
  const rows = await db.many<{ unit: string }>(
    `select $1 as unit union
     select distinct c.unit from credential cr join camera c on c.id = cr.camera join data_key k on k.id = cr.data_key
     where k.unit = $1`,
    [unit],
  );
  return rows.map((row) => row.unit);
};

/** Throws the retired keys away that nothing is sealed under; gives their number. Backups made before still hold them. */
const destroyUnused = (db: Database): Promise<number> =>
  db.run(
    `update data_key k set wrapped = null
     where k.purpose = 'credential' and k.retired_at is not null and k.wrapped is not null
       and not exists (select from credential cr where cr.data_key = k.id)`,
  );

/** Units that have logins, or a data key of their own. */
export const unitsWithLogins = async (db: Database): Promise<string[]> => {
  const rows = await db.many<{ unit: string }>(
    `select c.unit from credential cr join camera c on c.id = cr.camera
     union select unit from data_key where unit is not null and wrapped is not null order by unit`,
  );
  return rows.map(({ unit }) => unit);
};

/**
 * Wraps every data key by the first master key; what is sealed under them stays as it is. Gives their number. Safe to
 * repeat; throws KeyUnavailable, and what was wrapped until then stays so.
 */
export const rotateMaster = async (db: Database, vault: Vault): Promise<number> => {
  await vault.masters.read();
  const first = vault.masters.first;
  const seen: string[] = [];
  for (;;) {
    // Also what was made meanwhile by who had read the master keys before; each once, or two who disagree on which key is
    // the first would never come to an end.
    const due = await db.many<DataKey>(
      `select id, purpose, unit, master, wrapped from data_key
       where wrapped is not null and master <> $1 and id <> all ($2) order by id`,
      [first.id, seen],
    );
    if (due.length === 0) return seen.length;
    await vault.hold(due);
    for (const { id } of due) {
      await db.patient.transaction(async (tx) => {
        const key = await tx.one<DataKey>(
          'select id, purpose, unit, master, wrapped from data_key where id = $1 for update',
          [id],
        );
        if (key.wrapped === null) return;
        const { master, wrapped } = await vault.rewrap(key);
        await tx.run('update data_key set master = $2, wrapped = $3 where id = $1', [id, master, wrapped]);
      });
    }
    seen.push(...due.map(({ id }) => id));
  }
};
