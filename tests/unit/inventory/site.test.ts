import { describe, expect, it } from 'vitest';
import { allowList } from '../../../src/inventory/site.ts';
import { Sentence } from '../../../src/sentence.ts';

describe('the networks of a site', () => {
  it.each([
    ['10.20.0.0', ['10.20.0.0/16'], true],
    ['10.20.255.255', ['10.20.0.0/16'], true],
    ['10.21.0.0', ['10.20.0.0/16'], false],
    ['10.21.0.7', ['10.20.0.0/16', '10.21.0.7/32'], true],
    ['10.21.0.8', ['10.20.0.0/16', '10.21.0.7/32'], false],
    ['203.0.113.9', ['0.0.0.0/0'], true],
    ['2001:db8:1::7', ['2001:db8:1::/48'], true],
    ['2001:DB8:1:0::7', ['2001:db8:1::/48'], true],
    ['2001:db8:2::7', ['2001:db8:1::/48'], false],
    ['2001:db8:1::7', ['10.20.0.0/16'], false],
    ['10.20.0.1', ['2001:db8:1::/48'], false],
    // What a socket that serves both families says of an IPv4 peer.
    ['::ffff:10.20.0.1', ['10.20.0.0/16'], true],
    ['::ffff:10.21.0.1', ['10.20.0.0/16'], false],
    ['169.254.169.254', ['10.20.0.0/16'], false],
    ['127.0.0.1', [], false],
  ] as const)('%s in %j: %s', (address, networks, allowed) => {
    expect(allowList(networks)(address)).toBe(allowed);
  });

  it('never hold what is no address', () => {
    const allow = allowList(['0.0.0.0/0', '::/0']);
    for (const text of ['', 'camera.example', '10.20.0', '10.20.0.256', '010.20.0.1 ']) expect(allow(text)).toBe(false);
  });

  it.each([
    '10.20.0.0',
    '10.20.0.0/33',
    '10.20.0.0/',
    '/16',
    '10.20.0/16',
    '10.20.0.256/16',
    '2001:db8::/129',
    '2001:db8:::/48',
    'office/16',
    '10.20.0.0/16/16',
    '10.20.0.0/-1',
    '10.20.0.0/1e1',
    ' 10.20.0.0/16',
    '',
  ])('are refused by name where one is malformed: "%s"', (network) => {
    expect(() => allowList(['10.0.0.0/8', network])).toThrow(Sentence);
    expect(() => allowList([network])).toThrow(`network ${network}: must look like 10.20.0.0/16`);
  });
});
