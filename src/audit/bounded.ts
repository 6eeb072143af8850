/**
 * Text that PostgreSQL stores and a terminal shows: control characters, NUL among them, and halves of surrogate pairs are
 * shown as �, and what is longer than `most` UTF-16 units is cut and ends in `…`.
 */
export const boundedText = (value: string, most: number): string => {
  // Cut first: what comes may be of any length.
  const cut =
    value.length > most
      ? `${value
          .slice(0, most - 1)
          .toWellFormed()
          .replace(/\uFFFD$/, '')}…`
      : value;
  return cut.toWellFormed().replaceAll(/\p{Cc}/gu, '\uFFFD');
};

/** Characters of a detail as JSON; more than fits a row that people read is not kept. */
const mostDetail = 4_000;

/**
 * A detail as JSON that PostgreSQL takes: texts as above, in keys too, nothing deeper than four levels, no list longer than
 * a hundred. One that is too long all the same is replaced by how long it was.
 */
export const boundedDetail = (detail: Readonly<Record<string, unknown>>): string => {
  const json = JSON.stringify(bounded(detail, 4));
  return json.length <= mostDetail ? json : JSON.stringify({ cut: json.length });
};

const bounded = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return boundedText(value, 500);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, 100).map((one) => bounded(one, depth - 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 100)
      .map(([key, one]) => [boundedText(key, 100), bounded(one, depth - 1)]),
  );
};
