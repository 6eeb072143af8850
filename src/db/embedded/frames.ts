/**
 * Bytes of the PostgreSQL wire protocol 3.0 and nothing else: no socket, no engine.
 * https://www.postgresql.org/docs/17/protocol-message-formats.html
 */

/** PostgreSQL's own bound of a start-up packet, bytes (MAX_STARTUP_PACKET_LENGTH). */
const STARTUP_MAX = 10_000;
/** Bound of one message and of what a client may send before a Sync, bytes. 64 MB is 100 times our largest insert. */
export const MESSAGE_MAX = 64 << 20;

const PROTOCOL_3_0 = 196_608;
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;

/** What came is not this protocol; the client is dropped, because where the next message begins cannot be known. */
export class FrameError extends Error {}

export type Startup = 'start' | 'cancel' | 'encryption';

/**
 * Cuts a byte stream into messages. Chunks are kept as they came and joined once, when the whole message is there: a
 * 20 MB parameter arrives in some 300 chunks, and joining them one by one would copy 3 GB.
 */
export class Frames {
  #chunks: Buffer[] = [];
  #size = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** The next start-up packet; null while it is incomplete. Throws FrameError. */
  startup(): Startup | null {
    if (this.#size < 8) return null;
    const head = this.#peek(8);
    const length = head.readInt32BE(0);
    if (length < 8 || length > STARTUP_MAX) throw new FrameError(`start-up packet of ${length} bytes`);
    if (this.#size < length) return null;
    const code = head.readInt32BE(4);
    this.#take(length);
    // A higher minor version than 3.0 is allowed to go on with 3.0, but only after a negotiation that pg never needs.
    if (code === PROTOCOL_3_0) return 'start';
    if (code === CANCEL_REQUEST) return 'cancel';
    if (code === SSL_REQUEST || code === GSS_REQUEST) return 'encryption';
    throw new FrameError(`protocol ${code >>> 16}.${code & 0xffff}`);
  }

  /** The next message with its type byte and length; null while it is incomplete. Throws FrameError. */
  message(): Buffer | null {
    if (this.#size < 5) return null;
    const length = this.#peek(5).readInt32BE(1) + 1;
    if (length < 5 || length > MESSAGE_MAX) throw new FrameError(`message of ${length} bytes`);
    return this.#size < length ? null : this.#take(length);
  }

  #peek(bytes: number): Buffer {
    const first = this.#chunks[0]!;
    if (first.length >= bytes) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #take(bytes: number): Buffer {
    this.#size -= bytes;
    const first = this.#chunks[0]!;
    if (first.length > bytes) {
      this.#chunks[0] = first.subarray(bytes);
      return first.subarray(0, bytes);
    }
    const parts: Buffer[] = [];
    let whole = 0;
    let missing = bytes;
    while (missing > 0) {
      const chunk = this.#chunks[whole]!;
      parts.push(chunk.length > missing ? chunk.subarray(0, missing) : chunk);
      if (chunk.length > missing) this.#chunks[whole] = chunk.subarray(missing);
      else whole += 1;
      missing -= Math.min(chunk.length, missing);
    }
    this.#chunks.splice(0, whole);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, bytes);
  }
}

export const typeOf = (message: Buffer): string => String.fromCharCode(message[0]!);

/** One message: type byte, length, parts one after the other. */
export const frame = (type: string, ...parts: readonly (string | Buffer)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

export const SYNC = frame('S');
export const simpleQuery = (sql: string): Buffer => frame('Q', `${sql}\0`);
export const closeStatement = (name: string): Buffer => frame('C', `S${name}\0`);
export const copyFail = (reason: string): Buffer => frame('f', `${reason}\0`);

export const fatal = (sqlState: string, text: string): Buffer =>
  frame('E', `SFATAL\0VFATAL\0C${sqlState}\0M${text}\0\0`);

/** What a server says to a client that it lets in without a password, up to the first ReadyForQuery. */
export const welcome = (clientId: number, parameters: Iterable<readonly [string, string]>): Buffer => {
  const keyData = Buffer.alloc(8);
  keyData.writeInt32BE(clientId, 0);
  return Buffer.concat([
    frame('R', Buffer.alloc(4)),
    ...[...parameters].map(([name, value]) => frame('S', `${name}\0${value}\0`)),
    frame('K', keyData),
    frame('Z', 'I'),
  ]);
};

/** I: no transaction, T: in one, E: in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** The status in the ReadyForQuery that ends an answer; null where the answer does not end with one. */
export const statusAtEnd = (answer: Buffer): TransactionStatus | null => {
  const at = answer.length - 6;
  if (at < 0 || answer[at] !== 0x5a || answer.readInt32BE(at + 1) !== 5) return null;
  return String.fromCharCode(answer[at + 5]!) as TransactionStatus;
};

export type Renamed = { readonly message: Buffer; readonly statement: string | null };

/**
 * Puts `prefix` before the name of a prepared statement in Parse, Bind, Describe and Close, and tells the name that
 * results; every other message, the unnamed statement and whatever is malformed (the engine answers it with 08P01)
 * come back as they were, with null.
 */
export const prefixStatement = (message: Buffer, prefix: string): Renamed => {
  const type = typeOf(message);
  const asItWas: Renamed = { message, statement: null };
  let from: number;
  if (type === 'P') from = 5;
  else if (type === 'B') {
    const portalEnd = message.indexOf(0, 5);
    if (portalEnd < 0) return asItWas;
    from = portalEnd + 1;
  } else if ((type === 'D' || type === 'C') && message[5] === 0x53) from = 6;
  else return asItWas;
  const end = message.indexOf(0, from);
  if (end <= from) return asItWas;
  const statement = `${prefix}${message.toString('utf8', from, end)}`;
  return { message: frame(type, message.subarray(5, from), statement, message.subarray(end)), statement };
};
