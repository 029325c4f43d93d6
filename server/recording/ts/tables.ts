import type { VideoCodec } from '../segment.ts';
import { payloadAt, SYNC_BYTE, TS_PACKET_BYTES } from './packet.ts';

/** The numbers that every segment uses, whatever FFmpeg chose. */
export const PMT_PID = 0x1000;
export const VIDEO_PID = 0x100;
export const AUDIO_PID = 0x101;
/** Of a clock that travels apart from picture and sound. */
export const CLOCK_PID = 0x102;
/** PAT and PMT at the head of each segment. */
export const TABLES_BYTES = 2 * TS_PACKET_BYTES;

const H264_TYPE = 0x1b;
/** ISO/IEC 13818-1:2013 table 2-34. */
const H265_TYPE = 0x24;
/** AAC in ADTS (ISO/IEC 13818-7). */
const ADTS_TYPE = 0x0f;
const PAT_TABLE = 0;
const PMT_TABLE = 2;
const PROGRAM = 1;

/** What a program map says, as far as segments hold it. */
export interface Program {
  readonly pcrPid: number;
  readonly videoPid: number | undefined;
  readonly videoCodec: VideoCodec;
  readonly audioPid: number | undefined;
}

/** The section that begins in this packet, without its CRC; undefined where it is damaged or does not fit into the packet. */
function section(data: Buffer, packetAt: number, tableId: number): Buffer | undefined {
  const pointerAt = payloadAt(data, packetAt);
  const end = packetAt + TS_PACKET_BYTES;
  const at = pointerAt + 1 + (data[pointerAt] ?? 0);
  if (at + 12 > end || data[at] !== tableId) return undefined;
  const length = (((data[at + 1] ?? 0) & 0x0f) << 8) | (data[at + 2] ?? 0);
  const sectionEnd = at + 3 + length;
  if (length < 9 || sectionEnd > end) return undefined;
  // The CRC over a section with its CRC is 0.
  return crc32Mpeg(data, at, sectionEnd) === 0 ? data.subarray(at, sectionEnd - 4) : undefined;
}

/** The PID of the first program's map (ISO/IEC 13818-1 section 2.4.4.3); undefined where the table is damaged or empty. */
export function parsePat(data: Buffer, packetAt: number): number | undefined {
  const pat = section(data, packetAt, PAT_TABLE);
  if (pat === undefined) return undefined;
  for (let at = 8; at + 4 <= pat.length; at += 4) {
    // Program 0 names the network table.
    if (pat.readUInt16BE(at) !== 0) return pat.readUInt16BE(at + 2) & 0x1fff;
  }
  return undefined;
}

/** The first H.264 or H.265 and the first AAC stream of a program map (section 2.4.4.8); undefined where it is damaged. */
export function parsePmt(data: Buffer, packetAt: number): Program | undefined {
  const pmt = section(data, packetAt, PMT_TABLE);
  if (pmt === undefined || pmt.length < 12) return undefined;
  let videoPid: number | undefined;
  let videoCodec: VideoCodec = 'h264';
  let audioPid: number | undefined;
  let at = 12 + (pmt.readUInt16BE(10) & 0x0fff);
  while (at + 5 <= pmt.length) {
    const type = pmt[at];
    const pid = pmt.readUInt16BE(at + 1) & 0x1fff;
    if ((type === H264_TYPE || type === H265_TYPE) && videoPid === undefined) {
      videoPid = pid;
      videoCodec = type === H265_TYPE ? 'h265' : 'h264';
    } else if (type === ADTS_TYPE) audioPid ??= pid;
    at += 5 + (pmt.readUInt16BE(at + 3) & 0x0fff);
  }
  return { pcrPid: pmt.readUInt16BE(8) & 0x1fff, videoPid, videoCodec, audioPid };
}

export interface TablesOptions {
  readonly videoCodec: VideoCodec;
  readonly hasAudio: boolean;
  /** Default: the picture carries the clock. */
  readonly pcrPid?: number;
  /** Continuity counter of both packets. */
  readonly continuity: number;
}

/** Writes PAT and PMT as two packets, `TABLES_BYTES` in all. */
export function writeTables(target: Buffer, at: number, options: TablesOptions): void {
  target.fill(0xff, at, at + TABLES_BYTES);
  const pat = [PAT_TABLE, 0, 0, 0, 1, 0xc1, 0, 0];
  pat.push(PROGRAM >> 8, PROGRAM & 0xff, 0xe0 | (PMT_PID >> 8), PMT_PID & 0xff);
  writeSection(target, at, 0, options.continuity, pat);
  const pcrPid = options.pcrPid ?? VIDEO_PID;
  const pmt = [PMT_TABLE, 0, 0, PROGRAM >> 8, PROGRAM & 0xff, 0xc1, 0, 0];
  pmt.push(0xe0 | (pcrPid >> 8), pcrPid & 0xff, 0xf0, 0);
  pmt.push(
    options.videoCodec === 'h265' ? H265_TYPE : H264_TYPE,
    0xe0 | (VIDEO_PID >> 8),
    VIDEO_PID & 0xff,
    0xf0,
    0,
  );
  if (options.hasAudio) pmt.push(ADTS_TYPE, 0xe0 | (AUDIO_PID >> 8), AUDIO_PID & 0xff, 0xf0, 0);
  writeSection(target, at + TS_PACKET_BYTES, PMT_PID, options.continuity, pmt);
}

/** Bytes 1 and 2 of `bytes` are set to the section's length. */
function writeSection(
  target: Buffer,
  at: number,
  pid: number,
  continuity: number,
  bytes: readonly number[],
): void {
  target[at] = SYNC_BYTE;
  target[at + 1] = 0x40 | (pid >> 8);
  target[at + 2] = pid & 0xff;
  target[at + 3] = 0x10 | (continuity & 0x0f);
  target[at + 4] = 0;
  const start = at + 5;
  target.set(bytes, start);
  target.writeUInt16BE(0xb000 | (bytes.length - 3 + 4), start + 1);
  target.writeUInt32BE(crc32Mpeg(target, start, start + bytes.length), start + bytes.length);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

/** The CRC of ISO/IEC 13818-1 annex A: not reflected, not inverted. */
function crc32Mpeg(data: Buffer, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at += 1) {
    crc = ((crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ (data[at] ?? 0)) & 0xff] ?? 0)) >>> 0;
  }
  return crc;
}
