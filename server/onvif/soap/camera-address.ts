import { bare } from '../target.ts';

/** Where the device was reached: the host as the user wrote it, the IP address it stands for, the port that answered. */
export interface DeviceEndpoint {
  readonly host: string;
  readonly ip: string;
  readonly port: number;
  readonly secure: boolean;
}

/** A place on the device, by port and path; the host is always the one that was dialled. */
export interface PlaceOnDevice {
  readonly port: number;
  readonly secure: boolean;
  /** With the query; with `/` in front. */
  readonly path: string;
}

const MAX_URI_CHARS = 2048;

/**
 * Where an address that a device gave (XAddr, subscription, snapshot) leads. A device tells its own view of the network: behind a port
 * forward that is a host nobody can reach, and a hostile one names other machines to have requests with the log-in sent there. So the host
 * is never taken over. Its port is, where it names the very host that was dialled; behind a port forward the one that answered is as good as any.
 * Undefined: not HTTP, or not fit to be sent.
 */
export function placeOnDevice(address: string, endpoint: DeviceEndpoint): PlaceOnDevice | undefined {
  const url = readUrl(address);
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  const secure = url.protocol === 'https:';
  const path = `${url.pathname}${url.search}`;
  // Never out of the encryption; nor into one whose certificate nobody vouches for, as the other way has answered.
  if (!isSameHost(url, endpoint) || secure !== endpoint.secure) {
    return { port: endpoint.port, secure: endpoint.secure, path };
  }
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { port, secure, path };
}

/**
 * A stream's address as it is dialled: with the device's host as it was reached (with its own words for it only where `followsHosts` says that
 * it speaks for others too), without user and password. The text is otherwise the device's own, letter by letter, as it compares it.
 * Undefined: not RTSP, or not fit to be sent.
 */
export function streamUrlOnDevice(
  address: string,
  endpoint: Pick<DeviceEndpoint, 'host'>,
  followsHosts = false,
): string | undefined {
  const text = address.trim();
  const url = readUrl(text);
  if (url === undefined || (url.protocol !== 'rtsp:' && url.protocol !== 'rtsps:')) return undefined;
  const match = /^(rtsps?):\/\/(?:[^/?#]*@)?(?:\[[^\]/?#]*\]|[^:/?#]*)(:\d{1,5})?([/?][^#]*)?(?:#.*)?$/i.exec(
    text,
  );
  if (match === null || url.hostname === '' || url.port === '0') return undefined;
  const [, scheme = 'rtsp', port = '', rest = '/'] = match;
  const own = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const host = followsHosts ? url.hostname : own;
  return `${scheme.toLowerCase()}://${host}${port}${rest}`;
}

function readUrl(text: string): URL | undefined {
  if (text.length > MAX_URI_CHARS || /[\s\p{Cc}]/u.test(text.trim())) return undefined;
  try {
    return new URL(text.trim());
  } catch {
    return undefined;
  }
}

function isSameHost(url: URL, endpoint: DeviceEndpoint): boolean {
  const host = bare(url.hostname).toLowerCase();
  return host === endpoint.host.toLowerCase() || host === endpoint.ip.toLowerCase();
}
