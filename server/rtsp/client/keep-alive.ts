import type { Clock } from '../../base/clock.ts';
import type { RtspResponse } from '../parse/index.ts';
import { asRtspError, type RtspError, type RtspErrorContext } from './errors.ts';
import { refusal } from './refusals.ts';

type KeepAliveMethod = 'GET_PARAMETER' | 'SET_PARAMETER' | 'OPTIONS';

export interface KeepAliveOptions {
  readonly clock: Clock;
  /** The session's time-out as the camera gave it. */
  readonly sessionTimeoutMs: number;
  /** The methods of the camera's `Public` header, in capitals; empty where it sent none. */
  readonly publicMethods: ReadonlySet<string>;
  /** The camera is known to hang up on everything else. */
  readonly onlyOptions: boolean;
  /** The camera is known not to answer OPTIONS. */
  readonly ignoresOptions: boolean;
  /** Sends a request within the session. */
  send(method: KeepAliveMethod): Promise<RtspResponse>;
  context(method: string): RtspErrorContext;
  /** Whether video has come since that monotonic time. */
  isVideoComing(sinceMs: number): boolean;
  /** The camera no longer knows the session (454), or refuses the login: connect anew. */
  onFailure(error: RtspError): void;
}

/** RFC 2326 section 12.37: 60 s where the camera gives no time-out. */
export const DEFAULT_SESSION_TIMEOUT_MS = 60_000;
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 10 * 60_000;

/** A connection that the camera ends so soon after a keep-alive ends because of it. */
const BLAMED_WITHIN_MS = 2_000;

/** Video that still comes in the second half of this shows that a session is not forgotten, whatever the camera says. */
const DOUBT_MS = 2_000;

/**
 * Keeps the camera's session alive at half its time-out: GET_PARAMETER where the camera offers it, else SET_PARAMETER,
 * else OPTIONS, which not every server counts. A camera that refuses the others (405, 501, or any other error) gets
 * OPTIONS from then on, and so does one that denies the session (454) and streams on; one that answers nothing is left
 * to the media time-out, for cameras exist that never answer and stream on.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #stop: () => void;
  #method: KeepAliveMethod;
  #inFlight = false;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  #cancelDoubt: (() => void) | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#method = firstMethod(options);
    this.#stop = options.clock.every(keepAliveIntervalMs(options.sessionTimeoutMs), () => {
      if (!this.#inFlight) void this.#ping();
    });
  }

  get method(): string {
    return this.#method;
  }

  /** Whether a connection that the camera ends now most likely ends because it cannot stand the keep-alive. */
  isToBlame(nowMs: number): boolean {
    return this.#method !== 'OPTIONS' && nowMs - this.#sentAtMs < BLAMED_WITHIN_MS;
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#cancelDoubt?.();
  }

  async #ping(): Promise<void> {
    this.#inFlight = true;
    this.#sentAtMs = this.#options.clock.monotonicMs();
    const method = this.#method;
    try {
      const response = await this.#options.send(method);
      if (this.#closed) return;
      if (response.statusCode === 454) {
        this.#doubt(refusal(response, this.#options.context(method)));
      } else if (response.statusCode >= 400) {
        this.#method = 'OPTIONS';
      }
    } catch (thrown) {
      // A refused login ends the connection by itself, a missing answer is no reason to.
      const error = asRtspError(thrown);
      if (!this.#closed && error.kind === 'auth-failed') this.#options.onFailure(error);
    } finally {
      this.#inFlight = false;
    }
  }

  #doubt(denial: RtspError): void {
    const { clock, isVideoComing, onFailure } = this.#options;
    const atMs = clock.monotonicMs();
    this.#cancelDoubt ??= clock.after(DOUBT_MS, () => {
      this.#cancelDoubt = undefined;
      if (isVideoComing(atMs + DOUBT_MS / 2)) this.#method = 'OPTIONS';
      else onFailure(denial);
    });
  }
}

function firstMethod({
  onlyOptions,
  ignoresOptions,
  publicMethods: methods,
}: KeepAliveOptions): KeepAliveMethod {
  if (onlyOptions) return 'OPTIONS';
  if (ignoresOptions || methods.has('GET_PARAMETER')) return 'GET_PARAMETER';
  return methods.has('SET_PARAMETER') ? 'SET_PARAMETER' : 'OPTIONS';
}

/** Half of the time-out, within bounds, for a camera may send any number. */
export function keepAliveIntervalMs(sessionTimeoutMs: number): number {
  return Math.min(Math.max(sessionTimeoutMs / 2, MIN_INTERVAL_MS), MAX_INTERVAL_MS);
}
