const PAYLOAD_SPECIFIC_FEEDBACK = 206;
const PICTURE_LOSS_INDICATION = 1;
const FULL_INTRA_REQUEST = 4;
const HEADER_BYTES = 4;

/**
 * Whether a compound RTCP packet holds a picture loss indication (RFC 4585 section 6.3.1) or a full intra
 * request (RFC 5104 section 4.3.1). Stops at the first malformed part.
 */
export function asksForKeyFrame(rtcp: Buffer): boolean {
  let offset = 0;
  while (offset + HEADER_BYTES <= rtcp.length) {
    const first = rtcp.readUInt8(offset);
    if (first >> 6 !== 2) return false;
    if (rtcp.readUInt8(offset + 1) === PAYLOAD_SPECIFIC_FEEDBACK) {
      const format = first & 0x1f;
      if (format === PICTURE_LOSS_INDICATION || format === FULL_INTRA_REQUEST) return true;
    }
    offset += HEADER_BYTES + rtcp.readUInt16BE(offset + 2) * 4;
  }
  return false;
}
