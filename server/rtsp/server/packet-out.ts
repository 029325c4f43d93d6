import type { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { giveBack } from '../../base/give-back.ts';

/** The way of one track's packets to a reader. */
export interface PacketOut {
  /** Sends the packets of one unit, whose memory is the callee's now; false when the way is full (they were taken all the same). */
  sendRtp(packets: readonly Buffer[]): boolean;
  sendRtcp(packet: Buffer): void;
  close(): void;
}

/** How much may wait in a connection's send buffer before the reader counts as slow. */
export const MAX_UNSENT_BYTES = 1024 * 1024;
const INTERLEAVED_HEADER_BYTES = 4;

/** RTP inside the RTSP connection, each packet behind `$`, channel and length (RFC 2326 section 10.12). */
export class InterleavedOut implements PacketOut {
  readonly #socket: Socket;
  readonly #rtpChannel: number;
  readonly #rtcpChannel: number;
  readonly #release: () => void;

  constructor(socket: Socket, channels: { rtp: number; rtcp: number; release: () => void }) {
    this.#socket = socket;
    this.#rtpChannel = channels.rtp;
    this.#rtcpChannel = channels.rtcp;
    this.#release = channels.release;
  }

  sendRtp(packets: readonly Buffer[]): boolean {
    let sizeBytes = 0;
    for (const packet of packets) sizeBytes += INTERLEAVED_HEADER_BYTES + packet.length;
    // One write for the whole unit: a copy of some kilobytes costs less than a stream write for each packet.
    const framed = Buffer.allocUnsafe(sizeBytes);
    let offset = 0;
    for (const packet of packets) offset = frame(framed, offset, this.#rtpChannel, packet);
    const [first] = packets;
    if (first !== undefined) giveBack(first, packets.at(-1));
    return this.#write(framed);
  }

  sendRtcp(packet: Buffer): void {
    const framed = Buffer.allocUnsafe(INTERLEAVED_HEADER_BYTES + packet.length);
    frame(framed, 0, this.#rtcpChannel, packet);
    this.#write(framed);
  }

  close(): void {
    this.#release();
  }

  #write(framed: Buffer): boolean {
    if (!this.#socket.writable) return true;
    this.#socket.write(framed, () => giveBack(framed));
    return this.#socket.writableLength <= MAX_UNSENT_BYTES;
  }
}

function frame(target: Buffer, offset: number, channel: number, packet: Buffer): number {
  target[offset] = 0x24;
  target[offset + 1] = channel;
  target.writeUInt16BE(packet.length, offset + 2);
  packet.copy(target, offset + INTERLEAVED_HEADER_BYTES);
  return offset + INTERLEAVED_HEADER_BYTES + packet.length;
}

/** More than this in one burst overflows a reader's default receive buffer of 208 KiB. */
const BURST_BYTES = 64 * 1024;
const BURST_EVERY_MS = 5;
/** A port that refuses so many packets has nobody behind it any more. */
const MAX_REFUSALS = 10;

export interface UdpOutOptions {
  readonly clock: Clock;
  /** Both connected to the reader, so that only it is heard and a closed port shows as an error. */
  readonly rtp: UdpSocket;
  readonly rtcp: UdpSocket;
  close(): void;
  /** There is room again after `sendRtp` said false. */
  onDrain(): void;
  /** Nobody listens at the other end. */
  onRefused(): void;
}

/** RTP over UDP, in bounded bursts: the kept group of pictures would else be lost in the reader's buffer. */
export class UdpOut implements PacketOut {
  readonly #options: UdpOutOptions;
  #burstBytes = 0;
  #isFull = false;
  #refusals = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(options: UdpOutOptions) {
    this.#options = options;
    options.rtp.on('error', () => {
      this.#refusals += 1;
      if (this.#refusals === MAX_REFUSALS) options.onRefused();
    });
    // Many readers open no RTCP port; what is sent there may be lost.
    options.rtcp.on('error', () => {});
  }

  sendRtp(packets: readonly Buffer[]): boolean {
    for (const packet of packets) {
      this.#options.rtp.send(packet);
      this.#burstBytes += packet.length;
    }
    this.#cancelTimer ??= this.#options.clock.after(BURST_EVERY_MS, () => this.#nextBurst());
    this.#isFull = this.#burstBytes > BURST_BYTES;
    return !this.#isFull;
  }

  sendRtcp(packet: Buffer): void {
    this.#options.rtcp.send(packet);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#options.close();
  }

  #nextBurst(): void {
    this.#cancelTimer = undefined;
    // A unit larger than a burst is paid off over several.
    this.#burstBytes = Math.max(0, this.#burstBytes - BURST_BYTES);
    if (this.#burstBytes > 0) {
      this.#cancelTimer = this.#options.clock.after(BURST_EVERY_MS, () => this.#nextBurst());
    }
    if (this.#isFull && this.#burstBytes <= BURST_BYTES) {
      this.#isFull = false;
      this.#options.onDrain();
    }
  }
}
