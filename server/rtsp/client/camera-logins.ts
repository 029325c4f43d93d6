import { createHash } from 'node:crypto';
import type { StreamDefinition } from '../../../shared/stream.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import { RtspError } from './errors.ts';

/** As long as a source waits at least after a refused log-in, so that its own next try is no later than it was. */
const STANDS_MS = 15_000;
/** How long a try is waited for: a log-in takes a fraction of that, a camera that is away all of it. */
const TURN_MS = 3_000;
/** Of a log-in that the camera took before, a refusal may be of one channel alone; after so many in a row it is not. */
const DOUBTS = 3;
/** More than anybody has cameras; the eldest is forgotten. */
const MAX_LOGINS = 4_096;

/**
 * How cameras and recorders take user names and passwords. A recorder with sixteen channels and a wrong password would get sixteen wrong
 * log-ins at once, and lock its users out for half an hour after some five to seven: so its streams try one after another until one is let in, and
 * what one was refused the others do not try for a while. Shared by all sources of a gateway.
 */
export class CameraLogins {
  readonly #clock: Clock;
  readonly #byLogin = new Map<string, CameraLogin>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined for a source without a password, which nothing can be locked for. */
  of({ url, username, password }: StreamDefinition['source']): CameraLogin | undefined {
    if (username === undefined || password === undefined || !URL.canParse(url)) return undefined;
    const login = JSON.stringify([new URL(url).host.toLowerCase(), username, password]);
    const key = createHash('sha256').update(login).digest('base64');
    const known = this.#byLogin.get(key) ?? new CameraLogin(this.#clock);
    this.#byLogin.delete(key);
    this.#byLogin.set(key, known);
    for (const eldest of this.#byLogin.keys()) {
      if (this.#byLogin.size <= MAX_LOGINS) break;
      this.#byLogin.delete(eldest);
    }
    return known;
  }
}

/** One user name and password at one host and port. */
export class CameraLogin {
  readonly #clock: Clock;
  #isProven = false;
  #doubts = 0;
  #refusal: { readonly error: RtspError; readonly untilMs: number } | undefined;
  /** The try that is on its way, while none has been let in. */
  #trying: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether another source is trying it, whose outcome is worth waiting for. */
  get isTried(): boolean {
    return !this.#isProven && this.#trying !== undefined;
  }

  /** Resolves when it is the caller's turn, after 3 s at the latest, or when the signal aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + TURN_MS;
    while (!signal.aborted) {
      const trying = this.#trying;
      const leftMs = untilMs - this.#clock.monotonicMs();
      if (!this.isTried || trying === undefined || leftMs <= 0) return;
      await sleep(this.#clock, leftMs, AbortSignal.any([signal, trying.signal]));
    }
  }

  /** Why it is not to be tried just now; undefined: it may be. */
  get standing(): RtspError | undefined {
    const refusal = this.#refusal;
    if (refusal === undefined) return undefined;
    const leftMs = refusal.untilMs - this.#clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    const { message, context } = refusal.error;
    return new RtspError('auth-failed', message, context);
  }

  /** A source begins to dial. */
  begin(): { accepted(): void; ended(error: RtspError): void } {
    const mine = new AbortController();
    if (!this.isTried) this.#trying = mine;
    const over = () => {
      if (this.#trying === mine) this.#trying = undefined;
      mine.abort();
    };
    return {
      accepted: () => {
        this.#isProven = true;
        this.#doubts = 0;
        this.#refusal = undefined;
        over();
      },
      ended: (error) => {
        if (error.kind === 'auth-failed') this.#refused(error);
        over();
      },
    };
  }

  #refused(error: RtspError): void {
    this.#doubts += 1;
    if (this.#isProven && this.#doubts < DOUBTS) return;
    this.#isProven = false;
    this.#refusal = { error, untilMs: this.#clock.monotonicMs() + STANDS_MS };
  }
}
