import { randomBytes } from 'node:crypto';
import { authorizationFor, type Challenge, chooseChallenge, parseChallenges } from '../parse/index.ts';

/** What to do about a 401. */
export type ChallengeVerdict = 'retry' | 'no-credentials' | 'unknown-scheme' | 'refused';

/**
 * Answers a camera's challenges: the strongest it offers (SHA-256, MD5, Basic), with a new nonce where it says
 * that the old one is stale. A password that was refused once is not sent again: cameras lock accounts.
 */
export class Authenticator {
  readonly #username: string | undefined;
  readonly #password: string;
  #challenge: Challenge | undefined;
  #nonceCount = 0;
  #wasAccepted = false;
  /** The challenge came on an earlier connection, so a refusal may mean the connection and not the password. */
  #isOfEarlier: boolean;

  /** `earlier`: what the camera asked for on a connection that it closed with that. */
  constructor(username: string | undefined, password: string | undefined, earlier?: Challenge) {
    this.#username = username;
    this.#password = password ?? '';
    this.#challenge = earlier;
    this.#isOfEarlier = earlier !== undefined;
  }

  /** What the camera asked for, while it has not said whether it takes the answer. */
  get unansweredChallenge(): Challenge | undefined {
    return this.#wasAccepted ? undefined : this.#challenge;
  }

  /** What the camera asks for; undefined while it has not asked. */
  get challenge(): { readonly scheme: 'basic' | 'digest'; readonly algorithm?: string } | undefined {
    const challenge = this.#challenge;
    if (challenge?.scheme !== 'digest') return challenge && { scheme: challenge.scheme };
    return { scheme: 'digest', algorithm: challenge.algorithm };
  }

  /** The Authorization header for a request; undefined while the camera has not asked for one. */
  headerFor(method: string, uri: string): string | undefined {
    if (this.#challenge === undefined || this.#username === undefined) return undefined;
    this.#nonceCount += 1;
    return authorizationFor(this.#challenge, {
      method,
      uri,
      username: this.#username,
      password: this.#password,
      nc: this.#nonceCount,
      cnonce: randomBytes(8).toString('hex'),
    });
  }

  /** A request with our Authorization went through. */
  accepted(): void {
    if (this.#challenge !== undefined) this.#wasAccepted = true;
  }

  /** A 401 came, with these WWW-Authenticate headers, to a request with or without our Authorization. */
  challenged(headers: readonly string[], hadAuthorization: boolean): ChallengeVerdict {
    const challenge = chooseChallenge(parseChallenges(headers));
    // Cameras are known that refuse a wrong password without asking again.
    if (challenge === undefined)
      return hadAuthorization && headers.length === 0 ? 'refused' : 'unknown-scheme';
    if (this.#username === undefined) return 'no-credentials';
    if (hadAuthorization && !this.#isNewNonce(challenge)) return 'refused';
    this.#challenge = challenge;
    this.#nonceCount = 0;
    return 'retry';
  }

  /**
   * RFC 7616 section 3.3: `stale` says that user and password were right. Many cameras leave it out when a nonce
   * expires, so a new nonce also counts once the password has been accepted on this connection.
   */
  #isNewNonce(challenge: Challenge): boolean {
    const current = this.#challenge;
    if (challenge.scheme !== 'digest' || current?.scheme !== 'digest') return false;
    const mayBeRight = challenge.stale || this.#wasAccepted || this.#isOfEarlier;
    this.#isOfEarlier = false;
    return challenge.nonce !== current.nonce && mayBeRight;
  }
}
