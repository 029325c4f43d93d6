/**
 * Reads bits, most significant first. Past the end it gives zeros and says so in `overrun`, so parsers need
 * no checks inside.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #sizeBytes: number;
  #at = 0;

  /** `sizeBytes`: how many of the bytes count. */
  constructor(bytes: Uint8Array, sizeBytes = bytes.length) {
    this.#bytes = bytes;
    this.#sizeBytes = sizeBytes;
  }

  /** Bits read so far. */
  get at(): number {
    return this.#at;
  }

  get overrun(): boolean {
    return this.#at > this.#sizeBytes * 8;
  }

  bit(): number {
    const at = this.#at >>> 3;
    const byte = at < this.#sizeBytes ? (this.#bytes[at] ?? 0) : 0;
    const bit = (byte >>> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return bit;
  }

  /** Up to 32 bits. */
  bits(count: number): number {
    let value = 0;
    let left = count;
    while (left > 0) {
      const at = this.#at >>> 3;
      const byte = at < this.#sizeBytes ? (this.#bytes[at] ?? 0) : 0;
      const unread = 8 - (this.#at & 7);
      const taken = Math.min(left, unread);
      value = value * (1 << taken) + ((byte >>> (unread - taken)) & ((1 << taken) - 1));
      this.#at += taken;
      left -= taken;
    }
    return value;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Exp-Golomb, unsigned (H.264 section 9.1). */
  ue(): number {
    let zeros = 0;
    while (zeros < 32 && !this.overrun && this.bit() === 0) zeros += 1;
    // Most are short, and powers are slow.
    if (zeros < 31) return (1 << zeros) - 1 + this.bits(zeros);
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Exp-Golomb, signed. */
  se(): number {
    const value = this.ue();
    return value % 2 === 0 ? -value / 2 : (value + 1) / 2;
  }
}
