import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeXml } from '../../../probes/onvif/charset.ts';
import { ownUri, servicePath } from '../../../probes/onvif/uri.ts';
import { type Element, find, parseXml, textAt, words } from '../../../probes/onvif/xml.ts';

const document = (inside: string): string => `<?xml version="1.0"?><s:E xmlns:s="u"><a>${inside}</a></s:E>`;
const text = (inside: string): string | null => textAt(parseXml(document(inside)) as Element, 'a');

describe('XML', () => {
  it.each([
    ['entities', '&lt;&amp;&#25105;&#x4eec;&quot;&apos;&gt;', '<&我们"\'>'],
    ['an "&" by itself', 'rtsp://x/?a=1&b=2&', 'rtsp://x/?a=1&b=2&'],
    ['an entity that nobody declared', '&nbsp;x', '&nbsp;x'],
    ['characters that are none', 'a&#0;&#xD800;&#x110000;b', 'a���b'],
    ['CDATA', ' <![CDATA[<a>&amp;]]> ', '<a>&amp;'],
    ['a comment in between', 'a<!-- <b> -->b', 'ab'],
    ['blanks only', ' \r\n\t ', null],
  ])('%s', (_, inside, expected) => {
    expect(text(inside)).toBe(expected);
  });

  it('reads attributes of either quote, without prefixes, and blanks wherever they stand', () => {
    const root = parseXml(`\ufeff\n <a  x = "1>2"\n t:y='"&lt;"' xmlns:t="u" ><b:c  /></a >trailing`) as Element;
    expect([...root.attributes]).toEqual([
      ['x', '1>2'],
      ['y', '"<'.concat('"')],
    ]);
    expect(root.children.map(({ name }) => name)).toEqual(['c']);
  });

  it.each([
    '',
    'no xml',
    '<',
    '<a',
    '<a>',
    '<a></b>',
    '</a>',
    '<a b></a>',
    '<a b=1></a>',
    '<a b="1></a>',
    '<a><![CDATA[</a>',
    '<!-- <a/>',
    '<?xml <a/>',
    '<a><b></a></b>',
    '<!DOCTYPE html><html></html>',
    '< a/>',
  ])('%j is malformed', (xml) => {
    expect(parseXml(xml)).toMatchObject({ refused: 'malformed' });
  });

  it('never throws, whatever comes', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      '/>',
      'a',
      'b:',
      '="',
      '"',
      "'",
      '&#',
      ';',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      '<!',
      ' ',
      '\0',
      '我',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const root = parseXml(pieces.join(''));
        if (!('refused' in root)) words(root);
      }),
      { numRuns: 3_000 },
    );
  });

  const mebibyte = 1024 * 1024;
  const filled = (head: string, unit: string, tail = ''): string =>
    head + unit.repeat(Math.ceil(mebibyte / unit.length)) + tail;

  // The first held the package's parser for half a minute; here the worst takes 0.2 s.
  it.each([
    ['xmlns without "="', filled('<a>', 'xmlns', '</a>')],
    ['xmlns in a tag', filled('<a ', 'xmlns', '/>')],
    ['attributes without a value', filled('<a ', 'b ', '/>')],
    ['attributes', filled('<a ', 'b="" ', '/>')],
    ['one name', filled('<', 'a', '/>')],
    ['one name of an attribute', filled('<a ', 'b', '/>')],
    ['blanks in a tag', filled('<a', ' ', '/>')],
    ['blanks and slashes in a tag', filled('<a', ' /', '>')],
    ['colons', filled('<', 'a:', '/>')],
    ['open elements', filled('', '<a>')],
    ['open elements, other ends', filled('<a>'.repeat(60), '</b>')],
    ['ends', filled('', '</a>')],
    ['siblings', filled('<a>', '<b/>', '</a>')],
    ['text outside', filled('', 'x ')],
    ['text outside behind an element', filled('<a/>', 'x ')],
    ['"&" in a text', filled('<a>', '&', '</a>')],
    ['"&#" in a text', filled('<a>', '&#1', '</a>')],
    ['comments that do not end', filled('<a>', '<!--')],
    ['comments', filled('<a>', '<!---->', '</a>')],
    ['CDATA that does not end', filled('<a>', '<![CDATA[')],
    ['pieces of CDATA', filled('<a>', '<![CDATA[ ]]> ', '</a>')],
    ['quotes', filled('<a b=', '"')],
    ['processing instructions', filled('', '<?', '<a/>')],
    ['blanks around', filled('', ' ', '<a/>')],
    ['blanks in a text', filled('<a>', ' \n', 'x</a>')],
  ])('1 MiB of %s takes no time to speak of', (_, xml) => {
    const begun = performance.now();
    const root = parseXml(xml);
    if (!('refused' in root)) words(root);
    expect(performance.now() - begun).toBeLessThan(1_500);
  });
});

describe('the characters of a document', () => {
  const gbk = Buffer.from([0xce, 0xc4, 0x5f, 0x41]);
  const says = (encoding: string, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`<?xml version="1.0" encoding="${encoding}"?><a>`), bytes, Buffer.from('</a>')]);

  it.each([
    ['UTF-8', says('UTF-8', Buffer.from('文_A')), '文_A'],
    ['utf-16 declared on UTF-8 bytes', says('utf-16', Buffer.from('文_A')), '文_A'],
    ['GBK bytes in a document that says UTF-8 (home-assistant#89620)', says('utf-8', gbk), '文_A'],
    ['GBK bytes that say so', says('GB2312', gbk), '文_A'],
    ['GBK bytes of an encoding that nobody knows', says('x-klingon', gbk), '文_A'],
    ['four bytes of GB18030', says('UTF-8', Buffer.from([0x95, 0x32, 0x82, 0x36])), '𠀀'],
    ['Latin-1 that says so', says('ISO-8859-1', Buffer.from([0xe9])), 'é'],
    ['UTF-16 with a mark', Buffer.from('\ufeff<a>文</a>', 'utf16le'), '文'],
    ['UTF-16 without', Buffer.from('<a>文</a>', 'utf16le'), '文'],
    ['big-endian UTF-16', Buffer.from('\ufeff<a>文</a>', 'utf16le').swap16(), '文'],
    ['a mark before UTF-8', Buffer.from('\ufeff<a>文</a>'), '文'],
  ])('%s', (_, bytes, expected) => {
    expect((parseXml(decodeXml(bytes)) as Element).text).toBe(expected);
  });

  it('are replaced where they fit nothing, and cost nothing else', () => {
    const root = parseXml(decodeXml(says('UTF-8', Buffer.from([0xff, 0xff, 0x41])))) as Element;
    expect(root.text).toBe('��A');
    expect(find(root)).toBe(root);
  });
});

describe('a URI that a device names', () => {
  it.each([
    ['rtsp://192.168.1.64:554/Streaming/101', 'rtsp://cam:554/Streaming/101'],
    ['rtsp://admin:12345@192.168.1.64/ch1?x=1', 'rtsp://cam/ch1?x=1'],
    ['rtsps://[fe80::1]:322/a', 'rtsps://cam:322/a'],
    ['RTSP://169.254.169.254', 'rtsp://cam'],
    ['rtsp://10.0.0.1/user=admin&password=abc&channel=1', 'rtsp://cam/user=admin&password=***&channel=1'],
    ['rtsp://10.0.0.1/tok/right%20horse/1', 'rtsp://cam/tok/***/1'],
    ['rtsp://admin:a/b@10.0.0.1/ch1', null],
    ['rtsp://admin:12/b@10.0.0.1/ch1', null],
    ['http://10.0.0.1/x', null],
    ['rtsp://10.0.0.1/a b', null],
    ['rtsp://10.0.0.1/a\u0000b', null],
    ['javascript:alert(1)', null],
    ['/live', null],
    [`rtsp://10.0.0.1/${'a'.repeat(3_000)}`, null],
  ])('%s is shown as %s', (uri, expected) => {
    expect(ownUri(uri, 'rtsp', 'cam', 'right horse')).toBe(expected);
  });

  it.each([
    ['http://169.254.1.1:8000/onvif/Media?a=1#b', '/onvif/Media?a=1'],
    ['https://10.0.0.1/onvif/media', '/onvif/media'],
    ['/onvif/media', '/onvif/media'],
    ['//10.0.0.1/x y\r\nHost: z', '/x%20yHost:%20z'],
    ['http://10.0.0.1', '/'],
    ['file:///etc/passwd', null],
    ['http://[', null],
    [`http://x/${'a'.repeat(3_000)}`, null],
  ])('%j as a service is asked at %s', (xaddr, path) => {
    expect(servicePath(xaddr)).toBe(path);
  });
});
