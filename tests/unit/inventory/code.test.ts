import { describe, expect, it } from 'vitest';
import { faultOfCode } from '../../../src/inventory/code.ts';

describe('the code of a point', () => {
  it.each([
    ['a camera', '45020200001310000001'],
    ['an IP camera of a county', '45022501021320123456'],
    ['a channel of a DVR', '45020200001110000001'],
    ['a channel of an NVR', '45020200001180000001'],
  ])('may be that of %s', (_, code) => {
    expect(faultOfCode(code)).toBeNull();
  });

  it.each([
    ['too short', '4502020000131000001', '20'],
    ['too long', '450202000013100000011', '20'],
    ['of full-width digits', '４５０２０２００００１３１０００００１', '20'],
    ['with a line break behind it', '45020200001310000001\n', '20'],
    ['of another city', '45030200001310000001', '4502'],
    ['of another province', '11010100001310000001', '4502'],
    ['of an alarm input', '45020200001340000001', '134'],
    ['of the centre itself', '45020200002000000001', '200'],
  ])('is refused where it is %s, with what it should be', (_, code, word) => {
    const fault = faultOfCode(code);
    expect(fault?.zh).toContain(word);
    expect(fault?.en).toContain(word);
  });
});
