import type { Clock } from '../../base/clock.ts';
import { RtspError } from './errors.ts';

interface Pending<Response> {
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

/**
 * Requests that wait for their responses, matched by CSeq (RFC 2326 section 12.17), each with its own time-out.
 * yellowstone took the first message that came for the answer, and waited for ever.
 */
export class PendingRequests<Response> {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending<Response>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  wait(options: PendingOptions): Promise<Response> {
    const { cseq, method, timeoutMs, peer } = options;
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        this.#pending.delete(cseq);
        const message = `The camera at ${peer} did not answer ${method} within ${timeoutMs / 1000} s.`;
        reject(new RtspError('request-timeout', message, { peer, method, cseq }));
      });
      this.#pending.set(cseq, { resolve, reject, cancelTimer });
    });
  }

  /**
   * Hands a response to who waits for it. One without a CSeq (some cameras leave it out of errors) belongs to
   * the only request there is. Returns false for a response that nobody waits for.
   */
  settle(cseq: number | undefined, response: Response): boolean {
    const key = cseq ?? (this.#pending.size === 1 ? this.#pending.keys().next().value : undefined);
    if (key === undefined) return false;
    const pending = this.#pending.get(key);
    if (pending === undefined) return false;
    this.#pending.delete(key);
    pending.cancelTimer();
    pending.resolve(response);
    return true;
  }

  failAll(error: RtspError): void {
    for (const pending of this.#pending.values()) {
      pending.cancelTimer();
      pending.reject(error);
    }
    this.#pending.clear();
  }
}
