import type { Socket } from 'node:net';
import { interleavedHeader, type RtspResponse } from '../parse/index.ts';
import { Authenticator } from './authenticator.ts';
import type { GatewayRtspConnectionOptions } from './connection-options.ts';
import { asRtspError, type RtspError, type RtspErrorContext } from './errors.ts';
import { RtspExchange } from './exchange.ts';
import { stuck } from './faults.ts';
import { hostPort, type RtspTarget } from './target.ts';
import { TrackLinks, type TrackLinksOptions } from './track-links.ts';

/** What a connection has from the moment its socket is open. */
export interface CameraLink {
  readonly socket: Socket;
  readonly exchange: RtspExchange;
  readonly links: TrackLinks;
  readonly requestUrl: string;
  readonly authenticator: Authenticator;
  readonly isEncrypted: boolean;
  /** Kept, for a socket forgets its addresses when it closes. */
  readonly addresses: { readonly peer: string; readonly local: string };
}

/** What the connection gives to its link, and does for it. */
export interface CameraLinkOwner {
  readonly ways: Pick<TrackLinksOptions, 'lower' | 'fallback'>;
  /** Sent with every message. */
  readonly headers: Readonly<Record<string, string>>;
  setup(url: string, transport: string): Promise<RtspResponse>;
  /** Whether a datagram of so many bytes is within the camera's share. */
  admits(sizeBytes: number): boolean;
  context(method?: string): RtspErrorContext;
  /** A message that goes out as text. */
  onSent(message: Buffer): void;
  onFailure(error: RtspError): void;
}

/** Puts requests, credentials and tracks on a socket that is open. */
export function linkCamera(
  socket: Socket,
  target: RtspTarget,
  options: GatewayRtspConnectionOptions,
  owner: CameraLinkOwner,
): CameraLink {
  const { clock, requestTimeoutMs, listener, udpPorts, random } = options;
  const { username = target.user?.username, password = target.user?.password } = options;
  const authenticator = new Authenticator(username, password, options.challenge);
  const addresses = {
    peer: hostPort(socket.remoteAddress ?? target.host, socket.remotePort ?? target.port),
    local: hostPort(socket.localAddress ?? '', socket.localPort ?? 0),
  };
  const exchange = new RtspExchange({
    socket,
    clock,
    authenticator,
    peer: addresses.peer,
    timeoutMs: requestTimeoutMs,
    headers: owner.headers,
    onSent: (message) => owner.onSent(message),
    onStuck: () => owner.onFailure(stuck(owner.context())),
  });
  const links = new TrackLinks({
    ...owner.ways,
    listener,
    clock,
    udpPorts,
    random,
    localAddress: socket.localAddress ?? '0.0.0.0',
    peerAddress: socket.remoteAddress ?? '',
    context: () => owner.context('SETUP'),
    onFailure: (thrown) => owner.onFailure(asRtspError(thrown)),
    admits: (sizeBytes) => owner.admits(sizeBytes),
    setup: (url, header) => owner.setup(url, header),
    sendInterleaved: (channel, packet) =>
      exchange.send(Buffer.concat([interleavedHeader(channel, packet.length), packet]), false),
  });
  const { requestUrl, secure: isEncrypted } = target;
  return { socket, exchange, links, requestUrl, authenticator, isEncrypted, addresses };
}
