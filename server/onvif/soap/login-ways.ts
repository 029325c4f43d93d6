import { type AuthPlan, type AuthVerdict, type DeviceAuth, NO_LOGIN, WSSE } from './device-auth.ts';
import type { DeviceClock } from './device-clock.ts';

/** An old nonce, and one that somebody else's request has used up. */
const MAX_NEW_NONCES = 2;

/**
 * What is tried within one request once a token (WS-UsernameToken) was refused: the right time first, then whether the device asks for a
 * log-in by HTTP if it gets none, last our own time where the device's is off by a zone. Few tries have a password in them: devices lock accounts.
 */
export class LoginWays {
  readonly #auth: DeviceAuth;
  readonly #deviceClock: DeviceClock;
  readonly #clockMoved: () => Promise<boolean>;
  #newNonces = 0;
  #hasCheckedClock = false;
  #hasAskedOpenly = false;
  #hasShownToken = false;
  #hasTriedOwnClock = false;

  /** `clockMoved` asks the device for its time again, and says whether that is news. */
  constructor(
    parts: { readonly auth: DeviceAuth; readonly deviceClock: DeviceClock },
    clockMoved: () => Promise<boolean>,
  ) {
    this.#auth = parts.auth;
    this.#deviceClock = parts.deviceClock;
    this.#clockMoved = clockMoved;
  }

  /** The next try after one of that plan was not accepted; undefined: there is none. */
  async after(
    plan: AuthPlan,
    verdict: Exclude<AuthVerdict, { kind: 'accepted' }>,
  ): Promise<AuthPlan | undefined> {
    if (verdict.kind === 'refused') return this.#refused();
    const hasChallenge = plan.challenge !== undefined;
    if (plan.wsse) this.#hasShownToken = true;
    else if (!hasChallenge) this.#hasAskedOpenly = true;
    const isOpenlyRefused = this.#hasShownToken && !hasChallenge && !plan.wsse;
    if (verdict.kind === 'retry' && !(isOpenlyRefused && verdict.plan.wsse)) {
      if (hasChallenge && ++this.#newNonces > MAX_NEW_NONCES) return this.#refused();
      return verdict.plan;
    }
    if (!this.#hasCheckedClock) {
      this.#hasCheckedClock = true;
      if (await this.#clockMoved()) return verdict.plan;
    }
    if (!this.#hasAskedOpenly && !hasChallenge) {
      this.#hasAskedOpenly = true;
      return NO_LOGIN;
    }
    if (!this.#hasTriedOwnClock && this.#deviceClock.isOffByAZone) {
      this.#hasTriedOwnClock = true;
      this.#deviceClock.distrust(true);
      return hasChallenge ? plan : WSSE;
    }
    return this.#refused();
  }

  #refused(): undefined {
    if (this.#hasTriedOwnClock) this.#deviceClock.distrust(false);
    // Whatever worked once, the next request begins anew.
    this.#auth.forget();
    return undefined;
  }
}
