import { createHash } from 'node:crypto';
import type { CameraTraits } from './options.ts';
import type { SimReply, SimRequest } from './rtsp-io.ts';

const REALM = 'camera';
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

type Auth = NonNullable<CameraTraits['auth']>;

/** 401 with what the client is to prove (RFC 7616, MD5, and RFC 7617). */
export function challenge({ scheme, qop }: Pick<Auth, 'scheme' | 'qop'>, nonce: string): SimReply {
  const digest = `Digest realm="${REALM}", nonce="${nonce}"${qop === undefined ? '' : `, qop="${qop}"`}`;
  const text = scheme === 'basic' ? `Basic realm="${REALM}"` : digest;
  return { status: 401, headers: { 'WWW-Authenticate': text } };
}

export function isAuthorised(request: SimRequest, auth: Auth, nonce: string): boolean {
  const header = request.headers.get('authorization') ?? '';
  const { username, password, qop } = auth;
  if (auth.scheme === 'basic') {
    return header === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(header)?.[1] ?? '';
  const ha1 = md5(`${username}:${REALM}:${password}`);
  const asked = `${request.method}:${field('uri')}`;
  const ha2 = md5(qop === 'auth-int' ? `${asked}:${md5('')}` : asked);
  const counted = qop === undefined ? '' : `${field('nc')}:${field('cnonce')}:${qop}:`;
  if (qop !== undefined && field('qop') !== qop) return false;
  const expected = md5(`${ha1}:${nonce}:${counted}${ha2}`);
  return field('response') === expected && field('username') === username;
}
