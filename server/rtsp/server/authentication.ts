import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, sleep } from '../../base/clock.ts';
import {
  type Authorization,
  buildChallenges,
  parseAuthorization,
  type RtspRequest,
  verifyAuthorization,
} from '../parse/index.ts';
import { Refusal } from './exchange.ts';

/** What a client gave to prove who it is. Digest never shows the password, so there is only `matches` to ask. */
export interface RtspCredentials {
  /** Absent for a bare token. */
  readonly username?: string;
  /** The `access_token` of the URL, or the password of Basic. */
  readonly token?: string;
  /** Whether the client knows this secret, by token, Basic or Digest; takes the same time however wrong it is. */
  matches(secret: string): boolean;
}

const REALM = 'Sluice';
const NONCE_LIFE_MS = 5 * 60_000;
const MAX_FAILURES = 5;
/** Slows down guessing; a person who mistyped does not notice. */
const FAILURE_DELAY_MS = 500;

/**
 * Checks the credentials of one connection's requests. Nonces belong to the connection, so an Authorization
 * header that was overheard is worth nothing on another one.
 */
export class Authenticator {
  readonly #clock: Clock;
  #nonce = '';
  #nonceMadeAtMs = 0;
  #lastNonceCount = 0;
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws a `Refusal` (401 with challenges) unless `accepts` the credentials of the request. */
  async require(
    request: RtspRequest,
    token: string | undefined,
    accepts: (credentials: RtspCredentials) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    if (token !== undefined) {
      if (accepts({ token, matches: (secret) => sameSecret(token, secret) })) return;
      throw await this.#failed(signal);
    }
    const header = request.headers.get('Authorization');
    const authorization = header === undefined ? undefined : parseAuthorization(header);
    if (authorization === undefined) throw this.#challenge(false);
    if (authorization.scheme === 'digest' && !this.#isFresh(authorization)) throw this.#challenge(true);
    if (!accepts(credentialsOf(authorization, request))) throw await this.#failed(signal);
  }

  #isFresh(digest: Extract<Authorization, { scheme: 'digest' }>): boolean {
    const ageMs = this.#clock.monotonicMs() - this.#nonceMadeAtMs;
    if (this.#nonce === '' || digest.nonce !== this.#nonce || ageMs > NONCE_LIFE_MS) return false;
    // Without qop there is no count; the nonce is good for this connection only.
    if (digest.auth === undefined) return true;
    const count = Number.parseInt(digest.auth.nc, 16);
    if (!(count > this.#lastNonceCount)) return false;
    this.#lastNonceCount = count;
    return true;
  }

  async #failed(signal: AbortSignal): Promise<Refusal> {
    this.#failures += 1;
    await sleep(this.#clock, FAILURE_DELAY_MS, signal);
    if (this.#failures < MAX_FAILURES) return this.#challenge(false);
    return new Refusal({ statusCode: 401, headers: [['Connection', 'close']] });
  }

  #challenge(stale: boolean): Refusal {
    this.#nonce = randomBytes(16).toString('hex');
    this.#nonceMadeAtMs = this.#clock.monotonicMs();
    this.#lastNonceCount = 0;
    // SHA-256 first: FFmpeg takes the last Digest it reads and knows MD5 only.
    const challenges = buildChallenges({
      realm: REALM,
      nonce: this.#nonce,
      stale,
      algorithms: ['SHA-256', 'MD5'],
      basic: true,
    });
    return new Refusal({
      statusCode: 401,
      headers: challenges.map((challenge) => ['WWW-Authenticate', challenge] as const),
    });
  }
}

function credentialsOf(authorization: Authorization, request: RtspRequest): RtspCredentials {
  const { username } = authorization;
  const matches = (secret: string) =>
    verifyAuthorization(authorization, {
      method: request.method,
      uri: request.uri,
      realm: REALM,
      username,
      password: secret,
    });
  if (authorization.scheme === 'digest') return { username, matches };
  return { username, token: authorization.password, matches };
}

/** Compares in a time that does not depend on where the two differ, nor on their lengths. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
