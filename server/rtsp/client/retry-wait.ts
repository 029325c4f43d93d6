import { type BackoffPolicy, backoffDelayMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { RtspErrorKind } from './errors.ts';

/** Half of a delay is random, so 2 s here means 1 to 2 s for the first retry. */
const RETRY: BackoffPolicy = { minMs: 2_000, maxMs: 30_000 };
const RETRY_WATCHED: BackoffPolicy = { minMs: 2_000, maxMs: 5_000 };
/** Cameras lock an account after a handful of wrong passwords; watching must not make that worse. */
const RETRY_AUTH: BackoffPolicy = { minMs: 30_000, maxMs: 900_000 };

export interface RetryWaitOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** The wait before a retry. It can be cut short: by a viewer who comes, and by the end of the source. */
export class RetryWait {
  readonly #options: RetryWaitOptions;
  #waiting: { untilMs: number; finish: () => void; cancelTimer: () => void } | undefined;

  constructor(options: RetryWaitOptions) {
    this.#options = options;
  }

  /** `attempt`: how many of that kind came before it; of a refused log-in only those that the camera was asked for. */
  delayMs(kind: RtspErrorKind, attempt: number, watched: boolean): number {
    const policy = kind === 'auth-failed' ? RETRY_AUTH : watched ? RETRY_WATCHED : RETRY;
    return backoffDelayMs(policy, attempt, this.#options.random);
  }

  /** Resolves after the delay, or at once when the signal aborts. */
  wait(delayMs: number): Promise<void> {
    const { clock, signal } = this.#options;
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const finish = () => {
        this.#waiting?.cancelTimer();
        this.#waiting = undefined;
        signal.removeEventListener('abort', finish);
        resolve();
      };
      signal.addEventListener('abort', finish, { once: true });
      this.#waiting = {
        untilMs: clock.monotonicMs() + delayMs,
        finish,
        cancelTimer: clock.after(delayMs, finish),
      };
    });
  }

  /** Makes the present wait end after at most `delayMs` from now; true when that changed anything. */
  shortenTo(delayMs: number): boolean {
    const waiting = this.#waiting;
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + delayMs;
    if (waiting === undefined || waiting.untilMs <= untilMs) return false;
    waiting.cancelTimer();
    waiting.untilMs = untilMs;
    waiting.cancelTimer = clock.after(delayMs, waiting.finish);
    return true;
  }
}
