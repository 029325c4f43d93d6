import { assertNever } from '../../../shared/result.ts';
import type { Unit } from '../unit.ts';
import { planH265 } from './h265-plan.ts';
import {
  type ParameterSetMode,
  type PayloadPart,
  planAac,
  planH264,
  planSamples,
  planWhole,
} from './payload-plan.ts';
import { markRtpPacket, rtpHeaderTemplate, rtpTimestampOf } from './rtp-header.ts';

/** How the packets of one track look. */
export interface RtpPacketiserOptions {
  readonly payloadType: number;
  readonly ssrc: number;
  readonly clockRate: number;
  /** Of the whole RTP packet, header and extension included. */
  readonly maxPacketBytes: number;
  readonly firstSequence: number;
  /** Added to every timestamp; 0 where the timestamps are to be the hub's timeline. */
  readonly timestampOffset?: number;
  /** A complete header extension block (RFC 8285: profile, length, elements), put into every packet. */
  readonly headerExtension?: Buffer;
  readonly parameterSets: ParameterSetMode;
}

const NO_EXTENSION = Buffer.alloc(0);
const MIN_PAYLOAD_BYTES = 64;

/** One track's outgoing RTP: one SSRC, one sequence, timestamps from the hub's timeline. */
export class RtpPacketiser {
  readonly #options: RtpPacketiserOptions;
  /** Header and extension, as every packet begins. */
  readonly #header: Buffer;
  readonly #maxPayloadBytes: number;
  #sequence: number;
  #lastRtpTimestamp = 0;
  #packetCount = 0;
  #octetCount = 0;

  /** Throws where `maxPacketBytes` leaves no room for a payload. */
  constructor(options: RtpPacketiserOptions) {
    this.#options = options;
    const { payloadType, ssrc, headerExtension } = options;
    this.#header = rtpHeaderTemplate(payloadType, ssrc, headerExtension ?? NO_EXTENSION);
    this.#maxPayloadBytes = options.maxPacketBytes - this.#header.length;
    if (this.#maxPayloadBytes < MIN_PAYLOAD_BYTES) {
      throw new RangeError(
        `packets of ${options.maxPacketBytes} bytes leave less than ${MIN_PAYLOAD_BYTES} for media`,
      );
    }
    this.#sequence = options.firstSequence & 0xffff;
  }

  /** Sequence number of the next packet. */
  get nextSequence(): number {
    return this.#sequence;
  }

  get lastRtpTimestamp(): number {
    return this.#lastRtpTimestamp;
  }

  /**
   * Packets and payload octets sent so far, as sender reports tell them (32 bits, RFC 3550 section 6.4.1).
   */
  get packetCount(): number {
    return this.#packetCount;
  }

  get octetCount(): number {
    return this.#octetCount;
  }

  /** The RTP timestamp that a unit at `pts90k` gets. */
  timestampOf(pts90k: number): number {
    const { clockRate, timestampOffset } = this.#options;
    return (rtpTimestampOf(pts90k, clockRate) + (timestampOffset ?? 0)) >>> 0;
  }

  /**
   * Complete RTP packets of a unit, in order; subarrays of one buffer that nobody else holds. The marker bit
   * is on the last packet of a picture or of an AAC frame.
   */
  packetise(unit: Unit): Buffer[] {
    const parts = this.#plan(unit);
    const overheadBytes = this.#header.length;
    let totalBytes = 0;
    for (const part of parts) totalBytes += overheadBytes + part.prefix.length + part.end - part.start;
    const slab = Buffer.allocUnsafe(totalBytes);
    const marksEnd = unit.format.kind === 'video' || unit.format.codec === 'aac';
    this.#lastRtpTimestamp = this.timestampOf(unit.pts90k);
    const packets: Buffer[] = new Array(parts.length);
    let offset = 0;
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index];
      if (part === undefined) break;
      const start = offset;
      offset = this.#write(slab, start, part, marksEnd && index === parts.length - 1);
      packets[index] = slab.subarray(start, offset);
    }
    return packets;
  }

  #plan(unit: Unit): PayloadPart[] {
    const { format } = unit;
    switch (format.codec) {
      case 'h264':
        return planH264(unit, this.#maxPayloadBytes, this.#options.parameterSets);
      case 'h265':
        return planH265(unit, this.#maxPayloadBytes, this.#options.parameterSets);
      case 'aac':
        return unit.payloads.flatMap((frame) => planAac(frame, this.#maxPayloadBytes));
      case 'opus':
        return unit.payloads.flatMap((frame) => planWhole(frame));
      case 'pcmu':
      case 'pcma':
      case 'g722':
        return unit.payloads.flatMap((samples) =>
          planSamples(samples, this.#maxPayloadBytes, Math.max(1, format.channels)),
        );
      default:
        return assertNever(format);
    }
  }

  /** Writes one packet at `start` and returns where it ends. */
  #write(slab: Buffer, start: number, part: PayloadPart, marker: boolean): number {
    let offset = start + this.#header.copy(slab, start);
    if (marker) markRtpPacket(slab, start);
    slab.writeUInt16BE(this.#sequence, start + 2);
    slab.writeUInt32BE((this.#lastRtpTimestamp + (part.laterTicks ?? 0)) >>> 0, start + 4);
    slab.set(part.prefix, offset);
    offset += part.prefix.length;
    offset += part.data.copy(slab, offset, part.start, part.end);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packetCount = (this.#packetCount + 1) >>> 0;
    this.#octetCount = (this.#octetCount + part.prefix.length + part.end - part.start) >>> 0;
    return offset;
  }
}
