const quantizers = Buffer.from([0xff, 0xdb]);
const startOfScan = Buffer.from([0xff, 0xda]);
const endOfImage = Buffer.from([0xff, 0xd9]);

/** What a JPEG file lacks that libavcodec makes a picture without: a grey one, or that of a progressive file's first scans. */
export const lackOf = (jpeg: Buffer): string | null => {
  if (jpeg.indexOf(endOfImage, Math.max(0, jpeg.lastIndexOf(startOfScan))) === -1) return 'end';
  return jpeg.indexOf(quantizers) === -1 ? 'tables' : null;
};
