import type { FastifyReply } from 'fastify';
import { ApiError } from '../../shared/errors.ts';

const MAX_BYTES = 512 * 1024 * 1024;
const RETRY_AFTER_MS = 2_000;

/**
 * How much memory answers hold that clients have not taken yet: some hundred slow ones that each ask for a week, or for the
 * longest segments, would otherwise fill it. What several of them are sent out of the same memory counts once.
 */
export class BodiesInFlight {
  readonly #maxBytes: number;
  readonly #uses = new Map<ArrayBufferLike, number>();
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts `body` until the reply is done with. Throws RATE_LIMITED where it would be too much. */
  hold(body: Uint8Array, reply: FastifyReply): void {
    const { buffer } = body;
    const uses = this.#uses.get(buffer) ?? 0;
    if (uses === 0 && this.#bytes > 0 && this.#bytes + buffer.byteLength > this.#maxBytes) {
      throw new ApiError('RATE_LIMITED', 'Too much is being sent already. Try again in a moment.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#uses.set(buffer, uses + 1);
    if (uses === 0) this.#bytes += buffer.byteLength;
    reply.raw.once('close', () => this.#release(buffer));
  }

  #release(buffer: ArrayBufferLike): void {
    const uses = (this.#uses.get(buffer) ?? 0) - 1;
    if (uses > 0) {
      this.#uses.set(buffer, uses);
      return;
    }
    this.#uses.delete(buffer);
    this.#bytes -= buffer.byteLength;
  }
}
