/** Of what fits no encoding this much is read, bytes: putting U+FFFD into 1 MiB takes 8 ms, and no device sends it. */
const mostOfNothing = 256 * 1024;

/**
 * The text of an XML document, whatever it says of itself. UTF-8 first, because documents that declare utf-16 over
 * UTF-8 bytes are in the field; then what is declared; then GB18030, for Chinese names typed into a "UTF-8" document
 * (home-assistant#89620). Never throws: what fits nothing is U+FFFD, and cut.
 */
export const decodeXml = (bytes: Buffer): string => {
  const wide = wideEncoding(bytes);
  if (wide !== null) return new TextDecoder(wide).decode(bytes);
  const declared = /^[^>]{0,100}\bencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(bytes.toString('latin1', 0, 200))?.[1];
  for (const encoding of ['utf-8', declared, 'gb18030']) {
    // The bytes have a "<" that is one byte: whatever says 16 bits is wrong.
    if (encoding === undefined || /16|32|ucs/i.test(encoding)) continue;
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // An encoding that nobody knows, or not this one.
    }
  }
  return new TextDecoder().decode(bytes.subarray(0, mostOfNothing));
};

const wideEncoding = (bytes: Buffer): 'utf-16le' | 'utf-16be' | null => {
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return 'utf-16le';
  return (a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c) ? 'utf-16be' : null;
};
