import type { Clock } from '../../base/clock.ts';
import { RtspError } from './errors.ts';

interface Pending<Response> {
  readonly method: string;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: RtspError) => void;
  readonly cancelTimer: () => void;
}

export interface PendingOptions {
  readonly cseq: number;
  readonly method: string;
  readonly timeoutMs: number;
  readonly peer: string;
}

/** A response with a foreign CSeq waits so long for one with the right number before it counts as the answer. */
const DOUBT_MS = 1_000;
/** Requests that were given up last, whose answers may still come. */
const MAX_GIVEN_UP = 16;

/**
 * Requests that wait for their responses, matched by CSeq (RFC 2326 section 12.17), each with its own time-out.
 * yellowstone took the first message that came for the answer, and waited for ever.
 *
 * There are cameras that count by themselves, or repeat an older number. While a single request is outstanding their
 * response is its answer: at once from a camera that has never got a number right, else after a moment in which the right
 * one may come. The late answer to a request that was given up is not taken for another one's.
 */
export class PendingRequests<Response> {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending<Response>>();
  readonly #givenUp = new Set<number>();
  #cancelDoubt: (() => void) | undefined;
  /** Whether the camera's numbers are ours; undefined until it has answered. */
  #isExact: boolean | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  awaits(method: string): boolean {
    for (const pending of this.#pending.values()) if (pending.method === method) return true;
    return false;
  }

  wait(options: PendingOptions): Promise<Response> {
    const { cseq, method, timeoutMs, peer } = options;
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        this.#pending.delete(cseq);
        this.#giveUp(cseq);
        const message = `The camera at ${peer} did not answer ${method} within ${timeoutMs / 1000} s.`;
        reject(new RtspError('request-timeout', message, { peer, method, cseq }));
      });
      this.#pending.set(cseq, { method, resolve, reject, cancelTimer });
    });
  }

  /**
   * Hands a response to who waits for it. One without a CSeq (some cameras leave it out of errors) belongs to
   * the only request there is, and one with a foreign CSeq may. Returns false for a response that nobody waits for, and
   * for one that has to wait itself.
   */
  settle(cseq: number | undefined, response: Response): boolean {
    if (cseq !== undefined && this.#pending.has(cseq)) {
      this.#isExact ??= true;
      return this.#answer(cseq, response);
    }
    const only = this.#pending.size === 1 ? this.#pending.keys().next().value : undefined;
    if (only === undefined) return false;
    if (cseq === undefined || this.#isExact === false) return this.#answer(only, response);
    if (this.#givenUp.has(cseq)) return false;
    if (this.#isExact === undefined) {
      this.#isExact = false;
      return this.#answer(only, response);
    }
    this.#cancelDoubt ??= this.#clock.after(DOUBT_MS, () => {
      this.#isExact = false;
      this.#answer(only, response);
    });
    return false;
  }

  failAll(error: RtspError): void {
    this.#stopDoubting();
    for (const pending of this.#pending.values()) {
      pending.cancelTimer();
      pending.reject(error);
    }
    this.#pending.clear();
  }

  #answer(cseq: number, response: Response): boolean {
    const pending = this.#pending.get(cseq);
    if (pending === undefined) return false;
    this.#stopDoubting();
    this.#pending.delete(cseq);
    pending.cancelTimer();
    pending.resolve(response);
    return true;
  }

  #giveUp(cseq: number): void {
    this.#stopDoubting();
    this.#givenUp.add(cseq);
    const [oldest] = this.#givenUp;
    if (this.#givenUp.size > MAX_GIVEN_UP && oldest !== undefined) this.#givenUp.delete(oldest);
  }

  #stopDoubting(): void {
    this.#cancelDoubt?.();
    this.#cancelDoubt = undefined;
  }
}
