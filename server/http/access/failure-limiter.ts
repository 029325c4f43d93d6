import { clientGroup, isLoopback } from '../../base/addresses.ts';
import type { Clock } from '../../base/clock.ts';
import { TokenBucket, type TokenBucketPolicy } from '../../base/token-bucket.ts';

/** Wrong tokens from one address: enough for a monitor that keeps an old token, far too few to guess one. */
const PER_ADDRESS: TokenBucketPolicy = { burst: 30, perSecond: 1 };
/** Wrong log-ins from everywhere together. */
const ALL_LOGINS: TokenBucketPolicy = { burst: 200, perSecond: 10 };
const MAX_ADDRESSES = 10_000;

/**
 * Counts wrong tokens. While an address has used up its share, its tokens are not even compared, so that
 * guessing on gains nothing.
 *
 * Two limits hold for the log-in form only, where people type: that of all addresses together, and that of this
 * machine's own address, behind which a proxy may speak for everybody. Were they to hold for every way in, a few
 * wrong tokens of strangers would keep out players with the right one.
 */
export class FailureLimiter {
  readonly #clock: Clock;
  readonly #logins: TokenBucket;
  /** Oldest failure first, so that the one that goes when the map is full is the least recent. */
  readonly #byAddress = new Map<string, TokenBucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#logins = new TokenBucket(clock, ALL_LOGINS);
  }

  /** How long this address has to wait before a token of its is looked at; 0 where it need not. */
  waitMs(address: string, way: 'login' | 'token'): number {
    if (way === 'token' && isLoopback(address)) return 0;
    const own = this.#byAddress.get(clientGroup(address))?.waitMs ?? 0;
    return way === 'login' ? Math.max(own, this.#logins.waitMs) : own;
  }

  failed(address: string, way: 'login' | 'token'): void {
    if (way === 'token' && isLoopback(address)) return;
    const group = clientGroup(address);
    const bucket = this.#byAddress.get(group) ?? new TokenBucket(this.#clock, PER_ADDRESS);
    this.#byAddress.delete(group);
    this.#byAddress.set(group, bucket);
    bucket.take();
    if (way === 'login') this.#logins.take();
    for (const [oldest, level] of this.#byAddress) {
      if (this.#byAddress.size <= MAX_ADDRESSES && !level.full) break;
      this.#byAddress.delete(oldest);
    }
  }

  get size(): number {
    return this.#byAddress.size;
  }
}
