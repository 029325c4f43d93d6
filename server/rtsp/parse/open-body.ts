import { DOLLAR, EQUALS, isLetter, LF } from './bytes.ts';
import { Gatherer } from './gatherer.ts';

/** A message's body whose size nobody told: lines of SDP, up to what is none. */
export class OpenBody {
  readonly #maxBytes: number;
  readonly #bytes = new Gatherer();
  /** How many bytes of the present line are there. */
  #lineBytes = 0;
  /** The first byte of a line, held back until the next comes. */
  #heldLetter: Buffer | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes one line, or what there is of it, and gives where the next begins. `over`: a letter that no `=` follows, or a `$`,
   * begins what comes after the body; nothing of the chunk was taken. `too-large`: the limit is passed.
   */
  take(chunk: Buffer, offset: number): number | 'over' | 'too-large' {
    if (this.#lineBytes === 0) {
      const byte = chunk[offset] ?? 0;
      const held = this.#heldLetter;
      if (byte === DOLLAR || (held !== undefined && byte !== EQUALS)) return 'over';
      if (held === undefined && isLetter(byte)) {
        this.#heldLetter = Buffer.from([byte]);
        return offset + 1;
      }
      if (held !== undefined) this.#bytes.add(held);
      this.#heldLetter = undefined;
    }
    const at = chunk.indexOf(LF, offset);
    const end = at === -1 ? chunk.length : at + 1;
    this.#bytes.add(chunk.subarray(offset, end));
    this.#lineBytes = at === -1 ? this.#lineBytes + end - offset : 0;
    return this.#bytes.sizeBytes > this.#maxBytes ? 'too-large' : end;
  }

  /** What there is of the body, and the letter that was held back: it belongs to what comes after. */
  end(): { readonly body: Buffer; readonly heldLetter: Buffer | undefined } {
    return { body: this.#bytes.take(), heldLetter: this.#heldLetter };
  }
}
