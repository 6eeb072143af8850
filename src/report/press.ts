import { Worker } from 'node:worker_threads';
import { Sentence } from '../sentence.ts';
import type { Order } from './render.ts';

/** What the thread that renders answers. */
export type Rendered = { readonly file: Uint8Array } | { readonly zh: string; readonly en: string };

/** Megabytes of heap of one document: the workbook of 16,610 cameras takes some 600. */
const heap = 2_048;

let last: Promise<unknown> = Promise.resolve();

/**
 * Makes a document off the event loop: a city's workbook takes seconds. One after the other, so that ten people who press
 * the button cost ten times as long and not ten times as much memory. Throws what `render` throws.
 */
export const print = async (order: Order): Promise<Uint8Array> => {
  if (order.format === 'json') return order.bytes;
  const printed = last.then(() => printNow(order));
  last = printed.catch(() => {});
  return await printed;
};

const printNow = (order: Order): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./render-worker.ts', import.meta.url), {
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: heap },
    });
    worker.once('message', (rendered: Rendered) => {
      if ('file' in rendered) resolve(rendered.file);
      else reject(new Sentence(rendered.zh, rendered.en));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the document was not finished: its thread ended with ${code}`)));
  });
