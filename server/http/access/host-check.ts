import { isIP } from 'node:net';
import { isLoopback } from '../../base/addresses.ts';

export interface HostNames {
  /** The address that HTTP listens at. */
  readonly boundHost: string;
  /** Addresses that viewers are told to send media to; people open the page by them as well. */
  readonly announcedAddresses: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/**
 * Makes the check of the Host header: a page of another site whose name is pointed at this machine (DNS
 * rebinding) names that site in Host, whatever address it reaches.
 *
 * Bound to one address, only that address, `localhost`, the announced addresses and the hosts of allowed
 * origins will do. Bound to all addresses, every IP literal will: nobody can rebind an address, and the
 * address by which people reach a container or a forwarded port is not one that this machine knows.
 */
export function createHostCheck(names: HostNames): (hostHeader: string | undefined) => boolean {
  const known = new Set(['localhost', bare(names.boundHost), ...names.announcedAddresses.map(bare)]);
  for (const origin of names.allowedOrigins) {
    if (URL.canParse(origin)) known.add(bare(new URL(origin).hostname));
  }
  const bound = bare(names.boundHost);
  const anyAddress = bound === '0.0.0.0' || bound === '::';
  const loopback = isLoopback(bound) || bound === 'localhost';
  return (hostHeader) => {
    const name = hostNameOf(hostHeader);
    if (name === undefined) return false;
    if (known.has(name)) return true;
    if (anyAddress) return isIP(name) !== 0;
    return loopback && isLoopback(name);
  };
}

/** The name or address in a Host header, in lower case and without brackets; undefined where it is no host. */
export function hostNameOf(hostHeader: string | undefined): string | undefined {
  if (hostHeader === undefined || !/^[^\s/?#@\\]+$/.test(hostHeader)) return undefined;
  const text = `http://${hostHeader}`;
  if (!URL.canParse(text)) return undefined;
  const name = bare(new URL(text).hostname);
  return name === '' ? undefined : name;
}

function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
