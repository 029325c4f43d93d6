import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { OnvifError } from '../errors.ts';

/** Five tries in half an hour. */
const REFUSAL_WAITS_MS = [30_000, 120_000, 480_000, 900_000];
/** Of somebody who waits for the answer, and may have mended the camera's user meanwhile. */
const ASKED_WAIT_MS = 30_000;
/** More devices than anybody has; the eldest is forgotten. */
const MAX_HISTORIES = 4_096;

/**
 * How a device has taken one user name and password. It is the same for all that use them: devices lock their users out after some five to
 * seven wrong log-ins, for half an hour, whoever made them.
 */
export class LoginHistory {
  readonly #clock: Clock;
  #isProven = false;
  #doubts = 0;
  #refusal: { readonly failure: OnvifError; readonly atMs: number; readonly waitMs: number } | undefined;
  #refusals = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the device has once let us do what it does not let everybody do. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** Why the log-in is not tried again just now; undefined: it may be. `isAsked`: somebody waits for it. */
  standingRefusal(isAsked: boolean): OnvifError | undefined {
    const refusal = this.#refusal;
    if (refusal === undefined) return undefined;
    const waitMs = isAsked ? Math.min(refusal.waitMs, ASKED_WAIT_MS) : refusal.waitMs;
    const leftMs = refusal.atMs + waitMs - this.#clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    const { kind, message, context } = refusal.failure;
    const seconds = Math.ceil(leftMs / 1_000);
    return new OnvifError(
      kind,
      `${message} So that it locks nobody out, it is not asked again with these for ${seconds} s.`,
      context,
    );
  }

  /** One after another, as long as nothing is proven: a wrong password, asked by many at once, would be many wrong log-ins. */
  oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Something was done that needs a log-in, or did not need one. */
  proven(): void {
    this.#isProven = true;
    this.#doubts = 0;
    this.#refusals = 0;
    this.#refusal = undefined;
  }

  /**
   * The log-in was refused for good. It is not tried again for a while, which grows. Of a device that let us in before, once may mean that this
   * user may not do this one thing.
   */
  refused(failure: OnvifError): void {
    this.#doubts += 1;
    if (this.#isProven && this.#doubts < 2) return;
    this.#isProven = false;
    const waitMs = REFUSAL_WAITS_MS[Math.min(this.#refusals, REFUSAL_WAITS_MS.length - 1)] ?? 0;
    this.#refusals += 1;
    this.#refusal = { failure, atMs: this.#clock.monotonicMs(), waitMs };
  }
}

/** One history for each host with a user name and password, however many ask there and by whatever address of it. */
export class LoginHistories {
  readonly #clock: Clock;
  readonly #byLogin = new Map<string, LoginHistory>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `what` keeps apart what a device may have users of its own for. */
  of(
    host: string,
    { username, password }: { username: string; password: string },
    what: string,
  ): LoginHistory {
    const login = JSON.stringify([host.toLowerCase(), username, password, what]);
    // So that no list of passwords lies in memory for as long as the gateway runs.
    const key = createHash('sha256').update(login).digest('base64');
    const known = this.#byLogin.get(key) ?? new LoginHistory(this.#clock);
    this.#byLogin.delete(key);
    this.#byLogin.set(key, known);
    for (const eldest of this.#byLogin.keys()) {
      if (this.#byLogin.size <= MAX_HISTORIES) break;
      this.#byLogin.delete(eldest);
    }
    return known;
  }
}
