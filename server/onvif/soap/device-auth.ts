import { randomBytes } from 'node:crypto';
import {
  authorizationFor,
  type Challenge,
  chooseChallenge,
  parseChallenges,
} from '../../base/auth/client.ts';
import type { Clock } from '../../base/clock.ts';
import { OnvifError } from '../errors.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

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

/** Five tries in half an hour. */
const REFUSAL_WAITS_MS = [30_000, 120_000, 480_000, 900_000];

/**
 * Which log-in a device takes. ONVIF Core section 5.9 has two, and devices mix them: WS-UsernameToken refused with 400 or 401 and a fault, HTTP digest
 * asked for with 401, either with the other's status, both at once, or Basic. What worked is what the next request begins with, with the
 * nonce that the device gave, so that it takes one round trip.
 */
export class DeviceAuth {
  readonly #credentials: Credentials | undefined;
  readonly #clock: Clock;
  readonly #nonceCounts = new WeakMap<Challenge, number>();
  /** Asks first what the device wants: of two ways, one would be a wrong log-in. */
  #plan: AuthPlan = NO_LOGIN;
  #hasHttpWorked = false;
  #isProven = false;
  #doubts = 0;
  #refusal: { readonly failure: OnvifError; readonly untilMs: number } | undefined;
  #refusals = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(credentials: Credentials | undefined, clock: Clock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** Whether the device has once let us do what it does not let everybody do. */
  get isProven(): boolean {
    return this.#isProven || this.#credentials === undefined;
  }

  /** Why the log-in is not tried again just now; undefined: it may be. */
  get standingRefusal(): OnvifError | undefined {
    const refusal = this.#refusal;
    if (refusal === undefined || this.#clock.monotonicMs() >= refusal.untilMs) return undefined;
    const { kind, message, context } = refusal.failure;
    return new OnvifError(kind, message, context);
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
   * The log-in was refused for good. It is not tried again for a while, which grows: devices lock their users out after some five wrong ones,
   * for half an hour. Of one that let us in before, once may mean that this user may not do this one thing.
   */
  refused(failure: OnvifError): void {
    if (this.#credentials === undefined) return;
    this.#doubts += 1;
    if (this.#isProven && this.#doubts < 2) return;
    this.#isProven = false;
    const waitMs = REFUSAL_WAITS_MS[Math.min(this.#refusals, REFUSAL_WAITS_MS.length - 1)] ?? 0;
    this.#refusals += 1;
    this.#refusal = { failure, untilMs: this.#clock.monotonicMs() + waitMs };
  }

  get credentials(): Credentials | undefined {
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
    const challenge = chooseChallenge(parseChallenges(answer.challenges));
    if (challenge !== undefined) {
      if (plan.challenge === undefined) return { kind: 'retry', plan: { wsse: false, challenge } };
      if (this.#isNewNonce(challenge, plan.challenge)) return { kind: 'retry', plan: { ...plan, challenge } };
      // Not once more by another way: devices lock accounts after a few wrong ones.
      return plan.wsse ? { kind: 'check-clock', plan } : { kind: 'refused', why: 'wrong' };
    }
    if (answer.challenges.length > 0 && !plan.wsse) return { kind: 'refused', why: 'unknown-scheme' };
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
