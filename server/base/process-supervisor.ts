import { type BackoffPolicy, backoffDelayMs } from './backoff.ts';
import { type ProcessExit, type ProcessSpec, runProcess } from './child-process.ts';
import { type Clock, sleep } from './clock.ts';
import { Listeners } from './emitter.ts';
import type { Logger } from './log.ts';

export type ProcessState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly pid: number }
  | { readonly kind: 'waiting'; readonly retryInMs: number; readonly exit: ProcessExit }
  | { readonly kind: 'closed' };

export interface ProcessSupervisorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** For the log, e.g. "demo camera". */
  readonly name: string;
  /** Called for each start, so that a run may get fresh arguments. */
  spec(): ProcessSpec;
  /** Default 500 ms to 30 s. */
  readonly backoff?: BackoffPolicy;
  /** A run that lasted so long was a good one: the wait before the next start begins small again. Default 30 s. */
  readonly stableAfterMs?: number;
}

const DEFAULT_BACKOFF: BackoffPolicy = { minMs: 500, maxMs: 30_000 };
const DEFAULT_STABLE_AFTER_MS = 30_000;

/**
 * Keeps one long-lived program running: starts it at once, starts it again with growing pauses whenever it
 * ends, fails or stalls, until closed.
 */
export class ProcessSupervisor {
  readonly #options: ProcessSupervisorOptions;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #listeners = new Listeners<ProcessState>();
  readonly #done: Promise<void>;
  #state: ProcessState = { kind: 'starting' };

  constructor(options: ProcessSupervisorOptions) {
    this.#options = options;
    this.#log = options.log.child({ process: options.name });
    this.#done = this.run();
  }

  get state(): ProcessState {
    return this.#state;
  }

  onState(listener: (state: ProcessState) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Stops the program; resolves when it is gone. Idempotent. */
  close(): Promise<void> {
    this.#stop.abort();
    return this.#done;
  }

  private async run(): Promise<void> {
    const { clock } = this.#options;
    const stableAfterMs = this.#options.stableAfterMs ?? DEFAULT_STABLE_AFTER_MS;
    let attempt = 0;
    while (!this.#stop.signal.aborted) {
      const startedMs = clock.monotonicMs();
      const exit = await this.runOnce();
      if (this.#stop.signal.aborted) break;
      if (clock.monotonicMs() - startedMs >= stableAfterMs) attempt = 0;
      const retryInMs = backoffDelayMs(this.#options.backoff ?? DEFAULT_BACKOFF, attempt);
      attempt += 1;
      this.#log.warn({ ...exit, retryInMs }, 'process ended; starting it again');
      this.#become({ kind: 'waiting', retryInMs, exit });
      await sleep(clock, retryInMs, this.#stop.signal);
    }
    this.#become({ kind: 'closed' });
    this.#listeners.clear();
  }

  private runOnce(): Promise<ProcessExit> {
    this.#become({ kind: 'starting' });
    const spec = this.#options.spec();
    return runProcess(
      {
        ...spec,
        onStart: (pid) => {
          this.#log.info({ pid }, 'process started');
          this.#become({ kind: 'running', pid });
          spec.onStart?.(pid);
        },
      },
      this.#options.clock,
      this.#stop.signal,
    );
  }

  #become(state: ProcessState): void {
    this.#state = state;
    this.#listeners.emit(state);
  }
}
