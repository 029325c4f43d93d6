import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { find, textOf, type XmlElement } from './xml.ts';

export interface SimAuth {
  readonly username: string;
  readonly password: string;
  /** What it takes. Default all but basic. */
  readonly schemes?: readonly ('wsse' | 'digest' | 'basic')[];
  /** Each is a challenge of its own (RFC 7616 section 3.7). Default MD5 alone. */
  readonly algorithms?: readonly ('MD5' | 'SHA-256')[];
  /** As written in the challenge, e.g. `auth, auth-int`; undefined: none (RFC 2069). Default `auth`. */
  readonly qop?: string | undefined;
  /** How far a token's Created may be from its clock. Default 5 s. */
  readonly clockToleranceMs?: number;
  /** A digest's nonce is for one request only. Default false. */
  readonly digestNonceOnce?: boolean;
  /** Tokens without a digest are taken too. Default false. */
  readonly takesPasswordText?: boolean;
  /** So many wrong log-ins in a row lock everybody out for half an hour, the right password too. Default never. */
  readonly locksAfter?: number;
}

export type AuthOutcome =
  | { readonly is: 'good'; readonly by: 'wsse' | 'digest' | 'basic' }
  /** Nothing was proven. */
  | { readonly is: 'none' }
  | {
      readonly is: 'bad';
      readonly by: 'wsse' | 'digest' | 'basic';
      readonly why: 'wrong' | 'stale' | 'replayed' | 'scheme' | 'locked';
    };

const REALM = 'ONVIF device';
const DEFAULT_TOLERANCE_MS = 5_000;
const MANY_NONCES = 2_000;
const LOCKED_MS = 1_800_000;

/** Who is let in: WS-Security UsernameToken (ONVIF Core section 5.9.4), HTTP Digest (RFC 7616) and Basic (RFC 7617). */
export class Doorkeeper {
  readonly auth: SimAuth;
  readonly #wallMs: () => number;
  /** Of tokens. */
  readonly #seen = new Set<string>();
  /** Of digests: what each was given for, and the highest count that came with it. */
  readonly #given = new Map<string, { readonly algorithm: string; count: number }>();

  /** Log-ins, in a row. */
  #wrong = 0;
  #lockedUntilMs = 0;

  constructor(auth: SimAuth, wallMs: () => number) {
    this.auth = auth;
    this.#wallMs = wallMs;
  }

  /** Values of WWW-Authenticate, one header each. */
  challenges(isStale = false): string[] {
    const { algorithms = ['MD5'] } = this.auth;
    const qop = this.#qop === undefined ? '' : `, qop="${this.#qop}"`;
    const digests = algorithms.map((algorithm) => {
      const nonce = randomBytes(16).toString('hex');
      this.#given.set(nonce, { algorithm, count: 0 });
      // MD5 goes without saying, and many devices do not say it.
      const named = algorithm === 'MD5' ? '' : `, algorithm=${algorithm}`;
      return `Digest realm="${REALM}", nonce="${nonce}"${qop}${named}${isStale ? ', stale=TRUE' : ''}`;
    });
    while (this.#given.size > MANY_NONCES) {
      const [oldest] = this.#given.keys();
      if (oldest !== undefined) this.#given.delete(oldest);
    }
    return [
      ...(this.#takes('digest') ? digests : []),
      ...(this.#takes('basic') ? [`Basic realm="${REALM}"`] : []),
    ];
  }

  get isLocked(): boolean {
    return this.#wallMs() < this.#lockedUntilMs;
  }

  check(request: IncomingMessage, envelope: XmlElement | undefined): AuthOutcome {
    const outcome = this.#outcome(request, envelope);
    if (outcome.is === 'none') return outcome;
    if (this.isLocked) return { is: 'bad', by: outcome.by, why: 'locked' };
    if (outcome.is === 'good') this.#wrong = 0;
    if (outcome.is === 'bad' && outcome.why === 'wrong') this.#wrong += 1;
    if (this.#wrong >= (this.auth.locksAfter ?? Infinity)) {
      this.#wrong = 0;
      this.#lockedUntilMs = this.#wallMs() + LOCKED_MS;
    }
    return outcome;
  }

  #outcome(request: IncomingMessage, envelope: XmlElement | undefined): AuthOutcome {
    const bytes = request.headers.authorization;
    // Names of users come in UTF-8 (RFC 7616 section 3.4), which Node reads byte by byte.
    const header = bytes === undefined ? undefined : Buffer.from(bytes, 'latin1').toString('utf8');
    if (header !== undefined) {
      return /^basic /i.test(header) ? this.#basic(header) : this.#digest(header, request);
    }
    const token = find(envelope, 'Header', 'Security', 'UsernameToken');
    return token === undefined ? { is: 'none' } : this.#token(token);
  }

  get #qop(): string | undefined {
    return 'qop' in this.auth ? this.auth.qop : 'auth';
  }

  #takes(scheme: 'wsse' | 'digest' | 'basic'): boolean {
    return (this.auth.schemes ?? ['wsse', 'digest']).includes(scheme);
  }

  #basic(header: string): AuthOutcome {
    if (!this.#takes('basic')) return { is: 'bad', by: 'basic', why: 'scheme' };
    const { username, password } = this.auth;
    const expected = Buffer.from(`${username}:${password}`).toString('base64');
    return header.slice(6) === expected
      ? { is: 'good', by: 'basic' }
      : { is: 'bad', by: 'basic', why: 'wrong' };
  }

  #digest(header: string, request: IncomingMessage): AuthOutcome {
    const bad = (why: 'wrong' | 'stale' | 'scheme'): AuthOutcome => ({ is: 'bad', by: 'digest', why });
    if (!this.#takes('digest') || !/^digest /i.test(header)) return bad('scheme');
    const field = (name: string): string =>
      new RegExp(`[\\s,]${name}\\s*=\\s*(?:"([^"]*)"|([^\\s,]*))`, 'i')
        .exec(header)
        ?.slice(1)
        .find(Boolean) ?? '';
    const { username, password, algorithms = ['MD5'], digestNonceOnce = false } = this.auth;
    const algorithm = field('algorithm') || 'MD5';
    if (!algorithms.some((one) => one === algorithm)) return bad('scheme');
    const hash = (text: string): string =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const nonce = field('nonce');
    const given = this.#given.get(nonce);
    if (given === undefined) return bad('stale');
    if (given.algorithm !== algorithm) return bad('wrong');
    const qop = field('qop');
    // An auth-int would be over the body's hash too; it is offered by some, and no client chooses it.
    const isAsked =
      qop === '' ? this.#qop === undefined : qop === 'auth' && /\bauth(?!-)\b/.test(this.#qop ?? '');
    if (!isAsked) return bad('wrong');
    if (field('uri') !== request.url || field('username') !== username) return bad('wrong');
    const ha1 = hash(`${username}:${REALM}:${password}`);
    const ha2 = hash(`${request.method}:${field('uri')}`);
    const counted = qop === '' ? '' : `${field('nc')}:${field('cnonce')}:${qop}:`;
    if (field('response') !== hash(`${ha1}:${nonce}:${counted}${ha2}`)) return bad('wrong');
    if (qop !== '') {
      const count = Number.parseInt(field('nc'), 16);
      if (!/^[\da-f]{8}$/i.test(field('nc')) || field('cnonce') === '') return bad('wrong');
      if (count <= given.count) return bad('stale');
      given.count = count;
    }
    if (digestNonceOnce) this.#given.delete(nonce);
    return { is: 'good', by: 'digest' };
  }

  #token(token: XmlElement): AuthOutcome {
    const bad = (why: 'wrong' | 'stale' | 'replayed' | 'scheme'): AuthOutcome => ({
      is: 'bad',
      by: 'wsse',
      why,
    });
    if (!this.#takes('wsse')) return bad('scheme');
    const password = find(token, 'Password');
    const given = textOf(password) ?? '';
    if (textOf(find(token, 'Username')) !== this.auth.username) return bad('wrong');
    if (!password?.attributes.get('Type')?.endsWith('#PasswordDigest')) {
      return this.auth.takesPasswordText === true && given === this.auth.password
        ? { is: 'good', by: 'wsse' }
        : bad('wrong');
    }
    const nonce = textOf(find(token, 'Nonce')) ?? '';
    const created = textOf(find(token, 'Created')) ?? '';
    const expected = createHash('sha1')
      .update(Buffer.from(nonce, 'base64'))
      .update(created)
      .update(this.auth.password)
      .digest('base64');
    if (given !== expected) return bad('wrong');
    const tolerance = this.auth.clockToleranceMs ?? DEFAULT_TOLERANCE_MS;
    // `!(<=)`, for no time at all is no good time either.
    if (!(Math.abs(Date.parse(created) - this.#wallMs()) <= tolerance)) return bad('stale');
    if (this.#seen.has(nonce)) return bad('replayed');
    this.#seen.add(nonce);
    if (this.#seen.size > MANY_NONCES) this.#seen.delete([...this.#seen][0] ?? '');
    return { is: 'good', by: 'wsse' };
  }
}
