import type { Clock } from '../../base/clock.ts';
import { TokenBucket, type TokenBucketPolicy } from '../../base/token-bucket.ts';

/**
 * A hundred cameras behind one switch come back in the same second. Each that is dialled costs a handshake, digests and
 * parsing here, and its first pictures go to all its viewers at once: spread over four seconds nobody else notices.
 */
const DIALS: TokenBucketPolicy = { burst: 10, perSecond: 25 };

const OPEN_TURN_EVERY = 4;

interface Waiting {
  isUrgent(): boolean;
  go(): void;
}

/** Lets sources dial one after the other; shared by all of a gateway. */
export class DialPacer {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #queue = new Set<Waiting>();
  #turns = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, policy: TokenBucketPolicy = DIALS) {
    this.#clock = clock;
    this.#bucket = new TokenBucket(clock, policy);
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Resolves when it is the caller's turn to dial, or when the signal aborts. Those that are urgent when a turn comes
   * (somebody watches) go before the others, but for each fourth turn; else it is first come, first served.
   */
  turn(isUrgent: () => boolean, signal: AbortSignal): Promise<void> {
    if (signal.aborted || (this.#queue.size === 0 && this.#bucket.take())) return Promise.resolve();
    return new Promise((resolve) => {
      const go = () => {
        this.#queue.delete(waiting);
        signal.removeEventListener('abort', go);
        if (this.#queue.size === 0) this.#stop();
        resolve();
      };
      const waiting: Waiting = { isUrgent, go };
      signal.addEventListener('abort', go, { once: true });
      this.#queue.add(waiting);
      this.#plan();
    });
  }

  #plan(): void {
    this.#cancelTimer ??= this.#clock.after(Math.max(1, this.#bucket.waitMs), () => {
      this.#cancelTimer = undefined;
      for (let next = this.#next(); next !== undefined && this.#bucket.take(); next = this.#next()) {
        this.#turns += 1;
        next.go();
      }
      if (this.#queue.size > 0) this.#plan();
    });
  }

  #stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #next(): Waiting | undefined {
    // Many watched cameras that stay away must not keep the others from being recorded.
    const isOpenToAll = this.#turns % OPEN_TURN_EVERY === OPEN_TURN_EVERY - 1;
    let first: Waiting | undefined;
    for (const waiting of this.#queue) {
      if (isOpenToAll || waiting.isUrgent()) return waiting;
      first ??= waiting;
    }
    return first;
  }
}
