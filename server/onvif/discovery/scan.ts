import { randomUUID } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import type { ScanRequest } from '../../../shared/onvif.ts';
import { addressesOfThisMachine, isForbiddenAddress, resolveAnyAddress } from '../../base/address-policy.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { DEVICE_SERVICE_PATH } from '../target.ts';
import { Attention } from './attention.ts';
import { type Datagrams, openDatagrams } from './datagrams.ts';
import { type HostToAsk, readHostList } from './host-list.ts';
import { answersOnvif } from './knock.ts';
import { type Network, ownNetworks } from './networks.ts';
import { type FoundDevice, foundDevice, probeMessage, readProbeMatches } from './probe.ts';

export interface OnvifScanOptions {
  readonly request: ScanRequest;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether cameras may be on this machine. */
  readonly allowLoopback?: boolean;
  /** Names of the only network interfaces to ask everybody on; all without it. */
  readonly interfaces?: readonly string[] | undefined;
  /** Something of `progress()` is new. */
  readonly onChange?: () => void;
  /** For tests. */
  readonly port?: number;
  readonly multicastAddress?: string;
  readonly networks?: readonly Network[];
  /** How long answers to the multicast probe are waited for. */
  readonly listenMs?: number;
}

export interface ScanProgress {
  /** Networks that are asked by multicast, e.g. `eth0 10.0.0.5/24`. */
  readonly interfaces: readonly string[];
  readonly asked: number;
  readonly toAsk: number;
  readonly devices: readonly FoundDevice[];
  /** For people. */
  readonly notes: readonly string[];
}

const DISCOVERY_PORT = 3702;
const DISCOVERY_ADDRESS = '239.255.255.250';
/** UDP gets lost, most of all to many at once. */
const PROBES_AT_MS = [0, 300, 1_000];
/** Devices answer within half a second (WS-Discovery section 3.1.3), weak ones later. */
const LISTEN_MS = 4_000;
/** How long a single host has for its answer by UDP before it is asked by HTTP. */
const UNICAST_WAIT_MS = 400;
const AT_ONCE = 32;
/** Where device services are mostly; the rare ones only where few are asked. */
const COMMON_PORTS = [80, 8080];
const RARE_PORTS = [8000, 2020, 8899];
const FEW_HOSTS = 16;
const MAX_DEVICES = 1_024;
const MAX_NOTES = 8;

/**
 * Looks for ONVIF devices: by WS-Discovery's multicast on every network that the gateway is on, and one by one at addresses that are named.
 * Only listens to what answers, connects to nobody but those who were named.
 */
export class OnvifScan {
  readonly #options: OnvifScanOptions;
  readonly #ownAddresses = addressesOfThisMachine();
  readonly #hosts: readonly HostToAsk[];
  readonly #devices = new Map<string, FoundDevice>();
  readonly #notes = new Set<string>();
  readonly #probes = new Set<string>();
  readonly #attention = new Attention();
  readonly #unread: Array<{ readonly text: string; readonly from: string }> = [];
  #reading: Promise<void> | undefined;
  #networks: readonly Network[] = [];
  #asked = 0;

  /** @throws {OnvifError} bad-url, address-forbidden: what `hosts` names cannot be asked */
  constructor(options: OnvifScanOptions) {
    this.#options = options;
    const hosts = readHostList(options.request.hosts, { mayAsk: (address) => this.#mayBeCamera(address) });
    if (!hosts.ok) throw hosts.error;
    this.#hosts = hosts.value;
  }

  progress(): ScanProgress {
    return {
      interfaces: this.#networks.map(({ label }) => label),
      asked: this.#asked,
      toAsk: this.#hosts.length,
      devices: [...this.#devices.values()],
      notes: [...this.#notes],
    };
  }

  /** Resolves when all were asked and had their time, or soon after `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { request, log } = this.#options;
    await Promise.all([request.multicast ? this.#askNetworks(signal) : undefined, this.#askHosts(signal)]);
    if (signal.aborted) this.#unread.length = 0;
    await this.#reading;
    log.debug({ devices: this.#devices.size, asked: this.#asked }, 'ONVIF scan is over');
  }

  async #askNetworks(signal: AbortSignal): Promise<void> {
    const { clock, allowLoopback = false, listenMs = LISTEN_MS } = this.#options;
    const { port = DISCOVERY_PORT, multicastAddress = DISCOVERY_ADDRESS } = this.#options;
    this.#networks = this.#options.networks ?? ownNetworks(allowLoopback, this.#options.interfaces);
    this.#changed();
    if (this.#networks.length === 0) {
      this.#note('The gateway is on no network where it could look around. Name addresses to ask.');
      return;
    }
    const opened = await Promise.all(this.#networks.map((network) => this.#open(network)));
    const sockets = opened.filter((each) => each !== undefined);
    if (sockets.length === 0) return;
    try {
      const beganMs = clock.monotonicMs();
      for (const atMs of PROBES_AT_MS) {
        await sleep(clock, Math.max(0, atMs - (clock.monotonicMs() - beganMs)), signal);
        if (signal.aborted) return;
        for (const socket of sockets) {
          socket.send(this.#probe('transmitter'), port, multicastAddress);
          socket.send(this.#probe('device'), port, multicastAddress);
        }
      }
      await sleep(clock, Math.max(0, listenMs - (clock.monotonicMs() - beganMs)), signal);
    } finally {
      for (const socket of sockets) socket.close();
    }
  }

  async #askHosts(signal: AbortSignal): Promise<void> {
    if (this.#hosts.length === 0) return;
    const { clock } = this.#options;
    const socket = await openDatagrams({
      address: undefined,
      onMessage: (text, from) => this.#hear(text, from),
      // A host that refuses is not there; it is asked by HTTP all the same.
      onTrouble: () => {},
    });
    try {
      const left = [...this.#hosts];
      const worker = async () => {
        for (let host = left.shift(); host !== undefined && !signal.aborted; host = left.shift()) {
          await this.#askHost(host, socket, signal);
          if (signal.aborted) return;
          this.#asked += 1;
          this.#changed();
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, this.#hosts.length) }, worker));
      if (!signal.aborted) await sleep(clock, UNICAST_WAIT_MS, signal);
    } finally {
      socket?.close();
    }
  }

  async #askHost(
    { host, port }: HostToAsk,
    socket: Datagrams | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const ip = isIP(host) === 0 ? await this.#lookUp(host) : host;
    if (ip === undefined || signal.aborted) return;
    if (isIPv4(ip) && socket !== undefined && port === undefined) {
      const discoveryPort = this.#options.port ?? DISCOVERY_PORT;
      for (const types of ['transmitter', 'device'] as const)
        socket.send(this.#probe(types), discoveryPort, ip);
      await sleep(clock, UNICAST_WAIT_MS, signal);
      if (this.#hasDeviceAt(ip)) return;
    }
    const ports =
      port !== undefined
        ? [port]
        : this.#hosts.length > FEW_HOSTS
          ? COMMON_PORTS
          : [...COMMON_PORTS, ...RARE_PORTS];
    const answers = await Promise.all(
      ports.map((each) => answersOnvif({ ip, host, port: each }, clock, signal)),
    );
    const first = ports[answers.indexOf(true)];
    if (first === undefined || signal.aborted || (port === undefined && this.#hasDeviceAt(ip))) return;
    this.#add(
      foundDevice({
        id: undefined,
        host,
        port: first,
        secure: false,
        path: DEVICE_SERVICE_PATH,
        scopes: [],
      }),
    );
  }

  async #lookUp(host: string): Promise<string | undefined> {
    const resolved = await resolveAnyAddress(host);
    if (!resolved.ok) {
      this.#note(resolved.error.message);
      return undefined;
    }
    if (this.#mayBeCamera(resolved.value)) return resolved.value;
    this.#note(`${host} (${resolved.value}) is this machine or no camera's address.`);
    return undefined;
  }

  #open({ address, label }: Network): Promise<Datagrams | undefined> {
    return openDatagrams({
      address,
      onMessage: (text, from) => this.#hear(text, from),
      onTrouble: (code) => this.#note(`The network ${label} cannot be asked (${code}).`),
    });
  }

  #hear(text: string, from: string): void {
    if (!this.#mayBeCamera(from) || !this.#attention.take(from, text.length)) return;
    this.#unread.push({ text, from });
    this.#reading ??= this.#read();
  }

  /** One after another, with turns for media in between: many may come at once. */
  async #read(): Promise<void> {
    for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
      for (const device of readProbeMatches(next.text, next.from, (id) => this.#probes.has(id)))
        this.#add(device);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#reading = undefined;
  }

  #add(device: FoundDevice): void {
    const key = `${device.host} ${device.port}`;
    if (this.#devices.has(key) || this.#devices.size >= MAX_DEVICES) return;
    this.#devices.set(key, device);
    this.#changed();
  }

  #hasDeviceAt(host: string): boolean {
    return [...this.#devices.values()].some((device) => device.host === host);
  }

  /** An id of its own each, so that a device which has seen one answers the next. */
  #probe(types: 'transmitter' | 'device'): string {
    const id = randomUUID();
    this.#probes.add(id);
    return probeMessage(id, types);
  }

  #mayBeCamera(address: string): boolean {
    const { allowLoopback = false } = this.#options;
    if (allowLoopback && (/^127\./.test(address) || this.#ownAddresses.has(address))) return true;
    return !isForbiddenAddress(address, this.#ownAddresses);
  }

  #note(text: string): void {
    if (this.#notes.size >= MAX_NOTES || this.#notes.has(text)) return;
    this.#notes.add(text);
    this.#changed();
  }

  #changed(): void {
    this.#options.onChange?.();
  }
}
