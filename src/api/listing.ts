import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { ApiProblem } from './problem.ts';

/**
 * What every list takes: a page by cursor, an order, and which fields are wanted. `sorts` are the orders there are, the
 * first one by default, or `usual`; `-` before a name turns it round.
 */
export const listQuery = <S extends string>(sorts: readonly S[], usual: S | `-${S}` = sorts[0]!) =>
  ({
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 500, default: 50, description: '每页条数 / items to a page' }),
    ),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 400, description: '上一页的 next / `next` of the page before' }),
    ),
    sort: Type.Optional(
      Type.Union(
        sorts.flatMap((sort) => [Type.Literal(sort), Type.Literal(`-${sort}` as const)]),
        { default: usual, description: '排序，加 - 为倒序 / order; - turns it round' },
      ),
    ),
    fields: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z]{1,40}(,[A-Za-z]{1,40}){0,39}$',
        description: '只要这些字段，逗号分隔 / these fields only, by commas',
      }),
    ),
  }) as const;

/** A page: all that was found is counted in `total`, and `next` is the cursor of the page after; null: it is the last. */
export const listOf = <T extends TObject>(item: T) =>
  Type.Object({
    items: Type.Array(Type.Partial(item)),
    total: Type.Integer({ minimum: 0, description: '符合条件的总数 / of all pages' }),
    next: Type.Union([Type.String(), Type.Null()]),
  });

/** Items with the wanted fields only; a 400 that lists the fields there are where one is not known. */
export const pick = <T extends TObject>(
  item: T,
  items: readonly Static<T>[],
  fields: string | undefined,
): Partial<Static<T>>[] => {
  if (fields === undefined) return [...items];
  const wanted = fields.split(',');
  const known = Object.keys(item.properties as Readonly<Record<string, TSchema>>);
  const stranger = wanted.find((field) => !known.includes(field));
  if (stranger !== undefined) {
    const list = known.join(', ');
    throw new ApiProblem(
      400,
      'invalid',
      `fields：没有字段 ${stranger}；可选：${list}`,
      `fields: no such field as ${stranger}; one of: ${list}`,
      'fields',
    );
  }
  return items.map((one) => {
    const all = one as Readonly<Record<string, unknown>>;
    return Object.fromEntries(wanted.map((field) => [field, all[field]])) as Partial<Static<T>>;
  });
};

/** The column of an order, and whether it is turned round. */
export const orderOf = <S extends string>(sort: S | `-${S}`): { readonly by: S; readonly down: boolean } =>
  sort.startsWith('-') ? { by: sort.slice(1) as S, down: true } : { by: sort as S, down: false };

/**
 * A page of a list that is there as a whole, in its order: what comes after the cursor's key, which need not be there any
 * more. `keyOf` tells rows apart, and is in the order of the rows where that is not turned round.
 */
export const pageOf = <Row, K extends string | number>(
  rows: readonly Row[],
  keyOf: (row: Row) => K,
  { limit, cursor, sort }: { readonly limit: number; readonly cursor: string | undefined; readonly sort: string },
): { readonly rows: Row[]; readonly total: number; readonly next: string | null } => {
  const { down } = orderOf(sort);
  const inOrder = down ? rows.toReversed() : rows;
  const [first] = rows;
  const type = first !== undefined && typeof keyOf(first) === 'number' ? 'number' : 'string';
  const after = keysIn(cursor, sort, [type])?.[0] as K | undefined;
  const from = after === undefined ? 0 : inOrder.findIndex((row) => (down ? keyOf(row) < after : keyOf(row) > after));
  const page = from === -1 ? [] : inOrder.slice(from, from + limit);
  const more = from !== -1 && from + limit < inOrder.length;
  return { rows: page, total: rows.length, next: more ? cursorOf(sort, [keyOf(page.at(-1)!)]) : null };
};

/** Where a page ended: the values of its last row's sort keys. Opaque to callers. */
export const cursorOf = (sort: string, keys: readonly (string | number | null)[]): string =>
  Buffer.from(JSON.stringify([sort, ...keys])).toString('base64url');

/**
 * The keys in a cursor; null where none is given. A 400 where it is none of ours, of another order, or does not hold what
 * `types` says.
 */
export const keysIn = (
  cursor: string | undefined,
  sort: string,
  types: readonly ('string' | 'number' | 'null')[],
): (string | number | null)[] | null => {
  if (cursor === undefined) return null;
  const refuse = (): never => {
    throw new ApiProblem(
      400,
      'invalid',
      'cursor：不是本列表在此排序下的 next，请从第一页重新取',
      'cursor: is no `next` of this list in this order; begin again with the first page',
      'cursor',
    );
  };
  let held: unknown;
  try {
    held = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return refuse();
  }
  if (!Array.isArray(held) || held.length !== types.length + 1 || held[0] !== sort) return refuse();
  const keys = held.slice(1) as unknown[];
  const fits = keys.every((key, nth) => {
    // NUL is no text to PostgreSQL.
    if (typeof key === 'string') return types[nth] === 'string' && key.length <= 300 && !key.includes('\u0000');
    if (typeof key === 'number') return types[nth] === 'number' && Number.isSafeInteger(key);
    return key === null && types[nth] === 'null';
  });
  return fits ? (keys as (string | number | null)[]) : refuse();
};
