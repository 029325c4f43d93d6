import { crc32 } from 'node:zlib';
import { RECORDING_CAUSES, type Recording, type Segment, videoCodecOf } from '../segment.ts';

/**
 * A segment's file ends with one TS null packet (ISO/IEC 13818-1 section 2.4.3.3: players ignore what is in it) that
 * tells what the index knows of the segment. So the index can be made anew from the files, exactly, by reading 188
 * bytes of each; and a file that was torn or changed is known.
 */
export const FOOTER_BYTES = 188;

const HEADER = Buffer.from([0x47, 0x1f, 0xff, 0x10]);
const MAGIC = Buffer.from('SLUICE01', 'latin1');
const KEY_BYTES = 16;
const TEXT_BYTES = 64;
const PROFILE_BYTES = 6;
/** Behind all else: the profile of H.265, where there is none of H.264. */
const H265_PROFILE_BYTES = 12;
const CRC_AT = FOOTER_BYTES - 4;

/** What the footer tells. */
export interface SegmentFooter {
  readonly recording: Recording;
  /** Its row id, so that an index made anew has the recordings in the same order. */
  readonly recordingId: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly startPts90k: number;
  readonly duration90k: number;
  /** Of the media, without the footer. */
  readonly sizeBytes: number;
  /** CRC-32 (as in zlib) of the media. */
  readonly dataCrc32: number;
}

/** The footer for a segment's file. Throws where a text of the recording does not fit. */
export function writeFooter(segment: Segment, recordingId: number): Buffer {
  const { recording } = segment;
  const { format } = recording;
  const footer = Buffer.alloc(FOOTER_BYTES, 0xff);
  let at = HEADER.copy(footer);
  at += MAGIC.copy(footer, at);
  at = footer.writeDoubleBE(recordingId, at);
  at = writeText(footer, at, recording.key, KEY_BYTES);
  at = footer.writeDoubleBE(recording.startMs, at);
  at = footer.writeUInt8(RECORDING_CAUSES.indexOf(recording.cause), at);
  at = footer.writeUInt8(recording.isRepeat ? 1 : 0, at);
  at = writeText(footer, at, format.parameterSetsId, TEXT_BYTES);
  const isH265 = videoCodecOf(format.profileLevelId) === 'h265';
  at = writeText(footer, at, isH265 ? '' : format.profileLevelId, PROFILE_BYTES);
  at = footer.writeUInt16BE(format.width, at);
  at = footer.writeUInt16BE(format.height, at);
  at = footer.writeUInt32BE(format.audio?.clockRate ?? 0, at);
  at = footer.writeUInt8(format.audio?.channels ?? 0, at);
  at = footer.writeDoubleBE(segment.startMs, at);
  at = footer.writeDoubleBE(segment.endMs, at);
  at = footer.writeDoubleBE(segment.startPts90k, at);
  at = footer.writeDoubleBE(segment.duration90k, at);
  at = footer.writeUInt32BE(segment.data.length, at);
  at = footer.writeUInt32BE(crc32(segment.data), at);
  if (isH265) footer.write(format.profileLevelId, at, H265_PROFILE_BYTES, 'hex');
  footer.writeUInt32BE(crc32(footer.subarray(0, CRC_AT)), CRC_AT);
  return footer;
}

/** Reads the last 188 bytes of a file; undefined where they are no footer, or a damaged one. */
export function readFooter(footer: Buffer): SegmentFooter | undefined {
  if (footer.length !== FOOTER_BYTES || !footer.subarray(0, 4).equals(HEADER)) return undefined;
  if (!footer.subarray(4, 12).equals(MAGIC)) return undefined;
  if (footer.readUInt32BE(CRC_AT) !== crc32(footer.subarray(0, CRC_AT))) return undefined;
  const fields = new Fields(footer, 12);
  const recordingId = fields.double();
  const key = fields.text(KEY_BYTES);
  const recordingStartMs = fields.double();
  const cause = RECORDING_CAUSES[fields.byte()] ?? 'recovered';
  const isRepeat = fields.byte() === 1;
  const parameterSetsId = fields.text(TEXT_BYTES);
  const h264Profile = fields.text(PROFILE_BYTES);
  const width = fields.short();
  const height = fields.short();
  const clockRate = fields.long();
  const channels = fields.byte();
  const times = {
    startMs: fields.double(),
    endMs: fields.double(),
    startPts90k: fields.double(),
    duration90k: fields.double(),
    sizeBytes: fields.long(),
    dataCrc32: fields.long(),
  };
  const profileLevelId = h264Profile === '' ? fields.hex(H265_PROFILE_BYTES) : h264Profile;
  const videoCodec = videoCodecOf(profileLevelId);
  const format = { parameterSetsId, videoCodec, profileLevelId, width, height };
  return {
    recording: {
      key,
      startMs: recordingStartMs,
      cause,
      isRepeat,
      format: clockRate === 0 ? format : { ...format, audio: { clockRate, channels } },
    },
    recordingId,
    ...times,
  };
}

/** Reads one field after the other. */
class Fields {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#skip(2));
  }

  long(): number {
    return this.#bytes.readUInt32BE(this.#skip(4));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#skip(8));
  }

  text(maxBytes: number): string {
    const size = Math.min(this.byte(), maxBytes);
    const at = this.#skip(maxBytes);
    return this.#bytes.toString('latin1', at, at + size);
  }

  hex(bytes: number): string {
    const at = this.#skip(bytes);
    return this.#bytes.toString('hex', at, at + bytes);
  }

  #skip(bytes: number): number {
    this.#at += bytes;
    return this.#at - bytes;
  }
}

/** One byte of length, then the text in a field of fixed size. */
function writeText(target: Buffer, at: number, text: string, maxBytes: number): number {
  if (text.length > maxBytes) throw new RangeError(`${text} is longer than ${maxBytes} characters`);
  target.writeUInt8(text.length, at);
  target.fill(0, at + 1, at + 1 + maxBytes);
  target.write(text, at + 1, 'latin1');
  return at + 1 + maxBytes;
}
