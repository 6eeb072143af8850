import type { DataKey } from './data-key.ts';

/** Of `credential` as cr and `data_key` as k, left joined: beside each login the key that it is sealed under. */
export const keyColumns = 'k.id as key_id, k.unit as key_unit, k.master, k.wrapped';

export type KeyColumns = {
  /** null: it was sealed before there were data keys, or there is no login. */
  readonly key_id: string | null;
  readonly key_unit: string | null;
  readonly master: Buffer | null;
  readonly wrapped: Buffer | null;
};

export const keyOf = ({ key_id, key_unit, master, wrapped }: KeyColumns): DataKey | null =>
  key_id === null ? null : { id: key_id, purpose: 'credential', unit: key_unit, master: master!, wrapped };
