import { unzipSync, type Zippable, zipSync } from 'fflate';

/** Noon of the first day a zip can tell, in whatever zone: the format writes local time, so this reads alike everywhere. */
const never = new Date(1980, 0, 1, 12);

/**
 * Packs the parts of an Office file so that the same parts give the same bytes: in the order of their names (the list of
 * types first, as Office wants it), without times, compressed by fflate, which is the same everywhere.
 */
export const zipAlike = (parts: Readonly<Record<string, Uint8Array>>): Uint8Array => {
  const first = '[Content_Types].xml';
  const names = Object.keys(parts).sort((a, b) => Number(b === first) - Number(a === first) || (a < b ? -1 : 1));
  const files: Zippable = {};
  for (const name of names) files[name] = [parts[name]!, { mtime: never, level: name.endsWith('.png') ? 0 : 6, os: 0 }];
  return zipSync(files);
};

/**
 * Packs an Office file anew, with some of its parts written otherwise: from the text that they had, empty where there was no
 * such part.
 */
export const rezip = (file: Uint8Array, change: Readonly<Record<string, (text: string) => string>>): Uint8Array => {
  const parts = unzipSync(file, { filter: ({ name }) => !name.endsWith('/') });
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  for (const [name, rewrite] of Object.entries(change)) {
    parts[name] = encoder.encode(rewrite(parts[name] === undefined ? '' : decoder.decode(parts[name])));
  }
  return zipAlike(parts);
};

/** docProps/core.xml, whose times are those of the content and not of the clock. */
export const coreProperties = (title: string, at: string): string => {
  const time = `${new Date(at).toISOString().slice(0, 19)}Z`;
  const escaped = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" ' +
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<dc:title>${escaped}</dc:title><dc:creator>xunjian</dc:creator><cp:lastModifiedBy>xunjian</cp:lastModifiedBy>` +
    `<dcterms:created xsi:type="dcterms:W3CDTF">${time}</dcterms:created>` +
    `<dcterms:modified xsi:type="dcterms:W3CDTF">${time}</dcterms:modified></cp:coreProperties>`
  );
};
