/** How long to wait before try `attempt` (0 is the first retry): doubling, with jitter, within bounds. */
export interface BackoffPolicy {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Half fixed, half random ("equal jitter"), so that 100 cameras that went away together do not come back in
 * one stampede, yet none waits for less than half of what is due.
 */
export function backoffDelayMs(
  policy: BackoffPolicy,
  attempt: number,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(policy.maxMs, policy.minMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
