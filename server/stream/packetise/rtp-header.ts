export const RTP_HEADER_BYTES = 12;

/**
 * 32-bit RTP timestamp of a place on the hub's timeline, in a track's clock. Whole seconds are counted apart:
 * after 24 days `pts90k` times 48000 is beyond the integers that a number holds exactly.
 */
export function rtpTimestampOf(pts90k: number, clockRate: number): number {
  const seconds = Math.floor(pts90k / 90_000);
  const rest90k = pts90k - seconds * 90_000;
  return (seconds * clockRate + Math.round((rest90k * clockRate) / 90_000)) >>> 0;
}

export interface RtpHeaderFields {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly hasExtension: boolean;
}

/** Writes the fixed header (RFC 3550 section 5.1) at `offset`. */
export function writeRtpHeader(target: Buffer, offset: number, fields: RtpHeaderFields): void {
  target[offset] = fields.hasExtension ? 0x90 : 0x80;
  target[offset + 1] = fields.payloadType | (fields.marker ? 0x80 : 0);
  target.writeUInt16BE(fields.sequence, offset + 2);
  target.writeUInt32BE(fields.timestamp, offset + 4);
  target.writeUInt32BE(fields.ssrc, offset + 8);
}
