import { assertNever } from '../../../shared/result.ts';
import { type TrackFormat, type Unit, withoutEmulationPrevention } from '../../stream/index.ts';

/** Of all times here, in ms: FFmpeg reads them with a time base of 1/1000. */
const TIMESTAMP_SCALE_NS = 1_000_000;
/** A size that is not known (RFC 8794 section 6.2): the element lasts till the end of the input. */
const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
/** Cluster with its size, timestamp (8 bytes), SimpleBlock with its size, track number, relative time and flags. */
const UNIT_HEAD_BYTES = 4 + 8 + 10 + 1 + 8 + 4;
const KEY_FRAME_FLAG = 0x80;
const NAL_LENGTH_BYTES = 4;
const WAVE_FORMAT_ALAW = 6;
const WAVE_FORMAT_MULAW = 7;

/** Whether FFmpeg can be given this track as Matroska. */
export function isMatroskaTrack(format: TrackFormat): boolean {
  return codecOf(format) !== undefined;
}

/**
 * What a Matroska file (RFC 9559) begins with that holds one track and never ends. Matroska tells FFmpeg where each unit
 * ends and when it is shown, so it decodes a picture as soon as it has it; of RTP and of MPEG-TS it waits for the next.
 * Throws where `isMatroskaTrack` says no.
 */
export function matroskaHeader(format: TrackFormat): Buffer {
  const codec = codecOf(format);
  if (codec === undefined) throw new Error(`no Matroska for ${format.codec}`);
  const kind =
    format.kind === 'video'
      ? [
          element(0x83, uint(1)),
          element(0xe0, element(0xb0, uint(format.width)), element(0xba, uint(format.height))),
        ]
      : [
          element(0x83, uint(2)),
          element(0xe1, element(0xb5, float(format.clockRate)), element(0x9f, uint(format.channels))),
        ];
  const track = element(
    0xae,
    element(0xd7, uint(1)),
    element(0x73c5, uint(1)),
    element(0x9c, uint(0)),
    element(0x86, Buffer.from(codec.id)),
    element(0x63a2, codec.config),
    ...kind,
  );
  return Buffer.concat([
    element(
      0x1a45dfa3,
      element(0x4282, Buffer.from('matroska')),
      element(0x4287, uint(4)),
      element(0x4285, uint(2)),
    ),
    id(0x18538067),
    UNKNOWN_SIZE,
    element(
      0x1549a966,
      element(0x2ad7b1, uint(TIMESTAMP_SCALE_NS)),
      element(0x4d80, Buffer.from('sluice')),
      element(0x5741, Buffer.from('sluice')),
    ),
    element(0x1654ae6b, track),
  ]);
}

/** One unit, in a cluster of its own. Key frames bring their parameter sets, which may have changed since the header. */
export function matroskaUnit(unit: Pick<Unit, 'format' | 'payloads' | 'isKeyFrame'>, timeMs: number): Buffer {
  const isVideo = unit.format.kind === 'video';
  const payloads = unit.isKeyFrame ? [...parameterSets(unit.format), ...unit.payloads] : unit.payloads;
  let mediaBytes = 0;
  for (const payload of payloads) mediaBytes += payload.length + (isVideo ? NAL_LENGTH_BYTES : 0);
  const made = Buffer.allocUnsafe(UNIT_HEAD_BYTES + mediaBytes);
  let at = made.writeUInt32BE(0x1f43b675, 0);
  at = writeSize(made, made.length - 12, at);
  at = made.writeUInt16BE(0xe788, at);
  at = made.writeBigUInt64BE(BigInt(timeMs), at);
  at = made.writeUInt8(0xa3, at);
  at = writeSize(made, mediaBytes + 4, at);
  // Track 1, 0 ms after its cluster.
  at = made.writeUInt8(0x81, at);
  at = made.writeUInt16BE(0, at);
  at = made.writeUInt8(unit.isKeyFrame ? KEY_FRAME_FLAG : 0, at);
  for (const payload of payloads) {
    if (isVideo) at = made.writeUInt32BE(payload.length, at);
    at += payload.copy(made, at);
  }
  return made;
}

interface MatroskaCodec {
  readonly id: string;
  readonly config: Buffer;
}

function codecOf(format: TrackFormat): MatroskaCodec | undefined {
  switch (format.codec) {
    case 'h264':
      return { id: 'V_MPEG4/ISO/AVC', config: avcConfig(format.sps, format.pps) };
    case 'h265':
      return { id: 'V_MPEGH/ISO/HEVC', config: hevcConfig(format.vps, format.sps, format.pps) };
    case 'aac':
      return format.config === undefined ? undefined : { id: 'A_AAC', config: format.config };
    case 'pcma':
      return { id: 'A_MS/ACM', config: waveFormat(WAVE_FORMAT_ALAW, format.clockRate, format.channels) };
    case 'pcmu':
      return { id: 'A_MS/ACM', config: waveFormat(WAVE_FORMAT_MULAW, format.clockRate, format.channels) };
    case 'opus':
    case 'g722':
      return undefined;
    default:
      return assertNever(format);
  }
}

function parameterSets(format: TrackFormat): readonly Buffer[] {
  if (format.kind === 'audio') return [];
  return format.codec === 'h265'
    ? [...format.vps, ...format.sps, ...format.pps]
    : [...format.sps, ...format.pps];
}

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1). */
function avcConfig(sps: readonly Buffer[], pps: readonly Buffer[]): Buffer {
  const head = Buffer.from([
    1,
    sps[0]?.[1] ?? 0,
    sps[0]?.[2] ?? 0,
    sps[0]?.[3] ?? 0,
    0xfc | (NAL_LENGTH_BYTES - 1),
  ]);
  return Buffer.concat([
    head,
    Buffer.from([0xe0 | sps.length]),
    ...sps.map(withLength16),
    Buffer.from([pps.length]),
    ...pps.map(withLength16),
  ]);
}

/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 8.3.3.1); what FFmpeg does not look at is 0. */
function hevcConfig(vps: readonly Buffer[], sps: readonly Buffer[], pps: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(23);
  head[0] = 1;
  // profile_tier_level follows the NAL header and one byte of the SPS (ITU-T H.265 section 7.3.2.2).
  withoutEmulationPrevention(sps[0] ?? Buffer.alloc(0)).copy(head, 1, 3, 15);
  head.set([0xf0, 0x00, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0c | (NAL_LENGTH_BYTES - 1), 3], 13);
  const array = (type: number, nals: readonly Buffer[]) => [
    Buffer.from([0x80 | type, nals.length >> 8, nals.length & 0xff]),
    ...nals.map(withLength16),
  ];
  return Buffer.concat([head, ...array(32, vps), ...array(33, sps), ...array(34, pps)]);
}

function withLength16(nal: Buffer): Buffer {
  return Buffer.concat([Buffer.from([nal.length >> 8, nal.length & 0xff]), nal]);
}

/** WAVEFORMATEX of G.711, which has 8 bits a sample. */
function waveFormat(tag: number, sampleRate: number, channels: number): Buffer {
  const made = Buffer.alloc(18);
  made.writeUInt16LE(tag, 0);
  made.writeUInt16LE(channels, 2);
  made.writeUInt32LE(sampleRate, 4);
  made.writeUInt32LE(sampleRate * channels, 8);
  made.writeUInt16LE(channels, 12);
  made.writeUInt16LE(8, 14);
  return made;
}

function element(elementId: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = Buffer.alloc(8);
  writeSize(size, content.length, 0);
  return Buffer.concat([id(elementId), size, content]);
}

/** An element's id as it is written: one to four bytes. */
function id(elementId: number): Buffer {
  const made = Buffer.alloc(4);
  made.writeUInt32BE(elementId, 0);
  return made.subarray(made.findIndex((byte) => byte !== 0));
}

/** A size below 4 GiB in eight bytes. */
function writeSize(into: Buffer, sizeBytes: number, at: number): number {
  return into.writeUInt32BE(sizeBytes, into.writeUInt32BE(0x0100_0000, at));
}

function uint(value: number): Buffer {
  const made = Buffer.alloc(4);
  made.writeUInt32BE(value, 0);
  return made;
}

function float(value: number): Buffer {
  const made = Buffer.alloc(8);
  made.writeDoubleBE(value, 0);
  return made;
}
