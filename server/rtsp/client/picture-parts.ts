/** What an RTP packet of video holds, as far as the camera report asks. Bits of one number, so a packet costs no object. */
export const PART = {
  parameterSet: 1,
  keyPicture: 2,
  /** A coded slice begins here. */
  slice: 4,
  sps: 8,
} as const;

/** The parts of an H.264 payload (RFC 6184): single NAL units, STAP-A and first fragments. Pure; never throws. */
export function h264Parts(payload: Buffer): number {
  const type = (payload[0] ?? 0) & 0x1f;
  if (type === 28) return ((payload[1] ?? 0) & 0x80) === 0 ? 0 : h264Part((payload[1] ?? 0) & 0x1f);
  if (type !== 24) return h264Part(type);
  let parts = 0;
  for (let at = 1; at + 2 < payload.length; ) {
    parts |= h264Part((payload[at + 2] ?? 0) & 0x1f);
    at += 2 + (((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0));
  }
  return parts;
}

function h264Part(type: number): number {
  if (type === 7) return PART.parameterSet | PART.sps;
  if (type === 8) return PART.parameterSet;
  if (type === 5) return PART.keyPicture | PART.slice;
  return type >= 1 && type <= 4 ? PART.slice : 0;
}

/** The parts of an H.265 payload (RFC 7798): single NAL units, aggregation packets and first fragments. */
export function h265Parts(payload: Buffer): number {
  const type = ((payload[0] ?? 0) >> 1) & 0x3f;
  if (type === 49) return ((payload[2] ?? 0) & 0x80) === 0 ? 0 : h265Part((payload[2] ?? 0) & 0x3f);
  if (type !== 48) return h265Part(type);
  let parts = 0;
  for (let at = 2; at + 2 < payload.length; ) {
    parts |= h265Part(((payload[at + 2] ?? 0) >> 1) & 0x3f);
    at += 2 + (((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0));
  }
  return parts;
}

/** H.265 table 7-1: 16 to 23 are IRAP pictures, 32 to 34 parameter sets. */
function h265Part(type: number): number {
  if (type === 33) return PART.parameterSet | PART.sps;
  if (type === 32 || type === 34) return PART.parameterSet;
  if (type >= 16 && type <= 23) return PART.keyPicture | PART.slice;
  return type < 10 ? PART.slice : 0;
}

/**
 * The SPS in a payload for which the above said `sps`, where it can be had whole; undefined for one in fragments.
 */
export function spsIn(payload: Buffer, codec: 'h264' | 'h265'): Buffer | undefined {
  const isH264 = codec === 'h264';
  const typeAt = (at: number) => (isH264 ? (payload[at] ?? 0) & 0x1f : ((payload[at] ?? 0) >> 1) & 0x3f);
  const [aggregate, sps, header] = isH264 ? [24, 7, 1] : [48, 33, 2];
  if (typeAt(0) === sps) return payload;
  if (typeAt(0) !== aggregate) return undefined;
  for (let at = header; at + 2 < payload.length; ) {
    const size = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    if (typeAt(at + 2) === sps) return payload.subarray(at + 2, at + 2 + size);
    at += 2 + size;
  }
  return undefined;
}
