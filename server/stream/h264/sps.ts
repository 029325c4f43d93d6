import { BitReader } from './bit-reader.ts';

/** What a sequence parameter set says (H.264 section 7.3.2.1.1), as far as we need it. */
export interface SpsInfo {
  readonly id: number;
  readonly profileIdc: number;
  /** profile_idc, constraint flags and level_idc as six hex digits (RFC 6184 section 8.1). */
  readonly profileLevelId: string;
  readonly width: number;
  readonly height: number;
  /** As declared in the VUI; cameras often declare wrong. */
  readonly fps?: number;
}

export const MAX_PARAMETER_SET_BYTES = 4096;
const MAX_SIDE = 16_384;
const EXTENDED_SAR = 255;
/** Profiles whose SPS carries chroma format and scaling lists. */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);

/** Reads an SPS NAL unit (with its header byte); undefined where it is none or makes no sense. */
export function parseSps(nal: Buffer): SpsInfo | undefined {
  if (nal.length < 4 || nal.length > MAX_PARAMETER_SET_BYTES || ((nal[0] ?? 0) & 0x1f) !== 7)
    return undefined;
  const reader = new BitReader(withoutEmulationPrevention(nal.subarray(1)));
  const profileIdc = reader.bits(8);
  reader.skip(16);
  const id = reader.ue();
  const chroma = HIGH_PROFILES.has(profileIdc) ? readChroma(reader) : { format: 1, separate: false };
  reader.ue(); // log2_max_frame_num_minus4
  readPictureOrderCount(reader);
  reader.ue(); // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const widthInMbs = reader.ue() + 1;
  const heightInMapUnits = reader.ue() + 1;
  const framesOnly = reader.bit() === 1;
  if (!framesOnly) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const crop = reader.bit() === 1 ? readCrop(reader) : { x: 0, y: 0 };
  if (reader.overrun || id > 31) return undefined;
  const fieldFactor = framesOnly ? 1 : 2;
  const hasChroma = chroma.format !== 0 && !chroma.separate;
  const cropUnitX = hasChroma && chroma.format !== 3 ? 2 : 1;
  const cropUnitY = (hasChroma && chroma.format === 1 ? 2 : 1) * fieldFactor;
  const width = widthInMbs * 16 - crop.x * cropUnitX;
  const height = heightInMapUnits * 16 * fieldFactor - crop.y * cropUnitY;
  if (!(width > 0 && width <= MAX_SIDE && height > 0 && height <= MAX_SIDE)) return undefined;
  const fps = reader.bit() === 1 ? readFps(reader) : undefined;
  return {
    id,
    profileIdc,
    profileLevelId: nal.toString('hex', 1, 4),
    width,
    height,
    ...(fps === undefined ? {} : { fps }),
  };
}

/** Takes out the `03` of each `00 00 03` (H.264 section 7.4.1). */
export function withoutEmulationPrevention(bytes: Buffer): Buffer {
  const result = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    result[size] = byte;
    size += 1;
  }
  return result.subarray(0, size);
}

function readChroma(reader: BitReader): { format: number; separate: boolean } {
  const format = reader.ue();
  const separate = format === 3 && reader.bit() === 1;
  reader.ue(); // bit_depth_luma_minus8
  reader.ue(); // bit_depth_chroma_minus8
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.bit() === 1) {
    const lists = format === 3 ? 12 : 8;
    for (let i = 0; i < lists; i += 1) {
      if (reader.bit() === 1) skipScalingList(reader, i < 6 ? 16 : 64);
    }
  }
  return { format, separate };
}

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i += 1) {
    if (next !== 0) next = (last + reader.se() + 256) & 0xff;
    last = next === 0 ? last : next;
  }
}

function readPictureOrderCount(reader: BitReader): void {
  const type = reader.ue();
  if (type === 0) {
    reader.ue(); // log2_max_pic_order_cnt_lsb_minus4
  } else if (type === 1) {
    reader.skip(1); // delta_pic_order_always_zero_flag
    reader.se(); // offset_for_non_ref_pic
    reader.se(); // offset_for_top_to_bottom_field
    const cycle = Math.min(255, reader.ue());
    for (let i = 0; i < cycle; i += 1) reader.se();
  }
}

function readCrop(reader: BitReader): { x: number; y: number } {
  const x = reader.ue() + reader.ue();
  const y = reader.ue() + reader.ue();
  return { x, y };
}

/** The VUI up to its timing (H.264 section E.1.1). */
function readFps(reader: BitReader): number | undefined {
  if (reader.bit() === 1 && reader.bits(8) === EXTENDED_SAR) reader.skip(32);
  if (reader.bit() === 1) reader.skip(1); // overscan
  if (reader.bit() === 1) {
    reader.skip(4); // video_format, video_full_range_flag
    if (reader.bit() === 1) reader.skip(24); // colour description
  }
  if (reader.bit() === 1) {
    reader.ue(); // chroma_sample_loc_type_top_field
    reader.ue(); // chroma_sample_loc_type_bottom_field
  }
  if (reader.bit() === 0) return undefined;
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  if (reader.overrun || unitsInTick === 0) return undefined;
  // A frame is two ticks, also in progressive streams.
  const fps = Math.round((timeScale / unitsInTick / 2) * 1000) / 1000;
  return fps > 0 && fps <= 480 ? fps : undefined;
}
