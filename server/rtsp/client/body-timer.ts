import type { Clock } from '../../base/clock.ts';
import type { RtspFramer } from '../parse/index.ts';

export interface BodyTimerOptions {
  readonly clock: Clock;
  readonly framer: Pick<RtspFramer, 'hasOpenBody' | 'endOpenBody'>;
  /** Only a bug gets here; a timer has nobody above it to catch it. */
  onThrown(thrown: unknown): void;
}

/** Longer than a lost segment of TCP takes to come once more in a local network. */
const QUIET_MS = 500;

/** A body of unknown length is whole once nothing more comes. */
export class BodyTimer {
  readonly #options: BodyTimerOptions;
  #cancel: (() => void) | undefined;

  constructor(options: BodyTimerOptions) {
    this.#options = options;
  }

  /** Something came. */
  restart(): void {
    const { clock, framer, onThrown } = this.#options;
    this.#cancel?.();
    this.#cancel = framer.hasOpenBody
      ? clock.after(QUIET_MS, () => {
          try {
            framer.endOpenBody();
          } catch (thrown) {
            onThrown(thrown);
          }
        })
      : undefined;
  }

  /** Idempotent. */
  stop(): void {
    this.#cancel?.();
  }
}
