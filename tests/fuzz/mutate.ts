import fc from 'fast-check';

/** Words that parsers stumble over in any grammar; each target adds its own. */
const anywhere = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  '"',
  "'",
  '\\',
  ',',
  ';',
  ':',
  '=',
  '/',
  '@',
  '%',
  '-1',
  '0',
  '65536',
  '4294967296',
  '99999999999999999999',
  '1e9',
  'NaN',
  '\xff\xfe',
  '\xe6\x9f\xb3\xe5\xb7\x9e',
  '\xc1\xf8\xd6\xdd',
  '\xed\xa0\x80',
  '__proto__',
];

/** No case grows beyond this, bytes; what is large is tried by the target "large". */
const longest = 16 * 1024;

/** Does one edit; `edit` is any 32-bit number, which says what is done and where. */
const edited = (bytes: Buffer, edit: number, tokens: readonly Buffer[], corpus: readonly Buffer[]): Buffer => {
  const value = Math.imul(edit, 0x9e37_79b1) >>> 0;
  const at = (edit >>> 8) % (bytes.length + 1);
  const span = 1 + ((value >>> 24) % 24);
  const before = bytes.subarray(0, at);
  const rest = bytes.subarray(at);
  switch (edit % 12) {
    case 0: {
      if (at === bytes.length) return bytes;
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (value >>> 29);
      return flipped;
    }
    case 1: {
      if (at === bytes.length) return bytes;
      const set = Buffer.from(bytes);
      set[at] = value >>> 16;
      return set;
    }
    case 2:
      return Buffer.concat([before, rest.subarray(span)]);
    case 3:
      return Buffer.concat([before, rest.subarray(0, span), rest]);
    case 4:
      return before;
    case 5: {
      const other = corpus[(value >>> 8) % corpus.length]!;
      return Buffer.concat([before, other.subarray(value % (other.length + 1))]);
    }
    case 6: {
      // The next number lies.
      const text = bytes.toString('latin1');
      const digits = /\d+/g;
      digits.lastIndex = at;
      const match = digits.exec(text);
      if (match === null) return bytes;
      const lies = ['', '0', '-1', '00', '1', '65535', '65536', '131073', '2147483648', '999999999', '1'.repeat(40)];
      const lie = lies[value % lies.length]!;
      return Buffer.from(text.slice(0, match.index) + lie + text.slice(match.index + match[0].length), 'latin1');
    }
    case 7:
      return Buffer.concat([
        before,
        ...new Array<Buffer>(1 + ((value >>> 8) % 60)).fill(rest.subarray(0, span % 6)),
        rest,
      ]);
    case 8: {
      // A line doubled, or moved to the end.
      const from = bytes.lastIndexOf(10, at) + 1;
      const to = bytes.indexOf(10, at) + 1 || bytes.length;
      return Buffer.concat([
        bytes.subarray(0, (value & 1) === 0 ? to : from),
        bytes.subarray(to),
        bytes.subarray(from, to),
      ]);
    }
    default:
      return Buffer.concat([before, tokens[value % tokens.length]!, (value & 1) === 0 ? rest : rest.subarray(span)]);
  }
};

const edits = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 7 });

/** Does `list` of edits to `bytes`, one after the other. */
export const mutate = (
  bytes: Buffer,
  list: readonly number[],
  tokens: readonly Buffer[],
  corpus: readonly Buffer[],
): Buffer => {
  let changed = bytes;
  for (const edit of list) changed = edited(changed, edit, tokens, corpus);
  return changed.length > longest ? changed.subarray(0, longest) : changed;
};

/**
 * Sound inputs with up to seven edits: bytes flipped, dropped, doubled, cut, lengths that lie, pieces of others and of
 * `words`. Shrinks to fewer edits of an earlier text. Texts are Latin-1, a character a byte.
 */
export const mutants = (
  texts: readonly string[],
  words: readonly string[],
  recorded: readonly Buffer[] = [],
): fc.Arbitrary<Buffer> => {
  const corpus = [...texts.map((text) => Buffer.from(text, 'latin1')), ...recorded];
  const tokens = [...anywhere, ...words].map((word) => Buffer.from(word, 'latin1'));
  return fc
    .tuple(fc.noBias(fc.nat(corpus.length - 1)), edits)
    .map(([nth, list]) => mutate(corpus[nth]!, list, tokens, corpus));
};

/** The same as text, a character a byte: what is on the wire is kept so. */
export const mutantTexts = (
  texts: readonly string[],
  words: readonly string[],
  recorded: readonly Buffer[] = [],
): fc.Arbitrary<string> => mutants(texts, words, recorded).map((bytes) => bytes.toString('latin1'));
