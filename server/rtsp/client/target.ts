import { isIP } from 'node:net';
import { err, ok, type Result } from '../../../shared/result.ts';
import { RtspError } from './errors.ts';

/** Where a connection goes: a camera's URL taken apart, without any credentials. */
export interface RtspTarget {
  readonly secure: boolean;
  /** A name or an address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** What goes on the request line; as the user wrote it, for cameras compare it letter by letter. */
  readonly requestUrl: string;
  readonly user: UrlUser | undefined;
}

/** Credentials found in a URL. */
export interface UrlUser {
  readonly username: string;
  readonly password: string;
}

const DEFAULT_PORT = 554;
const DEFAULT_SECURE_PORT = 322;

/**
 * Takes an RTSP URL apart. The text is kept as it is but for user and password, which never go on the wire:
 * yellowstone sent them on the request line.
 */
export function parseTarget(text: string): Result<RtspTarget, RtspError> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return err(new RtspError('bad-url', 'This is no URL; expected something like rtsp://10.0.0.5/stream1.'));
  }
  if (url.protocol !== 'rtsp:' && url.protocol !== 'rtsps:') {
    const scheme = url.protocol.slice(0, -1);
    return err(new RtspError('bad-url', `The URL's scheme is ${scheme}; expected rtsp or rtsps.`));
  }
  if (url.hostname === '') {
    return err(
      new RtspError('bad-url', 'The URL names no host; expected something like rtsp://10.0.0.5/s1.'),
    );
  }
  const secure = url.protocol === 'rtsps:';
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === '' ? (secure ? DEFAULT_SECURE_PORT : DEFAULT_PORT) : Number(url.port);
  const requestUrl = text
    .trim()
    .replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
    .replace(/#.*$/, '');
  // A line break would end the request line and begin a header of the URL's own making.
  if (/[\s\p{Cc}]/u.test(requestUrl)) {
    return err(
      new RtspError('bad-url', 'The URL holds blanks or control characters; write them as %20 and so on.'),
    );
  }
  const user =
    url.username === '' ? undefined : { username: decoded(url.username), password: decoded(url.password) };
  return ok({ secure, host, port, requestUrl, user });
}

/** `host:port` for messages. */
export function hostPort(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
