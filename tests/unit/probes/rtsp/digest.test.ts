import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorize, parseChallenges } from '../../../../probes/rtsp/digest.ts';

const mufasa = { user: 'Mufasa', password: 'Circle of Life' };

const answerTo = (challenge: string, credentials = mufasa, method = 'GET', uri = '/dir/index.html', cnonce = 'c') =>
  authorize(parseChallenges([challenge])[0]!, credentials, method, uri, 1, cnonce);

const partOf = (header: string, name: string): string | undefined =>
  new RegExp(`[ ,]${name}="?([^",]*)`).exec(header)?.[1];

describe('a digest is answered', () => {
  it('as RFC 2617 section 3.5 works it out', () => {
    const header = answerTo(
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      { user: 'Mufasa', password: 'Circle Of Life' },
      'GET',
      '/dir/index.html',
      '0a4f113b',
    );
    expect(partOf(header, 'response')).toBe('6629fae49393a05397450978507c4ef1');
    expect(partOf(header, 'opaque')).toBe('5ccc069c403ebaf9f0171e9517f40e41');
    expect(partOf(header, 'nc')).toBe('00000001');
    expect(partOf(header, 'cnonce')).toBe('0a4f113b');
    expect(partOf(header, 'qop')).toBe('auth');
  });

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('with %s as RFC 7616 section 3.9.1 works it out', (algorithm, response) => {
    const header = answerTo(
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
      mufasa,
      'GET',
      '/dir/index.html',
      'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    );
    expect(partOf(header, 'response')).toBe(response);
  });

  it('without qop as RFC 2069 did: no nc, no cnonce, and no algorithm that was not asked for', () => {
    const header = answerTo('Digest realm="r", nonce="n"');
    for (const name of ['qop', 'nc', 'cnonce', 'algorithm', 'opaque']) expect(partOf(header, name)).toBeUndefined();
  });

  it('with quotes in names escaped', () => {
    const header = answerTo('Digest realm="a \\"b\\"", nonce="n"', { user: 'x"y', password: 'p' });
    expect(header).toContain('username="x\\"y"');
    expect(header).toContain('realm="a \\"b\\""');
  });

  it('over the bytes that are on the wire, where realm and user are Chinese', () => {
    // The header is read as latin1, a character a byte; md5 values by Python's hashlib over the UTF-8 bytes.
    const onTheWire = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    const header = answerTo(onTheWire('Digest realm="监控", nonce="n"'), { user: '管理员', password: '密码1' });
    expect(Buffer.from(header, 'latin1').toString('utf8')).toContain('username="管理员", realm="监控"');
    expect(partOf(header, 'response')).toBe('fce34805765fc5a8bdeb5343a28d8e7d');
  });
});

describe('of several challenges', () => {
  const md5 = 'Digest realm="r", nonce="m"';
  const sha = 'Digest realm="r", nonce="s", algorithm=SHA-256';
  const basic = 'Basic realm="r"';
  const names = (values: readonly string[]) =>
    parseChallenges(values).map((challenge) => (challenge.scheme === 'basic' ? 'Basic' : challenge.algorithm));

  it('the strongest comes first, in headers of their own or in one', () => {
    expect(names([basic, md5, sha])).toEqual(['SHA-256', 'MD5', 'Basic']);
    expect(names([`${basic}, ${md5}, ${sha}`])).toEqual(['SHA-256', 'MD5', 'Basic']);
  });

  it.each([
    ['MD5-sess', 'Digest realm="r", nonce="n", algorithm=MD5-sess'],
    ['an unknown algorithm', 'Digest realm="r", nonce="n", algorithm=SHA-512-256'],
    ['only qop=auth-int', 'Digest realm="r", nonce="n", qop="auth-int"'],
    ['no nonce', 'Digest realm="r"'],
    ['another scheme', 'Bearer realm="r"'],
    ['nothing', ''],
  ])('%s is skipped', (_, value) => {
    expect(names([value])).toEqual([]);
    expect(names([value, md5])).toEqual(['MD5']);
  });

  it.each([
    ['bare values', 'Digest realm=r, nonce=n, stale=TRUE', { realm: 'r', nonce: 'n', stale: true }],
    ['blanks around signs', 'digest  realm = "r" ,nonce= "n"', { realm: 'r', nonce: 'n', stale: false }],
    ['an empty algorithm', 'Digest realm="r", nonce="n", algorithm=""', { algorithm: 'MD5' }],
    ['an empty qop', 'Digest realm="r", nonce="n", qop=""', { qop: false }],
    ['a quote that never ends', 'Digest nonce="n", realm="r', { realm: 'r', nonce: 'n' }],
  ])('%s are understood', (_, value, expected) => {
    expect(parseChallenges([value])).toEqual([expect.objectContaining(expected)]);
  });

  it('arbitrary text neither throws nor takes long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('Digest ', 'nonce="', 'realm=', '\\"', ','))),
        (words) => {
          parseChallenges([words.join('')]);
        },
      ),
    );
    const begun = performance.now();
    parseChallenges([`Digest nonce="${'\\'.repeat(30_000)}`]);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
