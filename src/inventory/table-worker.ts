import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Sentence } from '../sentence.ts';
import type { Line } from './cells.ts';
import { readCsv } from './csv.ts';
import type { Asked, Told } from './table.ts';
import { guarded, notAWorkbook, readXlsx } from './xlsx.ts';

/** Reads a table in a thread of its own, so that whoever asked for it goes on; started by table.ts. */

const linesAtOnce = 500;

const read = async ({ bytes: array, unread, mostUnread }: Asked): Promise<void> => {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  const tell = (told: Told): void => parentPort!.postMessage(told);
  let waiting: Line[] = [];
  const flush = (): void => {
    if (waiting.length === 0) return;
    // As long as nobody reads what was told there is no more: a table may be larger than what memory holds of it twice.
    for (let count = Atomics.load(unread, 0); count >= mostUnread; count = Atomics.load(unread, 0)) {
      Atomics.wait(unread, 0, count);
    }
    Atomics.add(unread, 0, 1);
    tell({ lines: waiting });
    waiting = [];
  };
  const take = (line: Line): void => {
    if (waiting.push(line) >= linesAtOnce) flush();
  };
  try {
    switch (kindOf(bytes)) {
      case 'zip':
        tell({ naming: 'workbook' });
        await readXlsx(bytes, (merges) => tell({ merges }), take);
        break;
      case 'ole':
        throw bytes.includes(Buffer.from('EncryptedPackage', 'utf16le')) ? guarded() : notAWorkbook();
      case 'other':
        throw notATable();
      case 'text': {
        tell({ naming: 'csv' });
        const fault = readCsv(bytes, take);
        if (fault !== null) tell({ fault });
      }
    }
    flush();
    tell({ done: true });
  } catch (error) {
    if (!(error instanceof Sentence)) throw error;
    tell({ refused: { zh: error.zh, en: error.en } });
  }
};

/** By the file's content: its name may say anything. */
const kindOf = (bytes: Buffer): 'zip' | 'ole' | 'text' | 'other' => {
  const head = bytes.subarray(0, 8).toString('latin1');
  if (head.startsWith('PK\x03\x04')) return 'zip';
  if (head === '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1') return 'ole';
  const utf16 = head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff');
  // Some systems hand out a web page under the name of a spreadsheet.
  const markup = /^(\xef\xbb\xbf)?\s*</.test(bytes.subarray(0, 64).toString('latin1'));
  return markup || (!utf16 && bytes.subarray(0, 64 * 1024).includes(0)) ? 'other' : 'text';
};

const notATable = (): Sentence =>
  new Sentence(
    '文件不是表格：应为 xlsx 或 CSV（UTF-8、GB18030 或 UTF-16）；网页或其他格式请用表格软件另存为 xlsx',
    'the file is no table: it must be xlsx or CSV (UTF-8, GB18030 or UTF-16); save a web page or another format as xlsx in a spreadsheet program',
  );

if (!isMainThread) await read(workerData as Asked);
