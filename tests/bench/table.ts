/** What every benchmark measures, exactly. ratio = peer / ours: how many times cheaper ours is. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };
export type BenchRow = {
  readonly case: string;
  readonly unit: string;
  readonly ours: Spread;
  readonly peer: (Spread & { readonly name: string }) | null;
  readonly ratio: number | null;
  /** Measurements of ours behind the row. */
  readonly n: number;
};
export type Bench = {
  readonly bench: string;
  readonly at: string;
  readonly cores: number;
  readonly rows: readonly BenchRow[];
};

export const spread = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
};

/** What was measured once. */
export const one = (value: number): Spread => spread([value]);

export const ratioOf = (ours: Spread, peer: Spread): number => peer.median / ours.median;

/** Three digits, for the eye only: what is held to a criterion is never rounded before. */
const digits = (value: number): number => Number(value.toPrecision(3));
const shown = ({ median, min, max }: Spread): string => `${digits(median)} (${digits(min)}–${digits(max)})`;

/** A Markdown table, for the terminal and for a README alike. */
export const markdown = ({ rows }: Bench): string => {
  const lines = rows.map(
    (row) =>
      `| ${row.case} | ${shown(row.ours)} | ${row.peer === null ? '—' : `${row.peer.name}: ${shown(row.peer)}`} | ` +
      `${row.ratio === null ? '—' : `${digits(row.ratio)}×`} | ${row.unit} | ${row.n} |`,
  );
  return ['| case | ours | peer | peer / ours | unit | n |', '| --- | --- | --- | --- | --- | --- |', ...lines].join(
    '\n',
  );
};
