import { randomBytes } from 'node:crypto';
import {
  authorizationFor,
  type Challenge,
  chooseChallenge,
  parseChallenges,
} from '../../base/auth/client.ts';
import type { LoginCredentials, LoginHistory } from '../../base/login-histories.ts';
import { OnvifError } from '../errors.ts';

/** How a request shows who we are: in the SOAP header (WS-UsernameToken), by an answer to a challenge in the HTTP header, in both. */
export interface AuthPlan {
  readonly wsse: boolean;
  readonly challenge: Challenge | undefined;
}

/** What an answer says of the log-in. */
export interface AuthAnswer {
  readonly status: number;
  /** Its WWW-Authenticate fields. */
  readonly challenges: readonly string[];
  readonly isAuthFault: boolean;
}

export type AuthVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'retry'; readonly plan: AuthPlan }
  /** Worth another try if the device's clock is not what we took it for. */
  | { readonly kind: 'check-clock'; readonly plan: AuthPlan }
  | { readonly kind: 'refused'; readonly why: 'no-credentials' | 'unknown-scheme' | 'wrong' };

export const NO_LOGIN: AuthPlan = { wsse: false, challenge: undefined };
export const WSSE: AuthPlan = { wsse: true, challenge: undefined };

/**
 * Which log-in a device takes. ONVIF Core section 5.9 has two, and devices mix them: WS-UsernameToken refused with 400 or 401 and a fault, HTTP digest
 * asked for with 401, either with the other's status, both at once, or Basic. What worked is what the next request begins with, with the
 * nonce that the device gave, so that it takes one round trip.
 */
export class DeviceAuth {
  readonly #credentials: LoginCredentials | undefined;
  readonly #history: LoginHistory;
  readonly #nonceCounts = new WeakMap<Challenge, number>();
  /** Asks first what the device wants: of two ways, one would be a wrong log-in. */
  #plan: AuthPlan = NO_LOGIN;
  #hasHttpWorked = false;
  /** A log-in that does not show the password went through. */
  #hasHiddenWorked = false;

  constructor(credentials: LoginCredentials | undefined, history: LoginHistory) {
    this.#credentials = credentials;
    this.#history = history;
  }

  /** Whether the device has once let us do what it does not let everybody do. */
  get isProven(): boolean {
    return this.#history.isProven || this.#credentials === undefined;
  }

  /** Why the log-in is not tried again just now; undefined: it may be. */
  standingRefusal(isAsked: boolean): OnvifError | undefined {
    const standing = this.#credentials === undefined ? undefined : this.#history.standing(isAsked);
    return standing === undefined ? undefined : new OnvifError('auth-failed', standing);
  }

  /** One after another, as long as nothing is proven. */
  oneByOne<T>(work: () => Promise<T>): Promise<T> {
    return this.#history.oneByOne(work);
  }

  /** Something was done that needs a log-in, or did not need one. */
  proven(): void {
    this.#hasHiddenWorked ||= this.#plan.wsse || this.#plan.challenge?.scheme === 'digest';
    this.#history.proven();
  }

  /** The log-in was refused for good. */
  refused(failure: OnvifError): void {
    if (this.#credentials !== undefined) this.#history.refused(failure.message);
  }

  get credentials(): LoginCredentials | undefined {
    return this.#credentials;
  }

  /** What a request begins with. */
  get plan(): AuthPlan {
    return this.#plan;
  }

  /** What a request that has no SOAP header begins with. */
  get plainPlan(): AuthPlan {
    return { wsse: false, challenge: this.#plan.challenge };
  }

  /** The Authorization field for a request of that plan; undefined: none. */
  authorization({ challenge }: AuthPlan, method: string, uri: string, body?: string): string | undefined {
    if (challenge === undefined || this.#credentials === undefined) return undefined;
    const nc = (this.#nonceCounts.get(challenge) ?? 0) + 1;
    this.#nonceCounts.set(challenge, nc);
    return authorizationFor(challenge, {
      method,
      uri,
      ...this.#credentials,
      nc,
      cnonce: randomBytes(8).toString('hex'),
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Begins anew: what worked does no longer. */
  forget(): void {
    this.#plan = NO_LOGIN;
    this.#hasHttpWorked = false;
  }

  /** Judges the answer to a request of that plan. The caller bounds how often it follows a `retry`. */
  judge(plan: AuthPlan, answer: AuthAnswer): AuthVerdict {
    if (answer.status !== 401 && !answer.isAuthFault) {
      if (plan.wsse || plan.challenge !== undefined) this.#plan = plan;
      if (plan.challenge !== undefined) this.#hasHttpWorked = true;
      return { kind: 'accepted' };
    }
    if (this.#credentials === undefined) return { kind: 'refused', why: 'no-credentials' };
    const offered = chooseChallenge(parseChallenges(answer.challenges));
    // One that took a digest and now wants the password itself is somebody else, or somebody is in between.
    const isDowngrade = offered?.scheme === 'basic' && this.#hasHiddenWorked;
    const challenge = isDowngrade ? undefined : offered;
    if (challenge !== undefined) {
      if (plan.challenge === undefined) return { kind: 'retry', plan: { wsse: false, challenge } };
      if (this.#isNewNonce(challenge, plan.challenge)) return { kind: 'retry', plan: { ...plan, challenge } };
      // Not once more by another way: devices lock accounts after a few wrong ones.
      return plan.wsse ? { kind: 'check-clock', plan } : { kind: 'refused', why: 'wrong' };
    }
    if (answer.challenges.length > 0 && !plan.wsse && !isDowngrade)
      return { kind: 'refused', why: 'unknown-scheme' };
    if (plan.wsse) return { kind: 'check-clock', plan };
    // A fault where a log-in by HTTP went through or none was tried: it is the other one that is missing.
    return { kind: 'retry', plan: { ...plan, wsse: true } };
  }

  /** RFC 7616 section 3.3: `stale` says the password was right. Many devices leave it out when a nonce expires. */
  #isNewNonce(challenge: Challenge, used: Challenge): boolean {
    if (challenge.scheme !== 'digest' || used.scheme !== 'digest') return false;
    return challenge.nonce !== used.nonce && (challenge.stale || this.#hasHttpWorked);
  }
}
