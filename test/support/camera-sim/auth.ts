import { createHash } from 'node:crypto';
import type { CameraTraits } from './options.ts';
import type { SimReply, SimRequest } from './rtsp-io.ts';

const REALM = 'camera';
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** 401 with what the client is to prove (RFC 7616, MD5, and RFC 7617). */
export function challenge(scheme: 'basic' | 'digest', nonce: string): SimReply {
  const text = scheme === 'basic' ? `Basic realm="${REALM}"` : `Digest realm="${REALM}", nonce="${nonce}"`;
  return { status: 401, headers: { 'WWW-Authenticate': text } };
}

export function isAuthorised(
  request: SimRequest,
  auth: NonNullable<CameraTraits['auth']>,
  nonce: string,
): boolean {
  const header = request.headers.get('authorization') ?? '';
  const { username, password } = auth;
  if (auth.scheme === 'basic') {
    return header === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(header)?.[1] ?? '';
  const ha1 = md5(`${username}:${REALM}:${password}`);
  const expected = md5(`${ha1}:${nonce}:${md5(`${request.method}:${field('uri')}`)}`);
  return field('response') === expected && field('username') === username;
}
