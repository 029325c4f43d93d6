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

const MARKER_BIT = 0x80;

/**
 * The header of one track's packets (RFC 3550 section 5.1) with its extension block, in which only sequence, timestamp
 * and marker differ from packet to packet: those are written over a copy of it.
 */
export function rtpHeaderTemplate(payloadType: number, ssrc: number, extension: Buffer): Buffer {
  const template = Buffer.alloc(RTP_HEADER_BYTES + extension.length);
  template[0] = extension.length > 0 ? 0x90 : 0x80;
  template[1] = payloadType;
  template.writeUInt32BE(ssrc, 8);
  extension.copy(template, RTP_HEADER_BYTES);
  return template;
}

/** Sets the marker bit of the packet that begins at `offset`. */
export function markRtpPacket(target: Buffer, offset: number): void {
  target[offset + 1] = (target[offset + 1] ?? 0) | MARKER_BIT;
}
