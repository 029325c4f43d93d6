/**
 * Gathers pieces of bytes and joins them once. It keeps copies, since pieces are small and outlive their
 * chunk.
 */
export class Gatherer {
  #pieces: Buffer[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(piece: Buffer): void {
    this.#pieces.push(Buffer.from(piece));
    this.#sizeBytes += piece.length;
  }

  take(): Buffer {
    const [first] = this.#pieces;
    const whole = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    this.clear();
    return whole;
  }

  clear(): void {
    this.#pieces = [];
    this.#sizeBytes = 0;
  }
}
