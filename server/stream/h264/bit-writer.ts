/** Writes bits, most significant first. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #at = 0;

  bit(value: number): void {
    if ((this.#at & 7) === 0) this.#bytes.push(0);
    if (value !== 0) {
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] ?? 0) | (0x80 >>> (this.#at & 7));
    }
    this.#at += 1;
  }

  /** Up to 32 bits. */
  bits(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i -= 1) this.bit(Math.floor(value / 2 ** i) & 1);
  }

  /** Exp-Golomb, unsigned (H.264 section 9.1). */
  ue(value: number): void {
    const count = Math.floor(Math.log2(value + 1));
    this.bits(0, count);
    this.bits(value + 1, count + 1);
  }

  /** All that was written, the last byte filled up with zeros. */
  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}
