import type { Queryable } from '../db/pool.ts';
import type { Purpose } from './data-key.ts';
import type { MasterKeys } from './master-keys.ts';

export type KeyReport = {
  /** Those at hand in their order, and those that the database names and nobody holds. */
  readonly masters: readonly {
    readonly id: string;
    readonly held: boolean;
    /** What is wrapped anew is wrapped by it. */
    readonly first: boolean;
    readonly wraps: number;
  }[];
  readonly keys: readonly {
    readonly id: string;
    readonly purpose: Purpose;
    readonly unit: string | null;
    readonly master: string;
    readonly madeAt: Date;
    /** null: in use. */
    readonly retiredAt: Date | null;
    /** Logins that are sealed under it. */
    readonly logins: number;
  }[];
  /** Logins that are sealed under a master key itself, from before there were data keys. */
  readonly direct: number;
};

/** Which keys there are, and what hangs on them; nothing of any key itself. */
export const keyReport = async (db: Queryable, masters: MasterKeys): Promise<KeyReport> => {
  const keys = await db.many<KeyReport['keys'][number]>(
    `select k.id, k.purpose, k.unit, encode(k.master, 'hex') as master, k.made_at as "madeAt", k.retired_at as "retiredAt",
       (select count(*)::integer from credential cr where cr.data_key = k.id) as logins
     from data_key k where k.wrapped is not null order by k.purpose, k.unit, k.made_at`,
  );
  const { direct } = await db.one<{ direct: number }>(
    'select count(*)::integer as direct from credential where data_key is null',
  );
  const held = masters.all.map(({ id }) => id.toString('hex'));
  const all = [...new Set([...held, ...keys.map(({ master }) => master)])];
  return {
    masters: all.map((id) => ({
      ...{ id, held: held.includes(id), first: id === held[0] },
      wraps: keys.filter(({ master }) => master === id).length,
    })),
    keys,
    direct,
  };
};
