import { readFile } from 'node:fs/promises';
import { isIPv4, isIPv6 } from 'node:net';

/** Both ends of a connection: our port, and the other's address and port. */
export interface TcpEnds {
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remotePort: number;
}

/** IPv4 and IPv6 (Linux, Documentation/networking/proc_net_tcp.rst). */
const FILES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** A thousand viewers ask once a second each; one look serves those that ask about the same time. */
const KEPT_MS = 300;

let latest: { readonly atMs: number; readonly texts: Promise<string[]> } | undefined;

/**
 * Bytes that the system has taken of a connection and the other end has not acknowledged. What a media worker writes
 * beyond what the system takes waits in the worker's memory, where nobody sees it; but then this is never small.
 * Undefined where that cannot be known: on other systems than Linux, and of a connection that is gone. `nowMs` is on the
 * monotonic clock.
 */
export async function unsentBytes(ends: TcpEnds, nowMs: number): Promise<number | undefined> {
  const keys = keysOf(ends);
  if (keys === undefined) return undefined;
  for (const text of await readTables(nowMs)) {
    const bytes = findUnsent(text, keys, ends.localPort);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

function readTables(nowMs: number): Promise<string[]> {
  if (latest === undefined || nowMs - latest.atMs >= KEPT_MS) {
    const texts = Promise.all(FILES.map((file) => readFile(file, 'latin1').catch(() => '')));
    latest = { atMs: nowMs, texts };
  }
  return latest.texts;
}

/** `keys`: the other end as the table may have it. */
function findUnsent(table: string, keys: readonly string[], localPort: number): number | undefined {
  const local = `:${hex(localPort, 4)} `;
  for (const key of keys) {
    const at = table.indexOf(`${local}${key} `);
    if (at < 0) continue;
    const rest = table.slice(at + local.length + key.length + 1, at + local.length + key.length + 20);
    const found = /^[0-9A-F]{2} ([0-9A-F]{8}):/.exec(rest);
    if (found?.[1] !== undefined) return Number.parseInt(found[1], 16);
  }
  return undefined;
}

/** The other end as the table may have it: an IPv4 address also in its IPv6 clothes. Undefined where it is no address. */
function keysOf({ remoteIp, remotePort }: TcpEnds): string[] | undefined {
  const port = hex(remotePort, 4);
  if (isIPv4(remoteIp)) {
    const word = wordOf(remoteIp.split('.').map(Number));
    return [`${word}:${port}`, `0000000000000000FFFF0000${word}:${port}`];
  }
  if (!isIPv6(remoteIp)) return undefined;
  const bytes = bytesOfIPv6(remoteIp);
  const words = [0, 4, 8, 12].map((at) => wordOf(bytes.slice(at, at + 4)));
  return [`${words.join('')}:${port}`];
}

/** Four bytes of an address as one number of the machine, which is a little-endian one wherever Node 24 runs. */
function wordOf(bytes: readonly number[]): string {
  return bytes
    .map((byte) => hex(byte, 2))
    .reverse()
    .join('');
}

function bytesOfIPv6(address: string): number[] {
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const groups = [...front, ...Array(8 - front.length - back.length).fill(0), ...back];
  return groups.flatMap((group: number) => [group >> 8, group & 0xff]);
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
