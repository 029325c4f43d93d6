import { createHash, timingSafeEqual } from 'node:crypto';
import { assertNever } from '../../../shared/result.ts';
import {
  type DigestAlgorithm,
  type DigestInput,
  digestAlgorithm,
  digestResponse,
} from '../../base/auth/digest.ts';
import { parseAuthFields, quoted } from '../../base/auth/fields.ts';

export interface ChallengeOptions {
  readonly realm: string;
  readonly nonce: string;
  readonly stale?: boolean;
  /** In the order to offer them; default SHA-256, then MD5 for FFmpeg, which knows no other. */
  readonly algorithms?: readonly ('SHA-256' | 'MD5')[];
  /** Offers Basic as the last; default false. */
  readonly basic?: boolean;
}

/** One WWW-Authenticate value for each way to answer. */
export function buildChallenges(options: ChallengeOptions): string[] {
  const realm = `realm=${quoted(options.realm)}`;
  const stale = options.stale === true ? ', stale=true' : '';
  const digests = (options.algorithms ?? ['SHA-256', 'MD5']).map(
    (algorithm) =>
      `Digest ${realm}, nonce=${quoted(options.nonce)}, qop="auth", algorithm=${algorithm}${stale}`,
  );
  return options.basic === true ? [...digests, `Basic ${realm}`] : digests;
}

/**
 * What a client shows. The caller of `verifyAuthorization` checks that `nonce` is its own, is fresh, and that
 * `nc` grows.
 */
export type Authorization =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly scheme: 'digest';
      readonly username: string;
      readonly realm: string;
      readonly nonce: string;
      readonly uri: string;
      readonly response: string;
      readonly algorithm: DigestAlgorithm;
      /** Set when the client answered with qop=auth. `nc` as it came, eight hex digits. */
      readonly auth: DigestInput['auth'];
      readonly cnonce?: string;
    };

/** Reads an Authorization field; undefined where it is none we know. */
export function parseAuthorization(value: string): Authorization | undefined {
  const [field] = parseAuthFields(value);
  if (field === undefined) return undefined;
  if (field.scheme === 'basic') return parseBasic(field.token);
  return field.scheme === 'digest' ? parseDigest(field.parameters) : undefined;
}

function parseBasic(token: string | undefined): Authorization | undefined {
  const text = Buffer.from(token ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parseDigest(parameters: ReadonlyMap<string, string>): Authorization | undefined {
  const algorithm = digestAlgorithm(parameters.get('algorithm'));
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map(
    (name) => parameters.get(name),
  );
  if (algorithm === undefined || username === undefined || realm === undefined) return undefined;
  if (nonce === undefined || uri === undefined || response === undefined) return undefined;
  const qop = parameters.get('qop');
  const nc = parameters.get('nc');
  const cnonce = parameters.get('cnonce');
  if (qop !== undefined) {
    if (qop.toLowerCase() !== 'auth' || cnonce === undefined) return undefined;
    if (nc === undefined || !/^[0-9a-f]{8}$/i.test(nc)) return undefined;
  }
  return {
    scheme: 'digest',
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm,
    auth:
      qop !== undefined && nc !== undefined && cnonce !== undefined ? { qop: 'auth', nc, cnonce } : undefined,
    ...(cnonce === undefined ? {} : { cnonce }),
  };
}

export interface ExpectedAuthorization {
  readonly method: string;
  /** Of the request line. */
  readonly uri: string;
  readonly realm: string;
  readonly username: string;
  readonly password: string;
}

/** Whether the client knows the password. Takes the same time whichever part is wrong. */
export function verifyAuthorization(authorization: Authorization, expected: ExpectedAuthorization): boolean {
  const nameFits = sameSecret(authorization.username, expected.username);
  switch (authorization.scheme) {
    case 'basic': {
      const passwordFits = sameSecret(authorization.password, expected.password);
      return nameFits && passwordFits;
    }
    case 'digest': {
      const { algorithm, nonce, uri, auth, cnonce } = authorization;
      const { method, realm, username, password } = expected;
      const response = digestResponse({
        algorithm,
        method,
        uri,
        username,
        password,
        realm,
        nonce,
        auth,
        ...(cnonce === undefined ? {} : { cnonce }),
      });
      const responseFits = sameSecret(authorization.response.toLowerCase(), response);
      return nameFits && responseFits && authorization.realm === realm && coversUri(uri, expected.uri);
    }
    default:
      return assertNever(authorization);
  }
}

/**
 * The answer has to be meant for this request's URI, or for a parent of it: live555 and VLC sign the
 * presentation's URL also in the requests for its tracks.
 */
function coversUri(signed: string, requested: string): boolean {
  if (signed === requested) return true;
  const parent = signed.endsWith('/') ? signed : `${signed}/`;
  return requested === parent || `${requested}/` === signed || requested.startsWith(parent);
}

/** Compares hashes of both, so that neither length nor content can be told from the time it takes. */
function sameSecret(given: string, expected: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
