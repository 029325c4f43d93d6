import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { capturedText } from './replies.ts';
import { find, need, parseXml, setText, textOf, writeXml } from './xml.ts';

export const DISCOVERY_GROUP = '239.255.255.250';
export const DISCOVERY_PORT = 3702;

export interface DiscoveryOptions {
  /** Default 3702. */
  readonly port?: number;
  /** Hears the multicast group on the loopback interface too. Default true. */
  readonly multicast?: boolean;
}

export interface DiscoveryDeps {
  /** Its own address, which it answers from. */
  readonly host: string;
  readonly endpoint: string;
  xaddrs(): readonly string[];
  scopes(): readonly string[];
  /** Sends this in place of its answer, or nothing for `silent`; undefined: the right one. */
  override(): readonly (string | Buffer)[] | 'silent' | undefined;
}

/** Answers WS-Discovery probes (April 2005 draft, as ONVIF Core section 7 has it), asked by multicast or straight. */
export class DiscoveryResponder {
  /** Message ids of the probes that came, in order. */
  readonly probes: string[] = [];
  readonly #deps: DiscoveryDeps;
  readonly #options: DiscoveryOptions;
  #sockets: Socket[] = [];

  constructor(deps: DiscoveryDeps, options: DiscoveryOptions = {}) {
    this.#deps = deps;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { port = DISCOVERY_PORT, multicast = true } = this.#options;
    const own = await this.#bound(this.#deps.host, port);
    own.on('message', (bytes, from) => this.#answer(own, bytes, from));
    if (!multicast) return;
    // Bound to the group, so that it takes no other device's own mail.
    const group = await this.#bound(DISCOVERY_GROUP, port);
    group.addMembership(DISCOVERY_GROUP, '127.0.0.1');
    group.on('message', (bytes, from) => this.#answer(own, bytes, from));
  }

  async stop(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = [];
    await Promise.all(
      sockets.map(async (socket) => {
        socket.close();
        await once(socket, 'close');
      }),
    );
  }

  async #bound(address: string, port: number): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#sockets.push(socket);
    socket.on('error', () => {});
    socket.bind({ address, port });
    await once(socket, 'listening');
    return socket;
  }

  #answer(own: Socket, bytes: Buffer, from: RemoteInfo): void {
    if (!this.#sockets.includes(own)) return;
    let asked: { id: string; types: string };
    try {
      const envelope = parseXml(bytes.toString());
      const probe = find(envelope, 'Body', 'Probe');
      if (probe === undefined) return;
      asked = {
        id: textOf(need(envelope, 'Header', 'MessageID')) ?? '',
        types: textOf(find(probe, 'Types')) ?? '',
      };
    } catch {
      return;
    }
    this.probes.push(asked.id);
    const isMeant = asked.types === '' || /NetworkVideoTransmitter|Device\b/.test(asked.types);
    const override = this.#deps.override();
    if (!isMeant || override === 'silent') return;
    for (const reply of override ?? [this.#match(asked.id)]) own.send(reply, from.port, from.address);
  }

  #match(relatesTo: string): string {
    const reply = parseXml(capturedText('Probe'));
    setText(need(reply, 'RelatesTo'), relatesTo);
    setText(need(reply, 'EndpointReference', 'Address'), this.#deps.endpoint);
    setText(need(reply, 'Scopes'), this.#deps.scopes().join(' '));
    setText(need(reply, 'XAddrs'), this.#deps.xaddrs().join(' '));
    return `<?xml version="1.0" encoding="UTF-8"?>\n${writeXml(reply)}`;
  }
}
