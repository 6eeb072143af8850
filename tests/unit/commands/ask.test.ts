import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { askOn } from '../../../src/commands/ask.ts';

const answered = (typed: string): Promise<boolean> => {
  const [input, output] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
  const answer = askOn(input, output)('?');
  input.end(typed);
  return answer;
};

describe('a question on a terminal', () => {
  it.each(['y\r', 'YES\r', ' 是 \r'])('is a yes after %j', async (typed) => {
    expect(await answered(typed)).toBe(true);
  });

  it.each(['n\r', '\r', 'yy\r', '\u0003', '\u0004', ''])(
    'is a no after %j, also where nobody answers',
    async (typed) => {
      expect(await answered(typed)).toBe(false);
    },
  );
});
