import { describe, expect, it } from 'vitest';
import { readAttempts, readDaily, readTargets } from '../../../src/commands/policy-option.ts';

describe('the targets', () => {
  it('are read by class, online and picture', () => {
    expect(readTargets('total=95/96,social=100/1')).toEqual({
      total_online: 95,
      total_image: 96,
      social_online: 100,
      social_image: 1,
    });
  });

  it.each(['total', 'total=95', 'household=95/95', 'total=0/95', 'total=95/101', 'total=94.9/95', 'total=95/95,'])(
    'in "%s" are refused, with how they should be',
    (text) => {
      expect(() => readTargets(text)).toThrow('total=95/95');
    },
  );
});

describe('the attempts', () => {
  it('are seconds that rise from 0 on', () => {
    expect(readAttempts('0,300,900')).toEqual([0, 300, 900]);
  });

  it.each(['', '300', '0,900,300', '0,0', '0,-1', '0,1.5', '0,1,2,3,4,5,6,7,8,9,10'])('"%s" are refused', (text) => {
    expect(() => readAttempts(text)).toThrow('0,300,900');
  });
});

describe('the hour of the daily round', () => {
  it('is a time of day, or none', () => {
    expect([readDaily('08:00'), readDaily('23:59'), readDaily('none')]).toEqual(['08:00', '23:59', null]);
  });

  it.each(['8:00', '24:00', '08:60', 'noon'])('"%s" is refused', (text) => {
    expect(() => readDaily(text)).toThrow('08:00');
  });
});
