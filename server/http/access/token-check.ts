import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Compares tokens in constant time: both are hashed with a key of this process first, so neither the length nor
 * the first differing byte shows in how long it takes. The token itself is not kept.
 */
export class TokenCheck {
  readonly #key = randomBytes(32);
  readonly #expected: Buffer;

  constructor(token: string) {
    this.#expected = this.#hash(token);
  }

  matches(candidate: string): boolean {
    return timingSafeEqual(this.#hash(candidate), this.#expected);
  }

  #hash(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
