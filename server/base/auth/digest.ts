import { createHash } from 'node:crypto';

/** The hashes of RFC 7616 that cameras use. */
export type DigestAlgorithm =
  | 'MD5'
  | 'MD5-sess'
  | 'SHA-256'
  | 'SHA-256-sess'
  | 'SHA-512-256'
  | 'SHA-512-256-sess';

/** What a digest protects (RFC 7616 section 3.3): the request's line, or its body too. */
export type DigestQop = 'auth' | 'auth-int';

/**
 * The algorithm a field names; MD5 where it names none (RFC 7616 section 3.3), undefined where we have it
 * not.
 */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  switch (name?.toLowerCase()) {
    case undefined:
    // `algorithm=""` names none either.
    case '':
    case 'md5':
      return 'MD5';
    case 'md5-sess':
      return 'MD5-sess';
    case 'sha-256':
    // Seen on cameras that were written after the hash and not after the RFC.
    case 'sha256':
      return 'SHA-256';
    case 'sha-256-sess':
      return 'SHA-256-sess';
    case 'sha-512-256':
      return 'SHA-512-256';
    case 'sha-512-256-sess':
      return 'SHA-512-256-sess';
    default:
      return undefined;
  }
}

export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly method: string;
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  readonly nonce: string;
  /** Undefined: the challenge offered no qop (RFC 2069 form). `nc` has eight hex digits. */
  readonly auth: { readonly qop: DigestQop; readonly nc: string; readonly cnonce: string } | undefined;
  /** Needed by the -sess algorithms where there is no qop. */
  readonly cnonce?: string;
  /** What `auth-int` protects besides the request's line; default: none. */
  readonly body?: string;
}

/** The response of RFC 7616 section 3.4.1, in lower-case hex. */
export function digestResponse(input: DigestInput): string {
  const name = hashName(input.algorithm);
  const hash = (text: string): string => createHash(name).update(text).digest('hex');
  const secret = hash(`${input.username}:${input.realm}:${input.password}`);
  const a1 = input.algorithm.endsWith('-sess')
    ? hash(`${secret}:${input.nonce}:${input.auth?.cnonce ?? input.cnonce ?? ''}`)
    : secret;
  const { auth } = input;
  const asked = `${input.method}:${input.uri}`;
  const a2 = hash(auth?.qop === 'auth-int' ? `${asked}:${hash(input.body ?? '')}` : asked);
  const middle = auth === undefined ? input.nonce : `${input.nonce}:${auth.nc}:${auth.cnonce}:${auth.qop}`;
  return hash(`${a1}:${middle}:${a2}`);
}

function hashName(algorithm: DigestAlgorithm): 'md5' | 'sha256' | 'sha512-256' {
  if (algorithm.startsWith('MD5')) return 'md5';
  return algorithm.startsWith('SHA-512-256') ? 'sha512-256' : 'sha256';
}
