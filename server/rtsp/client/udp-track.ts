import type { RemoteInfo } from 'node:dgram';
import type { Clock } from '../../base/clock.ts';
import type { UdpPair } from './udp-ports.ts';

export interface UdpTrackOptions {
  readonly pair: UdpPair;
  readonly peerAddress: string;
  readonly clock: Clock;
  onRtp(packet: Buffer, receivedAtMs: number): void;
  onRtcp(packet: Buffer, receivedAtMs: number): void;
  /** Whether the camera may send us one more packet; one that it may not is dropped. */
  admits(sizeBytes: number): boolean;
  /** One of the two threw: a bug, which must not end the process. */
  onFailure(thrown: unknown): void;
}

/** An RTP packet without payload, of a type (RFC 3551: 0) that nobody waits for. */
const RTP_PUNCH = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/** An empty receiver report (RFC 3550 section 6.4.2). */
const RTCP_PUNCH = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);

/**
 * One track's way over UDP. Only packets from the camera's own address count, and from the port it named. A camera that
 * named none, or names one and sends from another (behind a NAT, or by mistake), is held to the port its first packet
 * came from. Everything else is dropped and counted.
 */
export class UdpTrack {
  readonly #options: UdpTrackOptions;
  readonly #peerAddress: string;
  readonly #rtp = new CameraPort();
  readonly #rtcp = new CameraPort();
  #foreignPackets = 0;

  constructor(options: UdpTrackOptions) {
    this.#options = options;
    this.#peerAddress = withoutMapping(options.peerAddress);
    const { pair, clock } = options;
    pair.rtp.on('message', (packet, from) => {
      if (this.#isForeign(from, this.#rtp)) return;
      if (!options.admits(packet.length)) return;
      try {
        options.onRtp(packet, clock.monotonicMs());
      } catch (thrown) {
        options.onFailure(thrown);
      }
    });
    pair.rtcp.on('message', (packet, from) => {
      if (this.#isForeign(from, this.#rtcp)) return;
      if (!options.admits(packet.length)) return;
      try {
        options.onRtcp(packet, clock.monotonicMs());
      } catch (thrown) {
        options.onFailure(thrown);
      }
    });
    // A destination that answers with ICMP must not end the process; the media time-out notices.
    pair.rtp.on('error', () => {});
    pair.rtcp.on('error', () => {});
  }

  get clientPorts(): readonly [number, number] {
    return [this.#options.pair.rtpPort, this.#options.pair.rtpPort + 1];
  }

  get foreignPackets(): number {
    return this.#foreignPackets;
  }

  /** The ports that the camera answered with; 0 where it named none. */
  setServerPorts(rtpPort: number, rtcpPort: number): void {
    this.#rtp.named = rtpPort;
    this.#rtcp.named = rtcpPort;
  }

  /** Sends a packet each way first, so that a firewall or NAT in between lets the camera's packets in. */
  punchHole(): void {
    this.#send(this.#options.pair.rtp, RTP_PUNCH, this.#rtp.target);
    this.#send(this.#options.pair.rtcp, RTCP_PUNCH, this.#rtcp.target);
  }

  sendControl(packet: Buffer): void {
    this.#send(this.#options.pair.rtcp, packet, this.#rtcp.target);
  }

  close(): void {
    this.#options.pair.close();
  }

  #send(socket: UdpPair['rtp'], packet: Buffer, port: number): void {
    if (port === 0) return;
    // With a callback, a failed send is told there and not thrown.
    socket.send(packet, port, this.#peerAddress, () => {});
  }

  #isForeign(from: RemoteInfo, port: CameraPort): boolean {
    if (withoutMapping(from.address) === this.#peerAddress && port.takes(from.port)) return false;
    this.#foreignPackets += 1;
    return true;
  }
}

/** The port a camera sends from, which is not always the one it names. */
class CameraPort {
  /** 0: it named none. */
  named = 0;
  #seen = 0;

  /** Where packets to the camera go; 0 while nobody knows. */
  get target(): number {
    return this.#seen === 0 ? this.named : this.#seen;
  }

  /** Whether a packet from this port of the camera's address is the camera's. */
  takes(port: number): boolean {
    // The named one counts whatever came before.
    if (this.#seen === 0 || port === this.named) this.#seen = port;
    return port === this.#seen;
  }
}

/** IPv4 inside IPv6 (`::ffff:10.0.0.5`) is the IPv4 address. */
function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
