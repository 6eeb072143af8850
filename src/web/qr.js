/**
 * A QR code (ISO/IEC 18004:2015) of a text: bytes in UTF-8, error correction M. Drawn here and in the browser, because what
 * it says is a secret: no other program, page or package gets to see it.
 */

/** Per version from 1: codewords of error correction in each block, and how many blocks. */
const corrections = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const blockCounts = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
/** Of error correction M, as the format says it. */
const levelBits = 0;

const sizeOf = (version) => 17 + 4 * version;

/** Centres of the alignment patterns, in either direction. */
const alignments = (version) => {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((sizeOf(version) - 13) / (2 * count - 2)) * 2;
  const centres = Array.from({ length: count - 1 }, (_, nth) => sizeOf(version) - 7 - nth * step);
  return [6, ...centres.reverse()];
};

/** Codewords that a version holds, with those of error correction. */
const codewordsOf = (version) => {
  const count = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const aligned = count === 0 ? 0 : (count * count - 3) * 25 - 2 * (count - 2) * 5;
  const all = sizeOf(version) ** 2;
  // Three finders with their borders, two timing lines, format with the dark module, versions from 7 on.
  return (all - 192 - 2 * (sizeOf(version) - 16) - 31 - aligned - (version >= 7 ? 36 : 0)) >> 3;
};

const dataOf = (version) => codewordsOf(version) - corrections[version - 1] * blockCounts[version - 1];

/** The field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1. */
const times = (a, b) => {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
};

/** The generator polynomial's coefficients but the first, highest power first. */
const generator = (degree) => {
  const coefficients = new Array(degree).fill(0);
  coefficients[degree - 1] = 1;
  let root = 1;
  for (let nth = 0; nth < degree; nth++) {
    for (let at = 0; at < degree; at++) {
      coefficients[at] = times(coefficients[at], root) ^ (coefficients[at + 1] ?? 0);
    }
    root = times(root, 2);
  }
  return coefficients;
};

/** What error correction adds to a block. */
const remainder = (block, divisor) => {
  const rest = new Array(divisor.length).fill(0);
  for (const byte of block) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    for (const [at, coefficient] of divisor.entries()) rest[at] ^= times(coefficient, factor);
  }
  return rest;
};

/** The text as data codewords: mode, length, bytes, end, padding. */
const dataCodewords = (bytes, version) => {
  const bits = [];
  const put = (value, length) => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  put(0, 4);
  while (bits.length % 8 !== 0) bits.push(0);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(Number.parseInt(bits.slice(at, at + 8).join(''), 2));
  words.length = Math.min(words.length, dataOf(version));
  for (let pad = 0xec; words.length < dataOf(version); pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
};

/** Data and error correction, block by block in turn. */
const interleaved = (data, version) => {
  const count = blockCounts[version - 1];
  const divisor = generator(corrections[version - 1]);
  const shorter = Math.floor(data.length / count);
  const longer = data.length % count;
  const blocks = [];
  let from = 0;
  for (let nth = 0; nth < count; nth++) {
    const length = shorter + (nth < count - longer ? 0 : 1);
    const block = data.slice(from, from + length);
    blocks.push({ block, more: remainder(block, divisor) });
    from += length;
  }
  const words = [];
  for (let at = 0; at <= shorter; at++) for (const { block } of blocks) if (at < block.length) words.push(block[at]);
  for (const at of divisor.keys()) for (const { more } of blocks) words.push(more[at]);
  return words;
};

/** `value` with the remainder of a BCH code behind it. */
const withRemainder = (value, divisor, length) => {
  let rest = value;
  for (let bit = 0; bit < length; bit++) rest = (rest << 1) ^ ((rest >> (length - 1)) * divisor);
  return (value << length) | rest;
};

const masks = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Modules by row; `undefined` where data goes. */
const patterns = (version) => {
  const size = sizeOf(version);
  const rows = Array.from({ length: size }, () => new Array(size).fill(undefined));
  const put = (x, y, dark) => {
    if (x >= 0 && x < size && y >= 0 && y < size) rows[y][x] = dark;
  };
  for (let at = 0; at < size; at++) {
    put(6, at, at % 2 === 0);
    put(at, 6, at % 2 === 0);
  }
  for (const [left, top] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ]) {
    for (let dy = -4; dy <= 4; dy++) {
      for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        put(left + dx, top + dy, ring !== 2 && ring !== 4);
      }
    }
  }
  const centres = alignments(version);
  const last = centres.length - 1;
  for (const [i, x] of centres.entries()) {
    for (const [j, y] of centres.entries()) {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) continue;
      for (let dy = -2; dy <= 2; dy++) {
        for (let dx = -2; dx <= 2; dx++) put(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
      }
    }
  }
  if (version >= 7) {
    const bits = withRemainder(version, 0x1f25, 12);
    for (let bit = 0; bit < 18; bit++) {
      const [near, far] = [Math.floor(bit / 3), size - 11 + (bit % 3)];
      put(far, near, ((bits >> bit) & 1) === 1);
      put(near, far, ((bits >> bit) & 1) === 1);
    }
  }
  putFormat(rows, 0);
  return rows;
};

const putFormat = (rows, mask) => {
  const size = rows.length;
  const bits = withRemainder((levelBits << 3) | mask, 0x537, 10) ^ 0x5412;
  const dark = (bit) => ((bits >> bit) & 1) === 1;
  for (let bit = 0; bit < 15; bit++) {
    // Around the first finder, past the timing lines.
    if (bit < 8) rows[bit < 6 ? bit : bit + 1][8] = dark(bit);
    else rows[8][bit === 8 ? 7 : 14 - bit] = dark(bit);
    // And again beside the two others.
    if (bit < 8) rows[8][size - 1 - bit] = dark(bit);
    else rows[size - 15 + bit][8] = dark(bit);
  }
  rows[size - 8][8] = true;
};

/** Data goes up and down in columns of two, from the right; the timing column is passed over. */
const places = (rows) => {
  const size = rows.length;
  const free = [];
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let nth = 0; nth < size; nth++) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - nth : nth;
      for (const x of [right, right - 1]) if (rows[y][x] === undefined) free.push([x, y]);
    }
  }
  return free;
};

/** How hard a symbol is to read: long runs, squares, what looks like a finder, too much of one colour. */
const penalty = (rows) => {
  const size = rows.length;
  let points = 0;
  let dark = 0;
  for (const across of [true, false]) {
    for (let line = 0; line < size; line++) {
      const text = Array.from({ length: size }, (_, at) =>
        (across ? rows[line][at] : rows[at][line]) ? '1' : '0',
      ).join('');
      for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
      for (const _ of text.matchAll(/(?=10111010000|00001011101)/g)) points += 40;
      if (across) dark += text.replaceAll('0', '').length;
    }
  }
  for (let y = 1; y < size; y++) {
    for (let x = 1; x < size; x++) {
      const corner = rows[y][x];
      if (corner === rows[y - 1][x] && corner === rows[y][x - 1] && corner === rows[y - 1][x - 1]) points += 3;
    }
  }
  return points + 10 * Math.floor(Math.abs((20 * dark) / size ** 2 - 10));
};

/** The symbol of a text as rows of modules, true where dark; the smallest that holds it, up to 666 bytes. */
export const qrOf = (text) => {
  const bytes = new TextEncoder().encode(text);
  const version = corrections.findIndex((_, at) => bytes.length + (at + 1 < 10 ? 2 : 3) <= dataOf(at + 1)) + 1;
  if (version === 0) throw new RangeError(`${bytes.length} bytes are too long for a QR code of ours`);
  const words = interleaved(dataCodewords(bytes, version), version);
  const empty = patterns(version);
  const free = places(empty);
  let best = null;
  for (const [mask, inverts] of masks.entries()) {
    const rows = empty.map((row) => [...row]);
    for (const [at, [x, y]] of free.entries()) {
      // Some versions have up to seven modules more than bits.
      const bit = at >> 3 < words.length ? (words[at >> 3] >> (7 - (at & 7))) & 1 : 0;
      rows[y][x] = (bit === 1) !== inverts(x, y);
    }
    putFormat(rows, mask);
    const points = penalty(rows);
    if (best === null || points < best.points) best = { points, rows };
  }
  return best.rows;
};

/** The symbol as an SVG element with the quiet zone around it. */
export const drawQr = (text, label) => {
  const rows = qrOf(text);
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const side = rows.length + 8;
  svg.setAttribute('viewBox', `0 0 ${side} ${side}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  svg.setAttribute('shape-rendering', 'crispEdges');
  const ground = document.createElementNS(space, 'rect');
  ground.setAttribute('width', String(side));
  ground.setAttribute('height', String(side));
  ground.setAttribute('fill', '#fff');
  const path = document.createElementNS(space, 'path');
  const squares = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + 4} ${y + 4}h1v1h-1z`] : [])));
  path.setAttribute('d', squares.join(''));
  path.setAttribute('fill', '#000');
  svg.append(ground, path);
  return svg;
};
