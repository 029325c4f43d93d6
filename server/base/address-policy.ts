import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { err, ok, type Result } from '../../shared/result.ts';

export interface AddressRefusal {
  readonly kind: 'name-not-found' | 'address-forbidden';
  /** For people; says what to do next. */
  readonly message: string;
}

/** Resolves a host to the one address that is then dialled, so that it cannot answer differently the second time. */
export type AddressResolver = (host: string) => Promise<Result<string, AddressRefusal>>;

/** Never a camera: this machine, link-local (cloud metadata lives there), multicast, broadcast and nothing at all. */
const FORBIDDEN = (() => {
  const list = new BlockList();
  for (const [network, prefix] of [
    ['0.0.0.0', 8],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const) {
    list.addSubnet(network, prefix, 'ipv4');
  }
  list.addAddress('::', 'ipv6');
  list.addAddress('::1', 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('ff00::', 8, 'ipv6');
  // 6to4 and NAT64 can carry any of the IPv4 addresses above.
  list.addSubnet('2002::', 16, 'ipv6');
  list.addSubnet('64:ff9b::', 96, 'ipv6');
  return list;
})();

/** Whether a source that was added through the API may be dialled at this IP address. */
export function isForbiddenAddress(
  address: string,
  ownAddresses: ReadonlySet<string> = addressesOfThisMachine(),
): boolean {
  const plain = unmapped(address.replace(/%.*$/, ''));
  const family = isIP(plain);
  if (family === 0) return true;
  return FORBIDDEN.check(plain, family === 4 ? 'ipv4' : 'ipv6') || ownAddresses.has(plain.toLowerCase());
}

/** Resolver for sources added through the API: neither this machine nor link-local, multicast and the like. */
export const resolveCameraAddress: AddressResolver = async (host) => {
  const resolved = await resolveAnyAddress(host);
  if (!resolved.ok || !isForbiddenAddress(resolved.value)) return resolved;
  const what = host === resolved.value ? host : `${host} (${resolved.value})`;
  const message = `${what} is this machine or no camera's address. Sources added through the API may not point there; put the stream into sluice.yaml, or set sources.allowLoopback.`;
  return err({ kind: 'address-forbidden', message });
};

/**
 * Resolver for where a camera sends us, on a gateway whose sources may be on this machine: there too, but never to link-local addresses
 * (cloud metadata), multicast and the like, which only the user may name.
 */
export const resolveLocalRedirect: AddressResolver = async (host) => {
  const resolved = await resolveAnyAddress(host);
  if (!resolved.ok || !isForbiddenAddress(resolved.value, NO_ADDRESSES)) return resolved;
  if (isLoopback(resolved.value)) return resolved;
  const message = `The camera sends us to ${host}, which is no camera's address. If it is meant, put it into the source's URL.`;
  return err({ kind: 'address-forbidden', message });
};

/** Resolver for sources of the configuration file: takes any address. */
export const resolveAnyAddress: AddressResolver = async (host) => {
  if (isIP(host) !== 0) return ok(host);
  try {
    return ok((await lookup(host)).address);
  } catch {
    const message = `The name "${host}" is not known. Check its spelling, or use the camera's IP address.`;
    return err({ kind: 'name-not-found', message });
  }
};

const NO_ADDRESSES: ReadonlySet<string> = new Set();
const LOOPBACK = (() => {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  return list;
})();

function isLoopback(address: string): boolean {
  const plain = unmapped(address);
  return LOOPBACK.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
}

/** Takes a while: whoever asks often keeps it for as long as that may be right. */
export function addressesOfThisMachine(): ReadonlySet<string> {
  const addresses = new Set<string>();
  for (const list of Object.values(networkInterfaces())) {
    for (const entry of list ?? []) addresses.add(entry.address.replace(/%.*$/, '').toLowerCase());
  }
  return addresses;
}

/** `::ffff:127.0.0.1` and `::ffff:7f00:1` are 127.0.0.1 (RFC 4291 section 2.5.5.2). */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const tail = /^::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (tail === null) return canonical;
  const high = Number.parseInt(tail[1] ?? '0', 16);
  const low = Number.parseInt(tail[2] ?? '0', 16);
  const dotted = `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  return isIPv4(dotted) ? dotted : canonical;
}
