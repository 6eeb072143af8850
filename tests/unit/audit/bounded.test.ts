import { describe, expect, it } from 'vitest';
import { boundedDetail, boundedText } from '../../../src/audit/bounded.ts';

describe('a text of the audit', () => {
  it.each([
    ['as it is', '黄某 😀 "x"', '黄某 😀 "x"'],
    ['without control characters', 'a\u0000b\n\u001b[2J\u009b', 'a\uFFFDb\uFFFD\uFFFD[2J\uFFFD'],
    ['without halves of characters', 'a\ud83db\udc00', 'a\uFFFDb\uFFFD'],
    ['cut', 'x'.repeat(31), `${'x'.repeat(29)}…`],
    ['cut between characters, not through one', `${'x'.repeat(28)}😀${'x'.repeat(9)}`, `${'x'.repeat(28)}…`],
  ])('is kept %s', (_, text, kept) => {
    expect(boundedText(text, 30)).toBe(kept);
  });
});

describe('a detail of the audit', () => {
  it('is JSON of what can be written', () => {
    const detail = { a: 1n, b: undefined, c: Number.NaN, d: new Date(0), e: [null, true], '\u0000': '\u0000' };
    expect(JSON.parse(boundedDetail(detail))).toEqual({
      ...{ a: '1', c: null, d: '1970-01-01T00:00:00.000Z', e: [null, true] },
      '\uFFFD': '\uFFFD',
    });
  });

  it('goes four levels deep', () => {
    expect(boundedDetail({ a: { b: { c: { d: { e: 1 } } } } })).toBe('{"a":{"b":{"c":{"d":"…"}}}}');
  });

  it('that is too long tells how long it was', () => {
    expect(boundedDetail({ a: Array(100).fill('x'.repeat(400)) })).toMatch(/^\{"cut":\d{5}\}$/);
  });
});
