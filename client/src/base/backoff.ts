export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Gives 0 to 1; `Math.random` but in tests. */
  readonly random?: () => number;
}

/**
 * How long to wait before the next try: doubling from `firstMs` to `maxMs`, with jitter that takes up to half of
 * it away, so that the viewers of a restarted server do not all come back in the same instant.
 */
export function backoffDelayMs(attempt: number, options: BackoffOptions): number {
  const random = options.random ?? Math.random;
  const whole = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.max(options.firstMs, Math.round(whole * (1 - random() / 2)));
}
