import { Worker } from 'node:worker_threads';
import type { Fault, Line, Merge, Naming } from './cells.ts';
import type { Known } from './row.ts';
import { Judge, type Sheet } from './sheet.ts';

/** What the thread is given: the file, and a count of what it told and nobody has read yet. */
export type Asked = {
  readonly bytes: Uint8Array;
  readonly unread: Int32Array<SharedArrayBuffer>;
  readonly mostUnread: number;
};

/** What it tells, in order. */
export type Told =
  | { readonly naming: Naming }
  | { readonly merges: readonly Merge[] }
  | { readonly lines: readonly Line[] }
  | { readonly fault: Fault }
  | { readonly refused: { readonly zh: string; readonly en: string } }
  | { readonly done: true };

/** Messages of the thread that may wait to be read. */
const mostUnread = 8;
/** Larger files are refused, bytes: the inventory of a city with every column has 90 MiB as CSV. */
const mostOfFile = 512 << 20;
/** Of the thread, MiB. Past it the file is refused, and the process goes on. */
const mostMemory = 1_536;

/**
 * Reads an inventory that somebody brought: xlsx, or CSV, by its content. Every fault is named with line, column, cell,
 * value and remedy. A file that is no table, damaged, protected, or too large is one fault of line 1. The bytes may be
 * gone afterwards.
 */
export const readInventory = async (bytes: Buffer, known: Known): Promise<Sheet> => {
  if (bytes.length > mostOfFile) {
    return refusal({
      zh: `文件有 ${bytes.length} 字节，至多 ${mostOfFile}：请按考核单位分成几个文件`,
      en: `the file has ${bytes.length} bytes, ${mostOfFile} at most: split it by unit`,
    });
  }
  const unread = new Int32Array(new SharedArrayBuffer(4));
  // What is a part of a larger buffer cannot be given away.
  const own = bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  const asked: Asked = { bytes: new Uint8Array(own.buffer as ArrayBuffer), unread, mostUnread };
  const thread = new Worker(new URL('./table-worker.ts', import.meta.url), {
    workerData: asked,
    transferList: [own.buffer as ArrayBuffer],
    resourceLimits: { maxOldGenerationSizeMb: mostMemory },
  });
  try {
    return await judged(thread, known, unread);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
    return refusal({
      zh: `文件展开后超过 ${mostMemory} MiB：请按考核单位分成几个文件，或改用 CSV`,
      en: `the file takes more than ${mostMemory} MiB when it is read: split it by unit, or use CSV`,
    });
  } finally {
    await thread.terminate();
  }
};

const judged = (thread: Worker, known: Known, unread: Asked['unread']): Promise<Sheet> =>
  new Promise((resolve, reject) => {
    let judge: Judge | null = null;
    thread.on('error', reject);
    thread.on('exit', () => reject(new Error('the thread that reads the table ended without a word')));
    thread.on('message', (told: Told) => {
      try {
        if ('naming' in told) judge = new Judge(known, told.naming);
        else if ('merges' in told) judge!.merged(told.merges);
        else if ('fault' in told) judge!.refuse(told.fault);
        else if ('refused' in told) resolve(refusal(told.refused));
        else if ('done' in told) resolve(judge!.end());
        else {
          for (const line of told.lines) judge!.take(line);
          Atomics.sub(unread, 0, 1);
          Atomics.notify(unread, 0);
        }
      } catch (error) {
        reject(error);
      }
    });
  });

const refusal = ({ zh, en }: { readonly zh: string; readonly en: string }): Sheet => ({
  rows: [],
  faults: [{ line: 1, column: '-', value: '', zh, en }],
  warnings: [],
});
