import type { Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { bindUdpPair, type UdpPair } from '../client/udp-ports.ts';
import { buildTransport, parseTransport, type TransportSpec } from '../parse/index.ts';
import type { ChannelListener } from './channel-table.ts';
import type { ConnectionContext } from './context.ts';
import { type Exchange, refuse } from './exchange.ts';
import { InterleavedOut, type PacketOut, UdpOut } from './packet-out.ts';

/** What a client sends on a track: RTCP of a reader, both of a publisher. */
export interface TrackListeners {
  readonly rtp: ChannelListener;
  readonly rtcp: ChannelListener;
}

/** A track's way, opened for one SETUP. */
export interface OpenedTransport {
  readonly lower: 'tcp' | 'udp';
  readonly out: PacketOut;
  /** The value of the answer's Transport header. */
  answer(details: { ssrc?: number; mode?: 'record' }): string;
}

export interface TransportEvents {
  onDrain(): void;
  onRefused(): void;
}

/** The first transport of the request's list that can be served. Throws a `Refusal` (461) where none can. */
export function chooseTransport(exchange: Exchange): TransportSpec {
  const header = exchange.request.headers.get('Transport');
  if (header === undefined) throw refuse(400, 'Bad Request: SETUP without Transport');
  for (const spec of parseTransport(header)) {
    if (spec.delivery !== 'unicast') continue;
    // Nothing can be sent to port 0; Node throws where somebody tries.
    if (spec.lower === 'tcp' || spec.clientPorts?.every((port) => port > 0) === true) return spec;
  }
  throw refuse(461);
}

export async function openTransport(
  context: ConnectionContext,
  spec: TransportSpec,
  listeners: TrackListeners,
  events: TransportEvents,
): Promise<OpenedTransport> {
  if (spec.lower === 'tcp') return openInterleaved(context, spec, listeners);
  return await openUdp(context, spec, listeners, events);
}

function openInterleaved(
  context: ConnectionContext,
  spec: TransportSpec,
  listeners: TrackListeners,
): OpenedTransport {
  const channels = context.channels.take(spec.interleaved, listeners);
  if (channels === undefined) throw refuse(461, 'Unsupported Transport: no interleaved channel is free');
  return {
    lower: 'tcp',
    out: new InterleavedOut(context.socket, channels),
    answer: (details) =>
      buildTransport({
        profile: 'RTP/AVP',
        lower: 'tcp',
        delivery: 'unicast',
        interleaved: [channels.rtp, channels.rtcp],
        ...details,
      }),
  };
}

/**
 * Media goes to the address of the RTSP connection only, whatever `destination` says: else the server could be
 * made to flood somebody else.
 */
async function openUdp(
  context: ConnectionContext,
  spec: TransportSpec,
  listeners: TrackListeners,
  events: TransportEvents,
): Promise<OpenedTransport> {
  const { clientPorts } = spec;
  const remote = plainAddress(context.socket.remoteAddress);
  const local = plainAddress(context.socket.localAddress);
  if (clientPorts === undefined || remote === undefined || local === undefined) throw refuse(461);
  const pair = await bindPair(context, local);
  const { clock } = context.deps;
  const isRecord = spec.mode === 'record';
  try {
    if (!isRecord) await connectPair(pair, remote, clientPorts);
  } catch {
    pair.close();
    throw refuse(461, 'Unsupported Transport: the client ports cannot be reached');
  }
  for (const [socket, listener] of [
    [pair.rtp, listeners.rtp],
    [pair.rtcp, listeners.rtcp],
  ] as const) {
    socket.on('message', (packet, from) => {
      if (plainAddress(from.address) !== remote) return;
      try {
        listener(packet, clock.monotonicMs());
      } catch (failure) {
        // Only a bug gets here. It costs this connection and no other.
        context.log.error({ err: failure }, 'reading a packet failed');
        context.socket.destroy();
      }
    });
  }
  const out = isRecord
    ? new ReturnOut(pair, { address: remote, rtcpPort: clientPorts[1] })
    : new UdpOut({ clock, rtp: pair.rtp, rtcp: pair.rtcp, close: () => pair.close(), ...events });
  return {
    lower: 'udp',
    out,
    answer: (details) =>
      buildTransport({
        profile: 'RTP/AVP',
        lower: 'udp',
        delivery: 'unicast',
        clientPorts,
        serverPorts: [pair.rtpPort, pair.rtpPort + 1],
        ...details,
      }),
  };
}

/** The way back to a publisher over UDP: only RTCP goes there. */
class ReturnOut implements PacketOut {
  readonly #pair: UdpPair;
  readonly #to: { readonly address: string; readonly rtcpPort: number };

  constructor(pair: UdpPair, to: { address: string; rtcpPort: number }) {
    this.#pair = pair;
    this.#to = to;
    // Errors of a UDP socket tell of packets that were lost; that is what UDP does.
    pair.rtp.on('error', () => {});
    pair.rtcp.on('error', () => {});
  }

  sendRtp(): boolean {
    return true;
  }

  sendRtcp(packet: Buffer): void {
    this.#pair.rtcp.send(packet, this.#to.rtcpPort, this.#to.address);
  }

  close(): void {
    this.#pair.close();
  }
}

async function bindPair(context: ConnectionContext, local: string): Promise<UdpPair> {
  try {
    return await bindUdpPair(context.deps.udpPorts, local);
  } catch (failure) {
    context.log.warn({ err: failure }, 'no UDP ports for an RTSP session');
    throw refuse(461, 'Unsupported Transport: no UDP port is free; use TCP');
  }
}

async function connectPair(pair: UdpPair, address: string, ports: readonly [number, number]): Promise<void> {
  await Promise.all([connectUdp(pair.rtp, address, ports[0]), connectUdp(pair.rtcp, address, ports[1])]);
}

async function connectUdp(socket: UdpSocket, address: string, port: number): Promise<void> {
  const connected = once(socket, 'connect');
  socket.connect(port, address);
  await connected;
}

/** An IPv4 address that came over an IPv6 socket, as IPv4 (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
