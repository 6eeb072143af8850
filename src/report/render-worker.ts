import { parentPort, workerData } from 'node:worker_threads';
import { Sentence } from '../sentence.ts';
import type { Rendered } from './press.ts';
import { type Order, render } from './render.ts';

/** Makes one document in a thread of its own; started by press.ts. */
const tell = (rendered: Rendered): void => parentPort!.postMessage(rendered);

try {
  tell({ file: await render(workerData as Order) });
} catch (error) {
  // A class does not cross threads: what is meant for a person goes as its two sentences, the rest as it fails here.
  if (!(error instanceof Sentence)) throw error;
  tell({ zh: error.zh, en: error.en });
}
