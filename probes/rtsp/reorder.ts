/** Packets held at most while an earlier one is missing, and ms that they wait for it. */
const mostHeld = 64;
export const patienceMs = 50;
/** Further behind than this is no late packet but a sender that counts anew. */
const restart = 1_000;

/** A whole RTP packet, its sequence number known. */
type Packet = { readonly sequence: number; readonly bytes: Buffer };

/**
 * Puts the datagrams of one RTP stream in the order of their sequence numbers (RFC 3550 section 5.1), within bounds: a
 * packet that is not there by then is lost. Also the stream's beginning is waited for, because its first packet need
 * not be the first to arrive. Pure but for its own state; the time is the caller's.
 */
export class Reorder {
  readonly #give: (packet: Buffer) => void;
  /** The sequence number that is due; -1 before the first was given. */
  #due = -1;
  #held: Packet[] = [];

  constructor(give: (packet: Buffer) => void) {
    this.#give = give;
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** One datagram; what is no RTP is passed over. */
  push(bytes: Buffer): void {
    if (bytes.length < 12 || bytes[0]! >> 6 !== 2) return;
    const sequence = bytes.readUInt16BE(2);
    if (this.#due !== -1) {
      const behind = (this.#due - sequence) & 0xffff;
      if (behind > 0 && behind <= restart) return;
    }
    if (this.#held.some((held) => held.sequence === sequence)) return;
    if (sequence === this.#due) {
      this.#next(bytes, sequence);
      this.#giveDue();
      return;
    }
    this.#held.push({ sequence, bytes });
    if (this.#held.length >= mostHeld) this.expire();
  }

  /** What is missing has had its time: goes on with the earliest packet held. */
  expire(): void {
    const from = this.#due === -1 ? this.#held[0]?.sequence : this.#due;
    if (from === undefined) return;
    // Signed distance while nothing was given yet: the first to arrive need not be the earliest.
    const distance = ({ sequence }: Packet): number =>
      this.#due === -1 ? (((sequence - from) & 0xffff) ^ 0x8000) - 0x8000 : (sequence - from) & 0xffff;
    this.#held.sort((a, b) => distance(a) - distance(b));
    const [earliest] = this.#held;
    if (earliest !== undefined) this.#due = earliest.sequence;
    this.#giveDue();
  }

  #giveDue(): void {
    for (let at = this.#at(this.#due); at !== -1; at = this.#at(this.#due)) {
      const [packet] = this.#held.splice(at, 1);
      this.#next(packet!.bytes, packet!.sequence);
    }
  }

  #at(sequence: number): number {
    return this.#held.findIndex((held) => held.sequence === sequence);
  }

  #next(bytes: Buffer, sequence: number): void {
    this.#due = (sequence + 1) & 0xffff;
    this.#give(bytes);
  }
}
