import { isIP } from 'node:net';
import { err, ok, type Result } from '../../shared/result.ts';
import { OnvifError } from './errors.ts';

/** Where a device's services are: an `onvif://` URL taken apart. */
export interface OnvifTarget {
  /** A name or an address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** Whether its services are asked over TLS: so at port 443, or with `?tls=true`. */
  readonly secure: boolean;
  /** Of the device service; with `/` in front. */
  readonly path: string;
  /** Token or name of the media profile that is asked for; undefined: the best for main or sub. */
  readonly profile: string | undefined;
  /** `?followHosts=true`: its streams may be at other hosts, as it names them. */
  readonly followsHosts: boolean;
  readonly user: { readonly username: string; readonly password: string } | undefined;
}

/** ONVIF Core section 5.1.1: what a device service listens at. */
export const DEVICE_SERVICE_PATH = '/onvif/device_service';
const DEFAULT_PORT = 80;
const TLS_PORT = 443;
const MAX_TOKEN_CHARS = 128;
const KNOWN_PARAMETERS = new Set(['profile', 'tls', 'followHosts']);

/** Reads `onvif://[user:password@]host[:port][/path][?profile=TOKEN][&tls=true][&followHosts=true]`. */
export function parseOnvifUrl(text: string): Result<OnvifTarget, OnvifError> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return bad('This is no URL; expected something like onvif://10.0.0.5.');
  }
  if (url.protocol !== 'onvif:') {
    return bad(`The URL's scheme is ${url.protocol.slice(0, -1)}; expected onvif, as in onvif://10.0.0.5.`);
  }
  if (url.hostname === '') return bad('The URL names no host; expected something like onvif://10.0.0.5.');
  const unknown = [...url.searchParams.keys()].find((key) => !KNOWN_PARAMETERS.has(key));
  if (unknown !== undefined) {
    return bad(
      `The URL has "${unknown.slice(0, 40)}" behind its "?"; only profile, tls and followHosts may stand there.`,
    );
  }
  const profile = url.searchParams.get('profile') ?? undefined;
  if (profile !== undefined && (profile === '' || profile.length > MAX_TOKEN_CHARS)) {
    return bad(`The profile in the URL is empty or longer than ${MAX_TOKEN_CHARS} characters.`);
  }
  const tls = url.searchParams.get('tls');
  const followHosts = url.searchParams.get('followHosts');
  for (const [name, value] of Object.entries({ tls, followHosts })) {
    if (value === null || value === 'true' || value === 'false') continue;
    return bad(`${name} in the URL must be true or false.`);
  }
  const secure = tls === null ? url.port === String(TLS_PORT) : tls === 'true';
  if (/[\s\p{Cc}]/u.test(url.pathname)) return bad('The path in the URL holds blanks or control characters.');
  return ok({
    host: bare(url.hostname),
    port: url.port === '' ? (secure ? TLS_PORT : DEFAULT_PORT) : Number(url.port),
    secure,
    path: url.pathname === '' || url.pathname === '/' ? DEVICE_SERVICE_PATH : url.pathname,
    profile,
    followsHosts: followHosts === 'true',
    user:
      url.username === '' ? undefined : { username: decoded(url.username), password: decoded(url.password) },
  });
}

/** The URL of a device for a stream's source, without what goes without saying. */
export function onvifUrl(target: Pick<OnvifTarget, 'host' | 'port' | 'secure' | 'path'>): string {
  const { host, port, secure, path } = target;
  const shownPort = port === DEFAULT_PORT && !secure ? '' : `:${port}`;
  const shownPath = path === DEVICE_SERVICE_PATH ? '' : path;
  const tls = secure === (port === TLS_PORT) ? '' : `${shownPath === '' ? '/' : ''}?tls=${secure}`;
  return `onvif://${bracketed(host)}${shownPort}${shownPath}${tls}`;
}

/** The same of one of its profiles. */
export function profileUrl(target: OnvifTarget, token: string): string {
  const url = onvifUrl(target);
  const follow = target.followsHosts ? '&followHosts=true' : '';
  return `${url}${url.includes('?') ? '&' : '?'}profile=${encodeURIComponent(token)}${follow}`;
}

/** `host:port` for messages and Host headers. */
export function hostPort(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

/** A host as it stands in a URL. */
function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** A URL's host without the brackets of IPv6. */
export function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function bad(message: string): Result<never, OnvifError> {
  return err(new OnvifError('bad-url', message));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
