import type { StreamDefinition } from '../../../shared/stream.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import { LoginHistories, type LoginHistory } from '../../base/login-histories.ts';
import { RtspError } from './errors.ts';
import { parseTarget } from './target.ts';

/** How long a try is waited for: a log-in takes a fraction of that, a camera that is away all of it. */
const TURN_MS = 3_000;

/**
 * How cameras and recorders take user names and passwords over RTSP. A recorder with sixteen channels and a wrong password would get sixteen wrong
 * log-ins at once, and lock its users out for half an hour after some five to seven: so its streams try one after another until one is let in, and
 * what one was refused the others do not try for a while. Shared by all sources of a gateway.
 */
export class CameraLogins {
  readonly #clock: Clock;
  readonly #histories: LoginHistories;
  readonly #logins = new WeakMap<LoginHistory, CameraLogin>();

  /** `histories`: shared with the other protocols that ask the same cameras. */
  constructor(clock: Clock, histories = new LoginHistories(clock)) {
    this.#clock = clock;
    this.#histories = histories;
  }

  /** Undefined for a source without a password, which nothing can be locked for. */
  of({
    url,
    username,
    password,
  }: Pick<StreamDefinition['source'], 'url' | 'username' | 'password'>): CameraLogin | undefined {
    const target = parseTarget(url);
    if (username === undefined || password === undefined || !target.ok) return undefined;
    const { host, port } = target.value;
    const history = this.#histories.of(host, { username, password }, `rtsp ${port}`);
    const login = this.#logins.get(history) ?? new CameraLogin(this.#clock, history);
    this.#logins.set(history, login);
    return login;
  }
}

/** One user name and password at one host and port. */
export class CameraLogin {
  readonly #clock: Clock;
  readonly #history: LoginHistory;
  /** The try that is on its way, while none has been let in. */
  #trying: AbortController | undefined;

  constructor(clock: Clock, history: LoginHistory) {
    this.#clock = clock;
    this.#history = history;
  }

  /** Whether another source is trying it, whose outcome is worth waiting for. */
  get isTried(): boolean {
    return !this.#history.isProven && this.#trying !== undefined;
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
    const message = this.#history.standing();
    return message === undefined ? undefined : new RtspError('auth-failed', message);
  }

  /** A source begins to dial. */
  begin(): { accepted(): void; ended(error: RtspError): void } {
    const mine = new AbortController();
    if (!this.isTried) this.#trying = mine;
    let release = () => {};
    const over = () => {
      if (this.#trying === mine) this.#trying = undefined;
      mine.abort();
    };
    return {
      accepted: () => {
        release();
        release = this.#history.hold();
        over();
      },
      ended: (error) => {
        release();
        if (error.kind === 'auth-failed') this.#history.refused(error.message);
        over();
      },
    };
  }
}
