import assert from 'node:assert/strict';
import { decodeXml } from '../../probes/onvif/charset.ts';
import { clockSkewOf } from '../../probes/onvif/clock.ts';
import { escapeXml } from '../../probes/onvif/envelope.ts';
import { mainAndSub, mediaServices } from '../../probes/onvif/profiles.ts';
import { type Element, find, parseXml, words as wordsOf } from '../../probes/onvif/xml.ts';
import { mutants } from './mutate.ts';
import type { Target } from './target.ts';

const soap = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"><env:Body>${body}</env:Body></env:Envelope>`;

/** Answers in the manner of Hikvision (gSOAP), Dahua, Axis, SOAP 1.1 servers, and what is no SOAP. */
const texts = [
  soap(
    '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:TimeZone><tt:TZ>CST-8:00:00</tt:TZ></tt:TimeZone><tt:UTCDateTime><tt:Time><tt:Hour>3</tt:Hour><tt:Minute>4</tt:Minute><tt:Second>5</tt:Second></tt:Time><tt:Date><tt:Year>2025</tt:Year><tt:Month>2</tt:Month><tt:Day>30</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>',
  ),
  soap(
    '<trt:GetProfilesResponse><trt:Profiles fixed="true" token="a&amp;b"><tt:VideoSourceConfiguration><tt:SourceToken>s</tt:SourceToken></tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration><tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles><trt:Profiles token=\'c\'><tt:Name>\xe6\x9f\xb3\xe5\xb7\x9e<![CDATA[<x>]]></tt:Name></trt:Profiles></trt:GetProfilesResponse>',
  ),
  soap(
    '<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver20/media/wsdl</tds:Namespace><tds:XAddr>http://169.254.1.1/onvif/media2</tds:XAddr></tds:Service></tds:GetServicesResponse>',
  ),
  soap(
    '<env:Fault><env:Code><env:Value>env:Sender</env:Value></env:Code><env:Reason><env:Text xml:lang="en">Sender not Authorized &#x4e2d;&#0;</env:Text></env:Reason></env:Fault>',
  ),
  '<!-- a --><SOAP-ENV:Envelope><SOAP-ENV:Body><b:GetDeviceInformationResponse/>\n<x y = "z" /></SOAP-ENV:Body></SOAP-ENV:Envelope>\0\0',
  '<?xml version="1.0" encoding="gb2312"?><Envelope><Body><Model>\xc1\xf8\xd6\xdd</Model></Body></Envelope>',
  '\xff\xfe<\0a\0>\0<\0/\0a\0>\0',
  '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>',
  '<!DOCTYPE html><html><body onload=x>login</body></html>',
];
const words = [
  '<a>',
  '</a>',
  '<a b="',
  '/>',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?',
  '?>',
  '&#',
  '&#x1F600;',
  '&amp;',
  'xmlns:',
  'utf-16',
];

const size = (root: Element): { elements: number; depth: number } => {
  let elements = 0;
  let depth = 0;
  const waiting: [Element, number][] = [[root, 1]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    elements++;
    depth = Math.max(depth, next[1]);
    for (const child of next[0].children) waiting.push([child, next[1] + 1]);
  }
  return { elements, depth };
};

const printed = ({ name, attributes, text, children }: Element): string => {
  const tag = `x:${name}`;
  const list = [...attributes].map(([key, value]) => ` x:${key}="${escapeXml(value)}"`);
  return `<${tag}${list.join('')}>${escapeXml(text)}${children.map(printed).join('')}</${tag}>`;
};

/** ONVIF answers as bytes: a tree within bounds or a refusal; a tree that is printed reads as itself. */
export const soapTarget = (recorded: readonly Buffer[]): Target<Buffer> => ({
  name: 'soap',
  inputs: mutants(texts, words, recorded),
  check(bytes) {
    const root = parseXml(decodeXml(bytes));
    if ('refused' in root) {
      assert(root.detail.length <= 120, 'a long detail');
      return;
    }
    const { elements, depth } = size(root);
    assert(elements <= 50_000 && depth <= 64, 'beyond the bounds');
    // Some characters are none of XML's: escaped or not, a NUL is not told apart from its replacement.
    const text = printed(root);
    if (!text.includes('\0')) assert.deepEqual(parseXml(text), root, 'printed and read again');
    assert(!/\s{2}|[\r\n]/.test(wordsOf(root)), 'words in more than one line');
    const body = find(root, 'Body');
    const response = body?.children[0];
    if (response === undefined) return;
    const skew = clockSkewOf(response, 0);
    assert(skew === null || Number.isFinite(skew), 'a skew that is none');
    const tokens = mainAndSub(response);
    assert(tokens === null || (tokens.main !== '' && tokens.sub !== tokens.main), 'tokens');
    mediaServices(response);
  },
});
