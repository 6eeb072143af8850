/** Room for what one read may bring on top of the largest thing not yet whole: a body of 128 KiB or a frame of 64 KiB. */
const firstRoom = 64 * 1024;
const mostRoom = 256 * 1024;

/** What was read and not yet used: `bytes[start, end)`. The bytes stay where they were read, up to the next `lend`. */
export class ReadBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(firstRoom);
  start = 0;
  end = 0;

  /** Room to read into; what is read there has begun at `end`. Grows up to 256 KiB, empty when nothing larger may come. */
  lend(): Buffer {
    if (this.start === this.end) this.start = this.end = 0;
    else if (this.bytes.length - this.end < firstRoom / 2) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
      if (this.bytes.length - this.end < firstRoom / 2 && this.bytes.length < mostRoom) {
        const wider = Buffer.allocUnsafeSlow(this.bytes.length * 2);
        this.bytes.copy(wider, 0, 0, this.end);
        this.bytes = wider;
      }
    }
    return this.bytes.subarray(this.end);
  }
}
