/** One RTP packet (RFC 3550 section 5.1). `payload` is a subarray of what was parsed, without padding. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

const FIXED_HEADER_BYTES = 12;

/**
 * Reads a packet without copying; undefined where the bytes are no RTP. CSRCs and header extensions are
 * skipped.
 */
export function parseRtp(buffer: Buffer): RtpPacket | undefined {
  if (buffer.length < FIXED_HEADER_BYTES) return undefined;
  const first = buffer[0] ?? 0;
  if (first >>> 6 !== 2) return undefined;
  let start = FIXED_HEADER_BYTES + (first & 0x0f) * 4;
  let end = buffer.length;
  if ((first & 0x10) !== 0) {
    if (start + 4 > end) return undefined;
    start += 4 + (((buffer[start + 2] ?? 0) << 8) | (buffer[start + 3] ?? 0)) * 4;
  }
  if ((first & 0x20) !== 0) {
    const padding = buffer[end - 1] ?? 0;
    // A padding of 0 breaks the RFC, but nothing is lost by taking the payload as it is.
    end -= padding;
  }
  if (start > end) return undefined;
  const second = buffer[1] ?? 0;
  return {
    payloadType: second & 0x7f,
    marker: second >= 0x80,
    sequence: ((buffer[2] ?? 0) << 8) | (buffer[3] ?? 0),
    timestamp: uint32(buffer, 4),
    ssrc: uint32(buffer, 8),
    payload: buffer.subarray(start, end),
  };
}

/** `readUInt32BE` without its checks, which cost more than the reading; the length was looked at before. */
function uint32(buffer: Buffer, at: number): number {
  const high = ((buffer[at] ?? 0) << 24) | ((buffer[at + 1] ?? 0) << 16);
  return (high | ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0)) >>> 0;
}
