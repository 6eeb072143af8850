/**
 * XML as far as SOAP answers need it: elements, attributes, text. Pure. One pass without recursion, its time
 * proportional to the text: a hostile answer must not hold a process that listens to a thousand other cameras.
 * The first thing that is not well-formed ends it. Not a validating parser: a prefix that is bound to nothing, an "&"
 * that stands alone and whatever follows the root are in the field and let through.
 *
 * Not the package's (xml2js behind an expression over the namespaces): 512 KiB of "xmlns" held that for 29 s, depth and
 * DTDs would have to be looked for in a pass of their own, and 27 KB of profiles take it 3.5 ms, this 0.4 ms.
 */

export type Element = {
  /** Without its prefix: those differ from firmware to firmware and are sometimes bound to nothing. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** The text directly inside, without blanks around. */
  readonly text: string;
};

/** `malformed` is no XML or not all of it; `unsafe` is XML that is refused whatever it says. */
export type Unparsed = { readonly refused: 'malformed' | 'unsafe'; readonly detail: string };

/** Of 263 recorded answers the deepest has 11 levels, the longest 1,083 tags for a camera of four profiles. */
const maxDepth = 64;
const maxPieces = 100_000;
/** No fact that is asked for is longer, chars, and no tag has so many attributes: each is looked at in one go. */
const maxText = 64 * 1024;
const maxAttributes = 256;
/** Pieces in one go: some 2 ms. */
const atOnce = 2_000;

const none: ReadonlyMap<string, string> = new Map();

class Open {
  readonly raw: string;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[] = [];
  text = '';

  constructor(raw: string, attributes: ReadonlyMap<string, string>) {
    this.raw = raw;
    this.name = raw.slice(raw.indexOf(':') + 1);
    this.attributes = attributes;
  }
}

const malformed = (detail: string): Unparsed => ({ refused: 'malformed', detail });
const unsafe = (detail: string): Unparsed => ({ refused: 'unsafe', detail });

/** The root element of a document. */
export const parseXml = (xml: string): Element | Unparsed => {
  const parsing = parsed(xml);
  for (;;) {
    const { done, value } = parsing.next();
    if (done) return value;
  }
};

/**
 * The same, with the other cameras heard in between: an answer of 1 MiB, as a recorder with 64 channels may give, takes up
 * to 70 ms in all.
 */
export const parseXmlInTurns = async (xml: string): Promise<Element | Unparsed> => {
  const parsing = parsed(xml);
  for (;;) {
    const { done, value } = parsing.next();
    if (done) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** Ends with the root element, and pauses every 2,000 pieces. */
export function* parsed(xml: string): Generator<undefined, Element | Unparsed> {
  const open: Open[] = [];
  let pieces = 0;
  // U+FEFF and NULs stand before some documents.
  let at = /^[\s\0\ufeff]*/.exec(xml)![0].length;
  while (at < xml.length) {
    const top = open.at(-1);
    if (++pieces > maxPieces) return unsafe(`more than ${maxPieces} tags and texts`);
    if (pieces % atOnce === 0) yield;
    if (xml[at] !== '<') {
      const next = xml.indexOf('<', at);
      if (top === undefined || next === -1) return malformed('text outside the root element');
      if (next - at > maxText) return unsafe(`a text of ${next - at} characters`);
      top.text += unescaped(xml.slice(at, next));
      at = next;
    } else if (xml.startsWith('<?', at)) {
      at = after(xml, '?>', at + 2);
    } else if (xml.startsWith('<!--', at)) {
      at = after(xml, '-->', at + 4);
    } else if (xml.startsWith('<![CDATA[', at)) {
      const end = xml.indexOf(']]>', at);
      if (end === -1 || top === undefined) return malformed('CDATA without an end or an element');
      if (end - at > maxText) return unsafe(`a text of ${end - at} characters`);
      top.text += xml.slice(at + 9, end);
      at = end + 3;
    } else if (xml.startsWith('<!', at)) {
      // Refused before anything in it is read: entities that double each other need no more than one line of it.
      const page = /^<!doctype\s+html/i.test(xml.slice(at, at + 40));
      return page ? malformed('an HTML page') : unsafe(`a declaration: ${xml.slice(at, at + 20)}`);
    } else if (xml.startsWith('</', at)) {
      const end = xml.indexOf('>', at);
      if (end === -1 || top === undefined || xml.slice(at + 2, end).trimEnd() !== top.raw) {
        return malformed('an end tag that closes nothing');
      }
      open.pop();
      const element = closed(top);
      const parent = open.at(-1);
      if (parent === undefined) return element;
      parent.children.push(element);
      at = end + 1;
    } else {
      const tag = startTag(xml, at);
      if (tag === null) return malformed('a tag that is none');
      if (tag === 'unsafe') return unsafe(`a tag with more than ${maxAttributes} attributes, or a long one`);
      const element = new Open(tag.raw, tag.attributes);
      if (!tag.empty) {
        if (open.push(element) > maxDepth) return unsafe(`elements nested more than ${maxDepth} deep`);
      } else if (top === undefined) return closed(element);
      else top.children.push(closed(element));
      at = tag.end;
    }
    // Between root-level markup.
    if (open.length === 0) while (at < xml.length && /\s/.test(xml[at]!)) at++;
  }
  return malformed(open.length === 0 ? 'no element' : `<${open.at(-1)!.name.slice(0, 40)}> is not closed`);
}

const closed = ({ name, attributes, children, text }: Open): Element => ({
  name,
  attributes,
  children,
  text: text.trim(),
});

/** The place behind the next `mark`; the end of the text where there is none. */
const after = (xml: string, mark: string, from: number): number => {
  const found = xml.indexOf(mark, from);
  return found === -1 ? xml.length : found + mark.length;
};

const tagName = /<([^\s/>=<"'&]+)/y;
const attribute = /\s*([^\s/>=<"']+)\s*=\s*/y;
const tagEnd = /\s*(\/?)>/y;

const startTag = (
  xml: string,
  from: number,
): { raw: string; attributes: ReadonlyMap<string, string>; empty: boolean; end: number } | 'unsafe' | null => {
  tagName.lastIndex = from;
  const raw = tagName.exec(xml)?.[1];
  if (raw === undefined) return null;
  let at = tagName.lastIndex;
  let attributes: Map<string, string> | null = null;
  for (let count = 0; ; count++) {
    if (count > maxAttributes) return 'unsafe';
    tagEnd.lastIndex = at;
    const end = tagEnd.exec(xml);
    if (end !== null) {
      return { raw, attributes: attributes ?? none, empty: end[1] === '/', end: tagEnd.lastIndex };
    }
    attribute.lastIndex = at;
    const name = attribute.exec(xml)?.[1];
    if (name === undefined) return null;
    const quote = xml[attribute.lastIndex];
    const close = quote === '"' || quote === "'" ? xml.indexOf(quote, attribute.lastIndex + 1) : -1;
    if (close === -1) return null;
    if (close - at > maxText) return 'unsafe';
    if (!name.startsWith('xmlns')) {
      attributes ??= new Map();
      attributes.set(name.slice(name.indexOf(':') + 1), unescaped(xml.slice(attribute.lastIndex + 1, close)));
    }
    at = close + 1;
  }
};

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const unescaped = (text: string): string =>
  text.includes('&')
    ? text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (_, name, decimal, hex) =>
        name === undefined ? character(Number(decimal ?? `0x${hex}`)) : named[name]!,
      )
    : text;

/** NUL, surrogates and what is beyond Unicode are no characters; PostgreSQL refuses the first. */
const character = (code: number): string =>
  code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? '\ufffd' : String.fromCodePoint(code);

/** The first element at `path` below `element`, by names without prefix. */
export const find = (element: Element, ...path: readonly string[]): Element | null => {
  let at: Element | undefined = element;
  for (const name of path) at = at?.children.find((child) => child.name === name);
  return at ?? null;
};

/** The text at `path` below `element`; `null` where there is none, or nothing but blanks. */
export const textAt = (element: Element, ...path: readonly string[]): string | null =>
  find(element, ...path)?.text || null;

/** All children of that name. */
export const all = (element: Element, name: string): readonly Element[] =>
  element.children.filter((child) => child.name === name);

/** All text below `element`, in the document's order, joined by blanks. */
export const words = (element: Element): string => {
  const texts: string[] = [];
  const waiting: Element[] = [element];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.text !== '') texts.push(next.text);
    for (const child of next.children.toReversed()) waiting.push(child);
  }
  return texts.join(' ').replace(/\s+/g, ' ');
};
