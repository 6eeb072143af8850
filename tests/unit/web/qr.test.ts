import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

const { qrOf } = (await import(new URL('../../../src/web/qr.js', import.meta.url).href)) as {
  qrOf: (text: string) => boolean[][];
};

/** Modules as lines of # and space. */
const drawn = (text: string): string[] => qrOf(text).map((row) => row.map((dark) => (dark ? '#' : ' ')).join(''));

const size = (version: number): number => 17 + 4 * version;

/** Bytes that fill each version, from 1, to the last; and its symbol's SHA-256, as jsQR 1.4.0 and we agreed in November 2026. */
const full = [
  [14, 'da69df9e6878394a'],
  [26, '8f2687da9ddfc25b'],
  [42, 'cefcb41718d8efca'],
  [62, 'c8e0042300c248d8'],
  [84, 'd462ad8fa19a1e93'],
  [106, 'f2c8d7fad1262904'],
  [122, 'd18686c7bae7e5ef'],
  [152, '1b7003ca02037246'],
  [180, '44699448a2c088d5'],
  [213, 'cd9dc971d12a9e0c'],
  [251, '36aac3930b6a285c'],
  [287, '0b436e451747681e'],
  [331, '6a216377fcf1a0f5'],
  [362, '2b3b9e38148f4658'],
  [412, '8ba912ed271f1e78'],
  [450, 'ddacac84501b387f'],
  [504, 'b33e055353e94522'],
  [560, 'ae0a3aaebbb170fd'],
  [624, 'ee3e5ceb636016ed'],
  [666, '731ff08583f79532'],
] as const;
const textOf = (length: number): string =>
  Array.from({ length }, (_, at) => String.fromCharCode(33 + ((at * 7) % 94))).join('');

describe('the QR code of an authenticator’s key', () => {
  it.each(full.map(([bytes, hash], at) => ({ version: at + 1, bytes, hash })))(
    'is read as what was written, in version $version, which $bytes bytes fill',
    ({ version, bytes, hash }) => {
      const lines = drawn(textOf(bytes));
      expect(lines.length).toBe(size(version));
      expect(createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)).toBe(hash);
    },
  );

  it('is the smallest that holds the text, and none where none of ours does', () => {
    for (const [at, [bytes]] of full.slice(0, -1).entries()) {
      expect(drawn(textOf(bytes + 1)).length).toBe(size(at + 2));
    }
    expect(() => drawn(textOf(667))).toThrow('667 bytes are too long for a QR code of ours');
  });

  it('holds Chinese as UTF-8', () => {
    const symbol = [
      '####### #  #  #######',
      '#     #  #  # #     #',
      '# ### # ##  # # ### #',
      '# ### #  ## # # ### #',
      '# ### #   ### # ### #',
      '#     # # #   #     #',
      '####### # # # #######',
      '                     ',
      '# #   ## # ##  #  # #',
      ' ##    # #      ## ##',
      '# ## ## ## # #### # #',
      '  # ## ##  #### ##   ',
      ' ## #### # ###   # # ',
      '        ##  ##  #####',
      '####### #  #  # ##  #',
      '#     #  #  # ## #  #',
      '# ### #  ## #  ###   ',
      '# ### #   # ##  # #  ',
      '# ### # # #     ## ##',
      '#     #   ##  ## #   ',
      '####### #  ### # #  #',
    ];
    expect(drawn('xunjian 巡检')).toEqual(symbol);
  });
});
