import type { FastifyReply } from 'fastify';
import { ApiError } from '../../shared/errors.ts';
import { giveBack } from '../base/give-back.ts';

const MAX_BYTES = 512 * 1024 * 1024;
const RETRY_AFTER_MS = 2_000;

/**
 * How much memory answers hold that clients have not taken yet: some hundred slow ones that each ask for a week, or for the
 * longest segments, would otherwise fill it. What several of them are sent out of the same memory counts once.
 */
export class BodiesInFlight {
  readonly #maxBytes: number;
  readonly #uses = new Map<ArrayBufferLike, { count: number; sizeBytes: number }>();
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Counts `body` until the reply is done with, and gives its memory back then, where it is not shared (`giveBack`).
   * Throws RATE_LIMITED where it would be too much.
   */
  hold(body: Uint8Array, reply: FastifyReply): void {
    const { buffer } = body;
    const uses = this.#uses.get(buffer) ?? { count: 0, sizeBytes: buffer.byteLength };
    if (uses.count === 0 && this.#bytes > 0 && this.#bytes + buffer.byteLength > this.#maxBytes) {
      throw new ApiError('RATE_LIMITED', 'Too much is being sent already. Try again in a moment.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    if (uses.count === 0) this.#bytes += uses.sizeBytes;
    uses.count += 1;
    this.#uses.set(buffer, uses);
    // By then the last byte is with the kernel, or the connection is gone.
    reply.raw.once('close', () => this.#release(buffer, body));
  }

  #release(buffer: ArrayBufferLike, body: Uint8Array): void {
    const uses = this.#uses.get(buffer);
    if (uses === undefined) return;
    uses.count -= 1;
    if (uses.count > 0) return;
    this.#uses.delete(buffer);
    this.#bytes -= uses.sizeBytes;
    giveBack(body);
  }
}
