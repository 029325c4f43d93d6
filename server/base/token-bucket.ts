import type { Clock } from './clock.ts';

export interface TokenBucketPolicy {
  /** How many may come at once. */
  readonly burst: number;
  /** How many come back in a second. */
  readonly perSecond: number;
}

/** A rate limit: `take` is false once the burst is used up, until enough time has gone by. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #policy: TokenBucketPolicy;
  #level: number;
  #updatedAtMs: number;

  constructor(clock: Clock, policy: TokenBucketPolicy) {
    this.#clock = clock;
    this.#policy = policy;
    this.#level = policy.burst;
    this.#updatedAtMs = clock.monotonicMs();
  }

  take(): boolean {
    this.#refill();
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }

  get empty(): boolean {
    this.#refill();
    return this.#level < 1;
  }

  get full(): boolean {
    this.#refill();
    return this.#level >= this.#policy.burst;
  }

  /** How long until one may be taken again; 0 where one may be taken now. */
  get waitMs(): number {
    this.#refill();
    return this.#level >= 1 ? 0 : Math.ceil(((1 - this.#level) / this.#policy.perSecond) * 1000);
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#updatedAtMs) / 1000) * this.#policy.perSecond;
    this.#level = Math.min(this.#policy.burst, this.#level + gained);
    this.#updatedAtMs = nowMs;
  }
}
