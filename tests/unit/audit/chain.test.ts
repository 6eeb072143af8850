import { describe, expect, it } from 'vitest';
import { Chain, type ChainRow, chainHash, chainStart } from '../../../src/audit/chain.ts';

/** A chain of so many rows, as the database would make it. */
const chainOf = (length: number): ChainRow[] => {
  const rows: ChainRow[] = [];
  for (let number = 1; number <= length; number += 1) {
    const previous = rows.at(-1)?.hash ?? chainStart.hash;
    const texts = [String(number), '黄某', null, `"\\\u0001 ${number}`];
    rows.push({ number, texts, previous, hash: chainHash(previous, texts) });
  }
  return rows;
};

const followed = (rows: readonly ChainRow[], end = { number: rows.length, hash: rows.at(-1)?.hash ?? '' }): Chain => {
  const chain = new Chain(1, chainStart);
  for (const row of rows) chain.follow(row);
  chain.finish(end);
  return chain;
};

describe('the hash of a row', () => {
  it('is what it was when the first audit was written: rows of years ago are verified with it', () => {
    const texts = [
      '1',
      '2026-11-23T07:00:00.000001Z',
      '黄某 "\\\b\f\n\r\t\u0001\u001f\u007f\u2028/😀',
      null,
      'session',
      '',
    ];
    expect(chainHash(chainStart.hash, texts)).toBe('4e6cee59fec2997b39165ccde62258a351a709d4b04e0a2fef8f58e2c382f447');
  });

  it('tells null from nothing, and one text from two', () => {
    const hashes = [[null], [''], ['a', 'b'], ['a, b'], ['a", "b'], ['ab', '']].map((texts) =>
      chainHash(chainStart.hash, texts),
    );
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('a chain', () => {
  it('that nobody touched is whole', () => {
    expect(followed(chainOf(5))).toMatchObject({ broken: 0, breaks: [], rows: 5 });
  });

  it('of no rows is whole, and broken where its end says that there were some', () => {
    expect(followed([], chainStart).breaks).toEqual([]);
    expect(followed([], { number: 2, hash: 'x' }).breaks).toEqual([{ kind: 'removed', number: 1, until: 2 }]);
  });

  it('is broken at every single row that is altered, and nowhere else', () => {
    for (let at = 0; at < 6; at += 1) {
      const rows = chainOf(6);
      rows[at] = { ...rows[at]!, texts: [...rows[at]!.texts.slice(0, -1), 'x'] };
      expect(followed(rows).breaks).toEqual([{ kind: 'altered', number: at + 1 }]);
    }
  });

  it('is broken at every single row that is rewritten with a hash of its own', () => {
    for (let at = 0; at < 6; at += 1) {
      const rows = chainOf(6);
      const end = { number: 6, hash: rows.at(-1)!.hash };
      const texts = [...rows[at]!.texts.slice(0, -1), 'x'];
      rows[at] = { ...rows[at]!, texts, hash: chainHash(rows[at]!.previous, texts) };
      expect(followed(rows, end).breaks).toEqual([{ kind: at === 5 ? 'end' : 'rewritten', number: at + 1 }]);
    }
  });

  it('is broken wherever rows are removed, however many', () => {
    for (let first = 1; first <= 5; first += 1) {
      for (let last = first; last <= 5; last += 1) {
        const rows = chainOf(5);
        const kept = rows.filter(({ number }) => number < first || number > last);
        expect(followed(kept, rows.at(-1)!).breaks).toEqual([{ kind: 'removed', number: first, until: last }]);
      }
    }
  });

  it('is read on from a row in its middle by what stands before that', () => {
    const rows = chainOf(5);
    const chain = new Chain(3, { number: 2, hash: 'another' });
    for (const row of rows.slice(2)) chain.follow(row);
    expect(chain.breaks).toEqual([{ kind: 'rewritten', number: 2 }]);
  });

  it('that was made anew from a row on is whole by itself, and not for whoever noted its end', () => {
    const rows = chainOf(5);
    const noted = { number: 5, hash: rows[4]!.hash };
    for (let at = 2; at < 5; at += 1) {
      const previous = rows[at - 1]!.hash;
      const texts = [String(at + 1), '覃某'];
      rows[at] = { number: at + 1, texts, previous, hash: chainHash(previous, texts) };
    }
    expect(followed(rows).breaks).toEqual([]);
    const chain = new Chain(1, chainStart, [noted, { number: 6, hash: 'x' }]);
    for (const row of rows) chain.follow(row);
    chain.finish(rows.at(-1)!);
    expect(chain.breaks).toEqual([
      { kind: 'anchor', number: 5 },
      { kind: 'anchor', number: 6 },
    ]);
  });
});
