import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import type { Queryable } from '../../../src/db/pool.ts';
import { entriesOf, NoArchive, unpack } from '../../../src/inventory/zip.ts';

/** No other text of ours or of a camera's holds it; letters and digits alone, so that no URL, JSON or XML writes it otherwise. */
const mark = 'Zq7canary';
export const canary = (nth: number): string => `${mark}${String(nth).padStart(4, '0')}&é`;

/** Base64 of a text that stands anywhere in what is encoded: without the characters that its neighbours change. */
const inBase64 = (text: string): string[] =>
  [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('x'.repeat(shift) + text)
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + text.length) * 8) / 6));
  });

const hex = Buffer.from(mark).toString('hex');
const texts: readonly string[] = [mark, hex, hex.toUpperCase(), ...inBase64(mark), [...mark].reverse().join('')];
const wide = [...mark].map((letter) => `${letter}\u0000`).join('');

/** What a device's digest is made of, and what a careless hash of a password would be, in hexadecimal. */
const hashesOf = (user: string, password: string, realm: string): string[] => [
  createHash('md5').update(`${user}:${realm}:${password}`).digest('hex'),
  ...['md5', 'sha1', 'sha256'].flatMap((name) => [
    createHash(name).update(password).digest('hex'),
    createHash(name).update(`${user}:${password}`).digest('hex'),
  ]),
];

/** A place where passwords could have got to, and what lies there. */
export type Place = readonly [name: string, content: Buffer | string];

/** Looks for canaries in places, in every form; gives the names of the places where one was found, with the form. */
export const finder = (passwords: readonly string[], user: string, realm: string) => {
  const hashes = new Set(passwords.flatMap((password) => hashesOf(user, password, realm)));
  const inText = (text: string): string | null => {
    const plain = [...texts, wide].find((form) => text.includes(form));
    if (plain !== undefined) return plain;
    for (const [run] of text.matchAll(/[0-9a-fA-F]{32,}/g)) {
      for (const length of [32, 40, 64]) {
        if (run.length === length && hashes.has(run.toLowerCase())) return run;
      }
    }
    return null;
  };
  return (places: Iterable<Place>): string[] => {
    const found: string[] = [];
    for (const [name, content] of places) {
      const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
      const form = inText(bytes.toString('latin1')) ?? inText(unpacked(bytes));
      if (form !== null) found.push(`${name}: ${form}`);
    }
    return found;
  };
};

/** What an archive (xlsx, docx) holds, as text. */
const unpacked = (bytes: Buffer): string => {
  try {
    return [...entriesOf(bytes).values()].map((entry) => unpack(bytes, entry).toString('latin1')).join('\n');
  } catch (error) {
    if (error instanceof NoArchive || error instanceof RangeError) return '';
    throw error;
  }
};

/** Every row of every table as text, bytes in hexadecimal. */
export const databaseDump = async (db: Queryable): Promise<Place[]> => {
  const tables = await db.many<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const places: Place[] = [];
  for (const { name } of tables) {
    const { text } = await db.one<{ text: string | null }>(`select string_agg(t::text, E'\\n') as text from ${name} t`);
    places.push([`table ${name}`, text ?? '']);
  }
  return places;
};

/** Every key of Redis with what is in it. */
export const redisDump = async (redis: Redis): Promise<Place[]> => {
  const readers: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hgetall(key),
    list: (key) => redis.lrange(key, 0, -1),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, '0', '-1'),
    stream: (key) => redis.xrange(key, '-', '+'),
  };
  const places: Place[] = [];
  for (const key of await redis.keys('*')) {
    const kind = await redis.type(key);
    // Gone since.
    if (kind === 'none') continue;
    places.push([`Redis ${key}`, `${key} ${JSON.stringify(await readers[kind]!(key))}`]);
  }
  return places;
};

/** What every process of this machine was started with. */
export const processDump = async (): Promise<Place[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const read = async (pid: string, what: string): Promise<Place> => [
    `process ${pid} ${what}`,
    await readFile(`/proc/${pid}/${what}`).catch(() => ''),
  ];
  return Promise.all(pids.flatMap((pid) => [read(pid, 'cmdline'), read(pid, 'environ')]));
};
