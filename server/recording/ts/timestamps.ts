import { payloadAt, pcrAt, TS_PACKET_BYTES } from './packet.ts';

/** Times in MPEG-TS have 33 bits: at 90 kHz they wrap every 26.5 hours. */
export const WRAP_33 = 2 ** 33;
const WORD = 2 ** 32;

/** `value` modulo 2^33, never negative. */
export function wrap33(value: number): number {
  const rest = value % WRAP_33;
  return rest < 0 ? rest + WRAP_33 : rest;
}

/** The number congruent to `pts33` modulo 2^33 that is nearest to `near90k`. */
export function unwrap33(pts33: number, near90k: number): number {
  const ahead = wrap33(pts33 - near90k);
  return near90k + (ahead >= WRAP_33 / 2 ? ahead - WRAP_33 : ahead);
}

/** Where the parts of a PES header lie (ISO/IEC 13818-1 section 2.4.3.6); -1 where a time is missing. */
export interface PesHeader {
  readonly startAt: number;
  readonly streamId: number;
  readonly ptsAt: number;
  readonly dtsAt: number;
  /** Where the payload begins; may lie behind the packet's end. */
  readonly payloadAt: number;
  /** Bytes that follow the length field in all; 0 where it is not said (allowed for video only). */
  readonly length: number;
}

/** Reads the PES header in a packet that begins one; undefined where there is none, or it is nonsense. */
export function readPesHeader(data: Buffer, packetAt: number): PesHeader | undefined {
  const at = payloadAt(data, packetAt);
  const end = packetAt + TS_PACKET_BYTES;
  if (at + 9 > end || data[at] !== 0 || data[at + 1] !== 0 || data[at + 2] !== 1) return undefined;
  const streamId = data[at + 3] ?? 0;
  // Marker bits `10`: all streams with a time have them.
  if (((data[at + 6] ?? 0) & 0xc0) !== 0x80) return undefined;
  const flags = data[at + 7] ?? 0;
  const headerBytes = data[at + 8] ?? 0;
  const hasPts = (flags & 0x80) !== 0 && headerBytes >= 5 && at + 14 <= end;
  const hasDts = hasPts && (flags & 0x40) !== 0 && headerBytes >= 10 && at + 19 <= end;
  return {
    startAt: at,
    streamId,
    ptsAt: hasPts ? at + 9 : -1,
    dtsAt: hasDts ? at + 14 : -1,
    payloadAt: at + 9 + headerBytes,
    length: ((data[at + 4] ?? 0) << 8) | (data[at + 5] ?? 0),
  };
}

/** The 33 bits of a PTS or DTS. */
export function readTime33(data: Buffer, at: number): number {
  const high = ((data[at] ?? 0) >> 1) & 0x07;
  const middle = ((data[at + 1] ?? 0) << 7) | ((data[at + 2] ?? 0) >> 1);
  const low = ((data[at + 3] ?? 0) << 7) | ((data[at + 4] ?? 0) >> 1);
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}

/** Writes the 33 bits of a PTS or DTS and leaves the marks around them. */
export function writeTime33(data: Buffer, at: number, time33: number): void {
  const high = Math.floor(time33 / 2 ** 30) & 0x07;
  const low = time33 % 2 ** 30;
  data[at] = ((data[at] ?? 0) & 0xf1) | (high << 1);
  data[at + 1] = (low >> 22) & 0xff;
  data[at + 2] = ((low >> 14) & 0xfe) | 1;
  data[at + 3] = (low >> 7) & 0xff;
  data[at + 4] = ((low << 1) & 0xfe) | 1;
}

/** The part of a PCR that counts at 90 kHz, 33 bits. */
export function readPcr33(data: Buffer, at: number): number {
  return data.readUInt32BE(at) * 2 + ((data[at + 4] ?? 0) >> 7);
}

/** Writes the part of a PCR that counts at 90 kHz; the 27 MHz rest stays. */
export function writePcr33(data: Buffer, at: number, time33: number): void {
  data.writeUInt32BE(Math.floor(time33 / 2) % WORD, at);
  data[at + 4] = ((data[at + 4] ?? 0) & 0x7f) | ((time33 & 1) << 7);
}

/** Adds to PTS and DTS of a packet that begins a PES packet, in place. */
export function shiftPes(data: Buffer, pes: PesHeader, shift90k: number): void {
  if (pes.ptsAt >= 0) writeTime33(data, pes.ptsAt, wrap33(readTime33(data, pes.ptsAt) + shift90k));
  if (pes.dtsAt >= 0) writeTime33(data, pes.dtsAt, wrap33(readTime33(data, pes.dtsAt) + shift90k));
}

/** Adds to the PCR of a packet, if it has one, in place. */
export function shiftPcr(data: Buffer, packetAt: number, shift90k: number): void {
  const at = pcrAt(data, packetAt);
  if (at >= 0) writePcr33(data, at, wrap33(readPcr33(data, at) + shift90k));
}
