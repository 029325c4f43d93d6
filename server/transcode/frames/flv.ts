/**
 * Writes H.264 as an FLV stream: the one container that FFmpeg reads picture by picture, without waiting for the next one,
 * and that carries a time and new parameter sets with each. Layout: Adobe Flash Video File Format Specification 10.1, annex E.
 */

/** The file header (video only) and the size of the tag before the first, which is none. */
export const FLV_HEADER = Buffer.from([0x46, 0x4c, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0]);

const TAG_HEADER_BYTES = 11;
const VIDEO_TAG = 9;
const AVC_HEADER_BYTES = 5;
const AVC_CONFIGURATION = 0;
const AVC_PICTURE = 1;
const KEY_FRAME_AVC = 0x17;
const INTER_FRAME_AVC = 0x27;

/** Parameter sets as an AVCDecoderConfigurationRecord (ISO 14496-15 section 5.3.3.1), for all pictures from here on. */
export function flvParameterSets(sps: readonly Buffer[], pps: readonly Buffer[], dtsMs: number): Buffer {
  const [first] = sps;
  if (first === undefined || first.length < 4) throw new RangeError('no SPS');
  const head = [1, first[1] ?? 0, first[2] ?? 0, first[3] ?? 0, 0xff];
  const record = Buffer.concat([
    Buffer.from([...head, 0xe0 | (sps.length & 0x1f)]),
    ...sps.flatMap(withLength16),
    Buffer.from([pps.length & 0xff]),
    ...pps.flatMap(withLength16),
  ]);
  return tag(dtsMs, 0, KEY_FRAME_AVC, AVC_CONFIGURATION, [record]);
}

/** One access unit; NAL units without start codes. `ptsMs` less `dtsMs` must fit into 24 bits with a sign. */
export function flvPicture(unit: {
  readonly nalUnits: readonly Buffer[];
  readonly isKeyFrame: boolean;
  readonly ptsMs: number;
  readonly dtsMs: number;
}): Buffer {
  const parts: Buffer[] = [];
  for (const nalUnit of unit.nalUnits) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(nalUnit.length);
    parts.push(length, nalUnit);
  }
  const frame = unit.isKeyFrame ? KEY_FRAME_AVC : INTER_FRAME_AVC;
  return tag(unit.dtsMs, unit.ptsMs - unit.dtsMs, frame, AVC_PICTURE, parts);
}

function withLength16(nalUnit: Buffer): Buffer[] {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(nalUnit.length);
  return [length, nalUnit];
}

function tag(
  dtsMs: number,
  compositionMs: number,
  frame: number,
  kind: number,
  parts: readonly Buffer[],
): Buffer {
  const bodyBytes = AVC_HEADER_BYTES + parts.reduce((sum, part) => sum + part.length, 0);
  const out = Buffer.alloc(TAG_HEADER_BYTES + bodyBytes + 4);
  out[0] = VIDEO_TAG;
  out.writeUIntBE(bodyBytes, 1, 3);
  // The lower 24 bits first, then the upper 8.
  out.writeUIntBE(dtsMs & 0xffffff, 4, 3);
  out[7] = (dtsMs >>> 24) & 0x7f;
  out[11] = frame;
  out[12] = kind;
  out.writeIntBE(compositionMs, 13, 3);
  let offset = TAG_HEADER_BYTES + AVC_HEADER_BYTES;
  for (const part of parts) offset += part.copy(out, offset);
  out.writeUInt32BE(TAG_HEADER_BYTES + bodyBytes, offset);
  return out;
}
