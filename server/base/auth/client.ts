import { assertNever } from '../../../shared/result.ts';
import { type DigestAlgorithm, type DigestQop, digestAlgorithm, digestResponse } from './digest.ts';
import { parseAuthFields, quoted } from './fields.ts';

/** What a server wants to be shown (RFC 7616 section 3.3, RFC 7617). */
export type Challenge =
  | { readonly scheme: 'basic'; readonly realm: string }
  | {
      readonly scheme: 'digest';
      readonly realm: string;
      readonly nonce: string;
      readonly opaque?: string;
      readonly algorithm: DigestAlgorithm;
      /** Old cameras refuse an answer that names an algorithm they did not name. */
      readonly algorithmNamed: boolean;
      /** What the answer is to protect; undefined: the form of RFC 2069, which knows none. */
      readonly qop: DigestQop | undefined;
      /** The password was right, only the nonce is too old: try again with this one. */
      readonly stale: boolean;
    };

const MAX_CHALLENGES = 16;

/**
 * Reads all WWW-Authenticate fields (`headers.all('WWW-Authenticate')`), each with one or more challenges.
 * Those we cannot answer (another scheme, another algorithm or quality of protection) are left out.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  const fields = headers.slice(0, MAX_CHALLENGES).flatMap((header) => parseAuthFields(header));
  return fields.slice(0, MAX_CHALLENGES).flatMap(({ scheme, parameters }): Challenge[] => {
    const realm = parameters.get('realm') ?? '';
    if (scheme === 'basic') return [{ scheme: 'basic', realm }];
    const nonce = parameters.get('nonce');
    const algorithm = digestAlgorithm(parameters.get('algorithm'));
    if (scheme !== 'digest' || nonce === undefined || algorithm === undefined) return [];
    const qops = (parameters.get('qop') ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((qop) => qop !== '');
    const qop = (['auth', 'auth-int'] as const).find((known) => qops.includes(known));
    if (qops.length > 0 && qop === undefined) return [];
    const opaque = parameters.get('opaque');
    return [
      {
        scheme: 'digest',
        realm,
        nonce,
        ...(opaque === undefined ? {} : { opaque }),
        algorithm,
        algorithmNamed: parameters.has('algorithm'),
        qop,
        stale: parameters.get('stale')?.toLowerCase() === 'true',
      },
    ];
  });
}

function strength(challenge: Challenge): number {
  if (challenge.scheme === 'basic') return 0;
  return challenge.algorithm.startsWith('SHA-') ? 2 : 1;
}

/** The strongest challenge: SHA-256 or SHA-512-256, then MD5, then Basic; among equals the server's first. */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.toSorted((a, b) => strength(b) - strength(a))[0];
}

export interface DigestRequest {
  readonly method: string;
  /** As in the request line. */
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  /** How many requests were answered with this nonce, from 1. */
  readonly nc: number;
  /** Random, fresh for each request. */
  readonly cnonce: string;
  /** Of the request, for challenges that want it protected; default: none. */
  readonly body?: string;
}

/** The value of the Authorization field that answers `challenge`. */
export function authorizationFor(challenge: Challenge, request: DigestRequest): string {
  switch (challenge.scheme) {
    case 'basic':
      return `Basic ${Buffer.from(`${request.username}:${request.password}`).toString('base64')}`;
    case 'digest':
      return digestAuthorization(challenge, request);
    default:
      return assertNever(challenge);
  }
}

function digestAuthorization(
  challenge: Extract<Challenge, { scheme: 'digest' }>,
  request: DigestRequest,
): string {
  const nc = (request.nc >>> 0).toString(16).padStart(8, '0');
  const { cnonce } = request;
  const response = digestResponse({
    algorithm: challenge.algorithm,
    method: request.method,
    uri: request.uri,
    username: request.username,
    password: request.password,
    realm: challenge.realm,
    nonce: challenge.nonce,
    auth: challenge.qop === undefined ? undefined : { qop: challenge.qop, nc, cnonce },
    cnonce,
    ...(request.body === undefined ? {} : { body: request.body }),
  });
  const parts = [
    `username=${quoted(request.username)}`,
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(challenge.nonce)}`,
    `uri=${quoted(request.uri)}`,
    `response=${quoted(response)}`,
  ];
  if (challenge.algorithmNamed) parts.push(`algorithm=${challenge.algorithm}`);
  if (challenge.qop !== undefined) parts.push(`qop=${challenge.qop}`, `nc=${nc}`, `cnonce=${quoted(cnonce)}`);
  else if (challenge.algorithm.endsWith('-sess')) parts.push(`cnonce=${quoted(cnonce)}`);
  if (challenge.opaque !== undefined) parts.push(`opaque=${quoted(challenge.opaque)}`);
  return `Digest ${parts.join(', ')}`;
}

/** Answers the strongest of the challenges; undefined where there is none we can answer. */
export function authorize(challenges: readonly Challenge[], request: DigestRequest): string | undefined {
  const challenge = chooseChallenge(challenges);
  return challenge === undefined ? undefined : authorizationFor(challenge, request);
}
