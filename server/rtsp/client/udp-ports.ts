import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { RtspError } from './errors.ts';

/** UDP ports, both ends included. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

/** `rtsp.udpPorts` unless the settings say otherwise. */
export const DEFAULT_UDP_PORTS: PortRange = { min: 20_000, max: 29_999 };

/** Two bound UDP sockets: RTP on an even port, RTCP on the odd one above it (RFC 3550 section 11). */
export interface UdpPair {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly rtpPort: number;
  /** Idempotent. */
  close(): void;
}

/** A key frame of a 4K camera comes as one burst; the kernel's default buffer of 208 KiB loses its tail. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const MAX_TRIES = 200;

/**
 * Binds a pair within the range, beginning anywhere in it, so that two streams rarely meet. `localAddress` is
 * that of the RTSP connection: the ports are open on the camera's network only.
 */
export async function bindUdpPair(
  range: PortRange,
  localAddress: string,
  random: () => number = Math.random,
): Promise<UdpPair> {
  const first = range.min + (range.min % 2);
  const pairs = Math.floor((range.max - first + 1) / 2);
  const start = Math.floor(random() * pairs);
  for (let n = 0; n < Math.min(pairs, MAX_TRIES); n++) {
    const port = first + 2 * ((start + n) % pairs);
    const rtp = await bind(port, localAddress);
    if (rtp === undefined) continue;
    let rtcp: Socket | undefined;
    try {
      rtcp = await bind(port + 1, localAddress);
    } finally {
      if (rtcp === undefined) rtp.close();
    }
    if (rtcp === undefined) continue;
    let open = true;
    const pair = { rtp, rtcp };
    const close = () => {
      if (!open) return;
      open = false;
      pair.rtp.close();
      pair.rtcp.close();
    };
    return { ...pair, rtpPort: port, close };
  }
  const message = `No pair of free UDP ports in ${range.min}-${range.max}; widen rtsp.udpPorts, or use transport tcp.`;
  throw new RtspError('local-failure', message);
}

async function bind(port: number, address: string): Promise<Socket | undefined> {
  const socket = createSocket({
    type: isIPv6(address) ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  try {
    socket.bind({ port, address, exclusive: true });
    await once(socket, 'listening');
    return socket;
  } catch (failure) {
    socket.close();
    if (failure instanceof Error && 'code' in failure && failure.code === 'EADDRINUSE') return undefined;
    throw new RtspError('local-failure', `UDP port ${port} cannot be opened.`, {}, failure);
  }
}
