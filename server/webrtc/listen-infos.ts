import { isIP, isIPv6 } from 'node:net';
import type { types } from 'mediasoup';

/** Where the WebRTC ports of the workers are bound, and which addresses viewers are told. */
export interface ListenOptions {
  /** IP addresses to bind, `0.0.0.0` or `::` for all of the machine's. */
  readonly hosts: readonly string[];
  /** 0 takes a free port. */
  readonly port: number;
  /** Addresses (or host names) told to viewers instead of the bound ones, as behind a NAT. */
  readonly announcedAddresses: readonly string[];
}

/** An interface's address, as `os.networkInterfaces()` lists it. */
export interface InterfaceAddress {
  readonly address: string;
  readonly family: string;
  readonly internal: boolean;
}

/** Larger than the usual default, so that the burst of a big key frame does not overflow a busy worker's socket. */
const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;

/** More would only make every answer larger; nobody has so many networks that lead to viewers. */
const MAX_ADDRESSES = 16;

/**
 * What one worker's WebRtcServer listens on: UDP and TCP of every host. `::` is bound for IPv6 alone beside
 * `0.0.0.0`, because a dual-stack socket reports IPv4 peers as mapped addresses, which ICE does not match.
 */
export function listenInfos(options: ListenOptions): types.TransportListenInfo[] {
  const ips = new Set<string>();
  for (const host of options.hosts) {
    for (const ip of bindAddresses(host)) ips.add(ip);
  }
  const infos: types.TransportListenInfo[] = [];
  for (const ip of ips) {
    for (const protocol of ['udp', 'tcp'] as const) {
      const announced = options.announcedAddresses[0] ?? (isAnyAddress(ip) ? loopbackOf(ip) : undefined);
      infos.push({
        protocol,
        ip,
        port: options.port,
        sendBufferSize: SOCKET_BUFFER_BYTES,
        recvBufferSize: SOCKET_BUFFER_BYTES,
        ...(ip === '::' ? { flags: { ipv6Only: true } } : {}),
        ...(announced === undefined ? {} : { announcedAddress: announced }),
      });
    }
  }
  return infos;
}

/**
 * The addresses that viewers are told. For a wildcard host these are the interfaces' own as they are now, so
 * that a machine whose address changes needs no restart; the loopback ones come last.
 */
export function announcedAddresses(
  options: ListenOptions,
  interfaces: readonly InterfaceAddress[],
): readonly string[] {
  if (options.announcedAddresses.length > 0) return options.announcedAddresses.slice(0, MAX_ADDRESSES);
  const addresses = new Set<string>();
  for (const host of options.hosts) {
    for (const ip of bindAddresses(host)) {
      if (isAnyAddress(ip)) for (const own of interfaceAddresses(ip, interfaces)) addresses.add(own);
      else addresses.add(ip);
    }
  }
  return [...addresses].slice(0, MAX_ADDRESSES);
}

/**
 * One candidate for each announced address and protocol. The worker names only one address per socket, and as
 * an ICE-lite agent it answers checks on any: further candidates need not be known to it.
 */
export function candidatesFor(
  candidates: readonly types.IceCandidate[],
  addresses: readonly string[],
): types.IceCandidate[] {
  const result: types.IceCandidate[] = [];
  const seen = new Set<string>();
  for (const protocol of ['udp', 'tcp'] as const) {
    addresses.forEach((address, index) => {
      const model =
        candidates.find(
          (candidate) =>
            candidate.protocol === protocol &&
            isIPv6(candidate.address) === isIPv6(address) &&
            !seen.has(`${protocol} ${address} ${candidate.port}`),
        ) ?? candidates.find((candidate) => candidate.protocol === protocol && isIP(address) === 0);
      if (model === undefined) return;
      seen.add(`${protocol} ${address} ${model.port}`);
      result.push({
        ...model,
        ip: address,
        address,
        // Earlier addresses are better; the local preference is in the middle 16 bits (RFC 8445 section 5.1.2.1).
        priority: Math.max(1, model.priority - index * 256),
        foundation: `${protocol}${index}`,
      });
    });
  }
  return result;
}

function bindAddresses(host: string): string[] {
  if (host === 'localhost') return ['127.0.0.1'];
  if (host === '::') return ['0.0.0.0', '::'];
  return [host.replace(/^\[|\]$/g, '')];
}

function isAnyAddress(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

function loopbackOf(ip: string): string {
  return ip === '::' ? '::1' : '127.0.0.1';
}

function interfaceAddresses(ip: string, interfaces: readonly InterfaceAddress[]): string[] {
  const family = ip === '::' ? 'IPv6' : 'IPv4';
  // A link-local IPv6 address means nothing without its zone, which a candidate cannot carry.
  const usable = interfaces.filter((own) => own.family === family && !/^fe[89ab]/i.test(own.address));
  const outside = usable.filter((own) => !own.internal).map((own) => own.address);
  const loopback = usable.filter((own) => own.internal).map((own) => own.address);
  return [...outside, ...loopback];
}
