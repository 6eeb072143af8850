import { describe, expect, it } from 'vitest';
import { readSweeps } from '../../../src/commands/sweep-option.ts';

describe('the periods of a sweep', () => {
  it('are read by class, online and picture; never is none', () => {
    expect(readSweeps('skynet=300/3600,household=600/never')).toEqual({
      skynet_online_every: 300,
      skynet_picture_every: 3_600,
      household_online_every: 600,
      household_picture_every: null,
    });
  });

  it.each([
    ['skynet', 'must look like'],
    ['road=300/3600', 'the classes are'],
    ['skynet=30/3600', 'whole minutes'],
    ['skynet=0/3600', 'whole minutes'],
    ['skynet=420/3600', 'divide a day'],
    ['skynet=300/3601', 'divide a day'],
    ['skynet=900/3000', 'divide a day'],
    ['skynet=960/1440', 'a multiple of the other'],
    ['skynet=300/3600,social=300', 'must look like'],
  ])('in "%s" are refused, with what is wrong and how it should be', (text, said) => {
    expect(() => readSweeps(text)).toThrow(said);
  });
});
