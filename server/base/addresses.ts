import { isIP } from 'node:net';

/** Whether an address is this machine's own loopback, IPv4 in IPv6 clothes included. */
export function isLoopback(address: string): boolean {
  const plain = withoutMapping(address);
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/**
 * What counts as one client where clients are counted: an IPv4 address, or an IPv6 /64, since one subscriber has
 * all of that.
 */
export function clientGroup(address: string): string {
  const plain = withoutMapping(address);
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) {
    while (groups.length + tailGroups.length < 8) groups.push('0');
  }
  return `${[...groups, ...tailGroups].slice(0, 4).join(':')}::/64`;
}

function withoutMapping(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
