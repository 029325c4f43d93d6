import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../../shared/errors.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Clock } from '../../base/clock.ts';
import { credentialOf, SESSION_COOKIE, type Surface, sessionCookieOf } from './credentials.ts';
import { FailureLimiter } from './failure-limiter.ts';
import { createHostCheck, type HostNames, hostNameOf } from './host-check.ts';
import { LoginSessions } from './login-sessions.ts';
import { OriginCheck } from './origin-check.ts';
import { TokenCheck } from './token-check.ts';

/** How the gate knows its own names, and the token to ask for. */
export interface GateOptions extends HostNames {
  readonly clock: Clock;
  /** Without a token everybody is let in who passes the checks of Host and Origin. */
  readonly apiToken?: string | undefined;
}

/** Who a request comes from. `open` is anybody, where no token is set. */
export type Identity =
  | { readonly kind: 'open' }
  | { readonly kind: 'token'; readonly via: 'bearer' | 'subprotocol' | 'query' }
  | { readonly kind: 'session' };

const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Decides who may come in; HTTP and WebSocket ask the same one. */
export class Gate {
  readonly #hostIsOurs: (hostHeader: string | undefined) => boolean;
  readonly #origins: OriginCheck;
  readonly #token: TokenCheck | undefined;
  readonly #sessions: LoginSessions;
  readonly #failures: FailureLimiter;

  constructor(options: GateOptions) {
    this.#hostIsOurs = createHostCheck(options);
    this.#origins = new OriginCheck(options.allowedOrigins);
    this.#token = options.apiToken === undefined ? undefined : new TokenCheck(options.apiToken);
    this.#sessions = new LoginSessions(options.clock);
    this.#failures = new FailureLimiter(options.clock);
  }

  get authRequired(): boolean {
    return this.#token !== undefined;
  }

  get allowedOrigins(): readonly string[] {
    return this.#origins.allowedOrigins;
  }

  /** Host first, then, for whatever may change something, Origin. */
  refuseHostOrOrigin(request: IncomingMessage, changesState = !reads(request)): ApiError | undefined {
    const { host, origin } = request.headers;
    if (!this.#hostIsOurs(host)) {
      const name = hostNameOf(host)?.slice(0, 100) ?? '';
      return new ApiError(
        'FORBIDDEN',
        `This gateway does not answer to the host name "${name}". Open it by its address, or add the origin ` +
          'of the page to http.allowedOrigins (SLUICE_ALLOWED_ORIGINS).',
      );
    }
    if (changesState && this.#origins.judge(origin, host) === 'foreign') {
      return new ApiError(
        'FORBIDDEN',
        'Pages of other sites may not do this. Add the origin of the page to http.allowedOrigins ' +
          '(SLUICE_ALLOWED_ORIGINS) if it is yours.',
      );
    }
    return undefined;
  }

  /** The origin to name in CORS headers: one of the allowed ones that asks, nothing else ever. */
  corsOrigin(request: IncomingMessage): string | undefined {
    const { host, origin } = request.headers;
    return this.#origins.judge(origin, host) === 'allowed' ? origin : undefined;
  }

  /** Who asks, or why they are not let in: UNAUTHORIZED, FORBIDDEN or RATE_LIMITED. */
  identify(
    request: IncomingMessage,
    surface: Surface,
    changesState = !reads(request),
  ): Result<Identity, ApiError> {
    if (this.#token === undefined) return ok({ kind: 'open' });
    const credential = credentialOf(request, surface);
    if (credential === undefined) return err(unauthorized('A token is needed'));
    if (credential.kind === 'cookie') {
      if (!this.#sessions.isValid(credential.sessionId)) return err(unauthorized('You are logged out'));
      // Browsers send cookies along whoever made the page ask, so a change needs proof that it was our page.
      if (changesState && this.#originOf(request) !== 'same') {
        return err(
          new ApiError('FORBIDDEN', 'With the log-in cookie only the page of this gateway may do this.'),
        );
      }
      return ok({ kind: 'session' });
    }
    const wrong = this.#checkToken(request, credential.token, 'token');
    return wrong === undefined ? ok({ kind: 'token', via: credential.via }) : err(wrong);
  }

  /** Trades the token for a session; `setCookie` is the header's value. */
  logIn(request: IncomingMessage, token: string): Result<{ setCookie?: string }, ApiError> {
    if (this.#token === undefined) return ok({});
    const wrong = this.#checkToken(request, token, 'login');
    if (wrong !== undefined) return err(wrong);
    const { id, lifetimeMs } = this.#sessions.begin();
    return ok({ setCookie: cookie(request, id, lifetimeMs / 1000) });
  }

  /** Ends the session of the cookie, if there is one; returns the header's value that clears it. */
  logOut(request: IncomingMessage): string {
    const sessionId = sessionCookieOf(request);
    if (sessionId !== undefined) this.#sessions.end(sessionId);
    return cookie(request, '', 0);
  }

  /** For WebSockets: a browser lets any page open one, so all of them are judged as changes. */
  refuseUpgrade(request: IncomingMessage): ApiError | undefined {
    const refusal = this.refuseHostOrOrigin(request, true);
    if (refusal !== undefined) return refusal;
    const identity = this.identify(request, { queryToken: true, subprotocolToken: true }, true);
    return identity.ok ? undefined : identity.error;
  }

  #originOf(request: IncomingMessage) {
    return this.#origins.judge(request.headers.origin, request.headers.host);
  }

  #checkToken(request: IncomingMessage, token: string, way: 'login' | 'token'): ApiError | undefined {
    const address = request.socket.remoteAddress ?? '';
    const retryAfterMs = this.#failures.waitMs(address, way);
    if (retryAfterMs > 0) {
      return new ApiError('RATE_LIMITED', 'Too many wrong tokens. Try again later.', { retryAfterMs });
    }
    if (this.#token?.matches(token) === true) return undefined;
    this.#failures.failed(address, way);
    return unauthorized('The token is not right');
  }
}

function reads(request: IncomingMessage): boolean {
  return READING_METHODS.has(request.method ?? '');
}

function unauthorized(what: string): ApiError {
  return new ApiError('UNAUTHORIZED', `${what}: log in at /, or send "Authorization: Bearer <token>".`);
}

function cookie(request: IncomingMessage, value: string, maxAgeS: number): string {
  // A proxy may end TLS before us, and what it says about that is not trusted; the page's own origin tells.
  const secure = 'encrypted' in request.socket || request.headers.origin?.startsWith('https://') === true;
  const attributes = ['Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${Math.floor(maxAgeS)}`];
  if (secure) attributes.push('Secure');
  return [`${SESSION_COOKIE}=${value}`, ...attributes].join('; ');
}
