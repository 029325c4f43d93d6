import { BlockList, isIP, isIPv4 } from 'node:net';
import { err, ok, type Result } from '../../../shared/result.ts';
import { OnvifError } from '../errors.ts';

/** Somebody to ask. */
export interface HostToAsk {
  /** An IP address, or a name that has still to be looked up. */
  readonly host: string;
  /** Undefined: the usual ones. */
  readonly port: number | undefined;
}

export interface HostListOptions {
  /** Whether an address may be asked at all. */
  readonly mayAsk: (address: string) => boolean;
}

const MAX_HOSTS = 1024;

/** Networks that are somebody's own (RFC 1918, RFC 6598) and loopback. Others are not looked through, only asked one by one. */
const OWN_NETWORKS = (() => {
  const list = new BlockList();
  list.addSubnet('10.0.0.0', 8);
  list.addSubnet('172.16.0.0', 12);
  list.addSubnet('192.168.0.0', 16);
  list.addSubnet('100.64.0.0', 10);
  list.addSubnet('127.0.0.0', 8);
  return list;
})();

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
/** With a dot between any two labels: were that left open, a long word could be parted in more ways than anybody can try. */
const NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*\\.?$`);

/**
 * Reads what a person wants looked through: `10.0.0.7`, `10.0.0.7:8080`, `cam.local`, `2001:db8::7`, `10.0.0.0/24`, `10.0.0.10-10.0.0.40`,
 * `10.0.0.10-40`. Each address once; those of a range that may not be asked (this machine's own) are left out of it, one that
 * is named by itself is an error.
 */
export function readHostList(
  texts: readonly string[],
  options: HostListOptions,
): Result<HostToAsk[], OnvifError> {
  const found = new Map<string, HostToAsk>();
  for (const text of texts) {
    const read = readOne(text.trim(), options);
    if (!read.ok) return read;
    for (const each of read.value) found.set(`${each.host} ${each.port ?? ''}`, each);
    if (found.size > MAX_HOSTS) return tooMany();
  }
  return ok([...found.values()]);
}

function readOne(text: string, options: HostListOptions): Result<HostToAsk[], OnvifError> {
  const subnet = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text);
  if (subnet !== null) return readSubnet(subnet[1] ?? '', Number(subnet[2]), text, options);
  const range = /^(\d{1,3}(?:\.\d{1,3}){3})\s*-\s*(\d{1,3}(?:\.\d{1,3}){3}|\d{1,3})$/.exec(text);
  if (range !== null) {
    const first = range[1] ?? '';
    const last = range[2] ?? '';
    const whole = last.includes('.') ? last : `${first.slice(0, first.lastIndexOf('.') + 1)}${last}`;
    return readRange(first, whole, text, options);
  }
  return readSingle(text, options);
}

function readSingle(text: string, { mayAsk }: HostListOptions): Result<HostToAsk[], OnvifError> {
  const withPort = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]+):(\d{1,5})$/.exec(text);
  const host = withPort?.[1] ?? text;
  const port = withPort?.[2] === undefined ? undefined : Number(withPort[2]);
  if (port !== undefined && (port < 1 || port > 65_535)) return bad(`"${text}" has no port from 1 to 65535.`);
  const isAddress = isIP(host) !== 0;
  // What looks like an address and is none would be looked up as a name.
  if (!isAddress && (!NAME.test(host) || /^[\d.]+$/.test(host))) {
    return bad(
      `"${text.slice(0, 64)}" is no address. Write 10.0.0.7, 10.0.0.0/24, 10.0.0.10-10.0.0.40 or a name such as cam.local.`,
    );
  }
  if (isAddress && !mayAsk(host)) {
    const message = `${host} is this machine or no camera's address. Name the camera's own address; cameras that are simulated on this machine need sources.allowLoopback.`;
    return err(new OnvifError('address-forbidden', message));
  }
  return ok([{ host, port }]);
}

function readSubnet(
  network: string,
  prefix: number,
  text: string,
  options: HostListOptions,
): Result<HostToAsk[], OnvifError> {
  if (!isIPv4(network) || prefix > 32)
    return bad(`"${text}" is no network; write something like 10.0.0.0/24.`);
  if (prefix < 22) return tooMany();
  const size = 2 ** (32 - prefix);
  const first = Math.floor(toNumber(network) / size) * size;
  // The network's own address and the one for everybody (RFC 919) are nobody's, but in networks of one or two.
  const margin = prefix <= 30 ? 1 : 0;
  return expand(first + margin, first + size - 1 - margin, text, options);
}

function readRange(
  first: string,
  last: string,
  text: string,
  options: HostListOptions,
): Result<HostToAsk[], OnvifError> {
  if (!isIPv4(first) || !isIPv4(last) || toNumber(last) < toNumber(first)) {
    return bad(`"${text}" is no range; write something like 10.0.0.10-10.0.0.40.`);
  }
  return expand(toNumber(first), toNumber(last), text, options);
}

function expand(
  first: number,
  last: number,
  text: string,
  { mayAsk }: HostListOptions,
): Result<HostToAsk[], OnvifError> {
  if (last - first >= MAX_HOSTS) return tooMany();
  const addresses = Array.from({ length: last - first + 1 }, (_, index) => toAddress(first + index));
  if (addresses.some((address) => !OWN_NETWORKS.check(address, 'ipv4'))) {
    return bad(
      `"${text}" is not of a private network (10…, 172.16…, 192.168…). Only such are looked through; ask others one by one.`,
    );
  }
  return ok(addresses.filter(mayAsk).map((host) => ({ host, port: undefined })));
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function bad(message: string): Result<never, OnvifError> {
  return err(new OnvifError('bad-url', message));
}

function tooMany(): Result<never, OnvifError> {
  return bad(`At most ${MAX_HOSTS} addresses are asked at once. Choose a smaller range, e.g. 10.0.0.0/24.`);
}
