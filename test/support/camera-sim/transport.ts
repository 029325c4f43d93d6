import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TrackOutput } from './session.ts';

/** What the client asked for in its SETUP. */
export type AskedTransport =
  | { readonly kind: 'tcp'; readonly rtp: number; readonly rtcp: number }
  | { readonly kind: 'udp'; readonly rtp: number; readonly rtcp: number };

export function parseTransport(header: string): AskedTransport | undefined {
  const [, channel, channel2] = /interleaved=(\d+)(?:-(\d+))?/.exec(header) ?? [];
  if (channel !== undefined) {
    return { kind: 'tcp', rtp: Number(channel), rtcp: Number(channel2 ?? Number(channel) + 1) };
  }
  const [, port, port2] = /client_port=(\d+)(?:-(\d+))?/.exec(header) ?? [];
  if (port === undefined) return undefined;
  return { kind: 'udp', rtp: Number(port), rtcp: Number(port2 ?? Number(port) + 1) };
}

/** `$`, channel, length, packet (RFC 2326 section 10.12). */
export function interleaved(channel: number, packet: Buffer): Buffer {
  const header = Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]);
  return Buffer.concat([header, packet]);
}

export function tcpOutput(
  write: (bytes: Buffer) => void,
  channels: { rtp: number; rtcp: number },
): TrackOutput {
  return {
    rtp: (packet) => write(interleaved(channels.rtp, packet)),
    rtcp: (packet) => write(interleaved(channels.rtcp, packet)),
  };
}

export interface UdpPair {
  readonly port: number;
  output(ports: { rtp: number; rtcp: number }): TrackOutput;
  close(): void;
}

/** Two UDP sockets on neighbouring free ports, that send to the peer of `control`. */
export async function openUdpPair(
  control: Socket,
  host: string,
  onPacket: (isRtcp: boolean, packet: Buffer) => void,
): Promise<UdpPair> {
  for (;;) {
    const rtp = await bound(host, 0);
    if (rtp === undefined) continue;
    const { port } = rtp.address();
    const rtcp = port % 2 === 0 ? await bound(host, port + 1) : undefined;
    if (rtcp === undefined) {
      rtp.close();
      continue;
    }
    rtp.on('message', (packet) => onPacket(false, packet));
    rtcp.on('message', (packet) => onPacket(true, packet));
    const peer = (control.remoteAddress ?? '').replace(/^::ffff:/, '');
    let isOpen = true;
    return {
      port,
      output: (ports) => ({
        rtp: (packet) => isOpen && rtp.send(packet, ports.rtp, peer),
        rtcp: (packet) => isOpen && rtcp.send(packet, ports.rtcp, peer),
      }),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        rtp.close();
        rtcp.close();
      },
    };
  }
}

async function bound(host: string, port: number): Promise<UdpSocket | undefined> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}
