import { describe, expect, it } from 'vitest';
import { factsOf, type Grey } from '../../../../probes/picture/facts.ts';

const grey = (luma: (x: number, y: number) => number, width = 160, height = 90): Grey => ({
  width,
  height,
  luma: Uint8Array.from({ length: width * height }, (_, at) => luma(at % width, Math.floor(at / width))),
});

describe('the facts of a picture', () => {
  it.each([
    ['black', 0, ['black']],
    ['white', 255, ['white']],
    ['one grey', 128, ['flat']],
  ] as const)('%s all over', (_, value, faults) => {
    expect(factsOf(grey(() => value))).toEqual({ meanLuma: value, contrast: 0, sharpness: 0, faults });
  });

  it('black with the noise of a dead sensor is black still', () => {
    expect(factsOf(grey((x, y) => (x * 7 + y * 13) % 3)).faults).toEqual(['black']);
  });

  it('a soft gradient without an edge is blurred', () => {
    expect(factsOf(grey((x) => 40 + x)).faults).toEqual(['blurred']);
  });

  it('bars with edges have nothing wrong', () => {
    const facts = factsOf(grey((x) => (Math.floor(x / 10) % 2 === 0 ? 50 : 200)));
    expect(facts).toMatchObject({ meanLuma: 125, contrast: 75, faults: [] });
    expect(facts.sharpness).toBeGreaterThan(10);
  });

  it('a dark street with lamps is not black', () => {
    expect(factsOf(grey((x, y) => (x % 40 < 3 && y % 22 < 3 ? 230 : 5))).faults).toEqual([]);
  });

  it('a single pixel has no edges, and nothing divides by zero', () => {
    expect(factsOf(grey(() => 9, 1, 1))).toEqual({ meanLuma: 9, contrast: 0, sharpness: 0, faults: ['black'] });
  });
});
