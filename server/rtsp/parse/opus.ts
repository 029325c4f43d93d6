const MAX_FRAME_BYTES = 1275;
const MAX_PACKET_MS = 120;
/** Of each configuration (RFC 6716 table 2), in tenths of a millisecond. */
const SILK = [100, 200, 400, 600];
const HYBRID = [100, 200];
const CELT = [25, 50, 100, 200];

/** Whether a packet's own lengths are right (RFC 6716 section 3.4, R1 to R7): what is inside then decodes to something. */
export function isOpusPacket(packet: Buffer): boolean {
  const toc = packet[0];
  if (toc === undefined) return false;
  const frames = packet.subarray(1);
  switch (toc & 3) {
    case 0:
      return frames.length <= MAX_FRAME_BYTES;
    case 1:
      return frames.length % 2 === 0 && frames.length / 2 <= MAX_FRAME_BYTES;
    case 2: {
      const first = lengthAt(frames, 0);
      if (first === undefined) return false;
      const second = frames.length - first.end - first.length;
      return second >= 0 && second <= MAX_FRAME_BYTES;
    }
    default:
      return areManyFrames(frames, frameTenths(toc >> 3));
  }
}

/** Code 3: a count, padding, and frames of the same or of told lengths. */
function areManyFrames(data: Buffer, tenths: number): boolean {
  const head = data[0];
  if (head === undefined) return false;
  const count = head & 0x3f;
  if (count === 0 || count * tenths > MAX_PACKET_MS * 10) return false;
  let at = 1;
  let padding = 0;
  if ((head & 0x40) !== 0) {
    for (let more = 255; more === 255; at += 1) {
      more = data[at] ?? -1;
      if (more < 0) return false;
      padding += more === 255 ? 254 : more;
    }
  }
  const isVariable = (head & 0x80) !== 0;
  let told = 0;
  for (let n = 1; isVariable && n < count; n += 1) {
    const next = lengthAt(data, at);
    if (next === undefined) return false;
    told += next.length;
    at = next.end;
  }
  const left = data.length - at - padding - told;
  if (left < 0) return false;
  return isVariable ? left <= MAX_FRAME_BYTES : left % count === 0 && left / count <= MAX_FRAME_BYTES;
}

/** One or two bytes (RFC 6716 section 3.2.1). */
function lengthAt(data: Buffer, at: number): { length: number; end: number } | undefined {
  const first = data[at];
  if (first === undefined) return undefined;
  if (first < 252) return { length: first, end: at + 1 };
  const second = data[at + 1];
  return second === undefined ? undefined : { length: second * 4 + first, end: at + 2 };
}

function frameTenths(configuration: number): number {
  if (configuration < 12) return SILK[configuration & 3] ?? 0;
  if (configuration < 16) return HYBRID[configuration & 1] ?? 0;
  return CELT[configuration & 3] ?? 0;
}
