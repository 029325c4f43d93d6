import { BitReader } from './bit-reader.ts';
import { skipDisplay } from './vui.ts';

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
  /**
   * How many pictures at most are decoded ahead of one that is shown before them (max_num_reorder_frames of the VUI, or
   * 0 where the profile or the order count leaves no other choice); undefined where nothing says it.
   */
  readonly reorderFrames?: number;
  readonly slice: SliceSyntax;
  readonly vui: VuiPlace;
}

/** What has to be known to read the heads of slices (H.264 section 7.3.3). */
export interface SliceSyntax {
  readonly frameNumBits: number;
  readonly framesOnly: boolean;
  readonly separatePlanes: boolean;
  readonly pocType: number;
  /** Of pic_order_cnt_lsb, where `pocType` is 0. */
  readonly pocLsbBits: number;
}

/** Where the VUI lies in an SPS, in bits of its payload behind the NAL header without emulation prevention. */
export interface VuiPlace {
  /** Of vui_parameters_present_flag. */
  readonly flagAt: number;
  /** Of bitstream_restriction_flag; undefined where there is no VUI. */
  readonly restrictionAt?: number;
  /** What max_dec_frame_buffering may not be below. */
  readonly maxRefFrames: number;
}

export const MAX_PARAMETER_SET_BYTES = 4096;
const MAX_SIDE = 16_384;
/** H.264 section A.3.1: no level allows more. */
const MAX_DPB_FRAMES = 16;
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
  const frameNumBits = reader.ue() + 4;
  const order = readPictureOrderCount(reader);
  const maxRefFrames = reader.ue();
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
  const flagAt = reader.at;
  const vui = reader.bit() === 1 ? readVui(reader) : undefined;
  const constraints = nal[2] ?? 0;
  const isInOrder = order.type === 2 || cannotReorder(profileIdc, constraints);
  const reorderFrames = isInOrder ? 0 : vui?.reorderFrames;
  const { fps, restrictionAt } = vui ?? {};
  return {
    id,
    profileIdc,
    profileLevelId: nal.toString('hex', 1, 4),
    width,
    height,
    ...(fps === undefined ? {} : { fps }),
    ...(reorderFrames === undefined ? {} : { reorderFrames }),
    slice: {
      frameNumBits,
      framesOnly,
      separatePlanes: chroma.separate,
      pocType: order.type,
      pocLsbBits: order.lsbBits,
    },
    vui: { flagAt, maxRefFrames, ...(restrictionAt === undefined ? {} : { restrictionAt }) },
  };
}

const BASELINE = 66;
/** Profiles whose constraint_set3_flag says that there are only key frames (H.264 section E.2.1). */
const INTRA_PROFILES: ReadonlySet<number> = new Set([44, 86, 100, 110, 122, 244]);

/** Whether the profile has no pictures that are shown in another order than they are decoded in. */
function cannotReorder(profileIdc: number, constraints: number): boolean {
  return profileIdc === BASELINE || (INTRA_PROFILES.has(profileIdc) && (constraints & 0x10) !== 0);
}

/** Takes out the `03` of each `00 00 03` (H.264 section 7.4.1). */
export function withoutEmulationPrevention(bytes: Buffer): Buffer {
  const result = Buffer.allocUnsafe(bytes.length);
  return result.subarray(0, takeOutEmulationPrevention(bytes, 0, bytes.length, result));
}

/** The same for the bytes from `start` to before `end`, which go to the beginning of `target`; gives how many those are. */
export function takeOutEmulationPrevention(
  bytes: Buffer,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  let size = 0;
  let zeros = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    target[size] = byte;
    size += 1;
  }
  return size;
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

function readPictureOrderCount(reader: BitReader): { type: number; lsbBits: number } {
  const type = reader.ue();
  let lsbBits = 0;
  if (type === 0) {
    lsbBits = reader.ue() + 4;
  } else if (type === 1) {
    reader.skip(1); // delta_pic_order_always_zero_flag
    reader.se(); // offset_for_non_ref_pic
    reader.se(); // offset_for_top_to_bottom_field
    const cycle = Math.min(255, reader.ue());
    for (let i = 0; i < cycle; i += 1) reader.se();
  }
  return { type, lsbBits };
}

function readCrop(reader: BitReader): { x: number; y: number } {
  const x = reader.ue() + reader.ue();
  const y = reader.ue() + reader.ue();
  return { x, y };
}

interface Vui {
  readonly fps?: number;
  readonly restrictionAt?: number;
  readonly reorderFrames?: number;
}

/** H.264 section E.1.1. Cameras break off in the middle of it; what came before still counts. */
function readVui(reader: BitReader): Vui {
  skipDisplay(reader);
  const fps = reader.bit() === 1 ? readFps(reader) : undefined;
  const hasNalHrd = reader.bit() === 1;
  if (hasNalHrd) skipHrd(reader);
  const hasVclHrd = reader.bit() === 1;
  if (hasVclHrd) skipHrd(reader);
  if (hasNalHrd || hasVclHrd) reader.skip(1); // low_delay_hrd_flag
  reader.skip(1); // pic_struct_present_flag
  const restrictionAt = reader.at;
  const isRestricted = reader.bit() === 1;
  const known = fps === undefined ? {} : { fps };
  if (reader.overrun) return known;
  if (!isRestricted) return { ...known, restrictionAt };
  reader.skip(1); // motion_vectors_over_pic_boundaries_flag
  for (let i = 0; i < 4; i += 1) reader.ue(); // bytes and bits of a picture at most, lengths of vectors
  const reorderFrames = reader.ue();
  reader.ue(); // max_dec_frame_buffering
  if (reader.overrun || reorderFrames > MAX_DPB_FRAMES) return known;
  return { ...known, restrictionAt, reorderFrames };
}

/** H.264 section E.1.2. */
function skipHrd(reader: BitReader): void {
  const count = Math.min(32, reader.ue() + 1);
  reader.skip(8); // bit_rate_scale, cpb_size_scale
  for (let i = 0; i < count; i += 1) {
    reader.ue();
    reader.ue();
    reader.skip(1); // cbr_flag
  }
  reader.skip(20); // lengths of delays and of the time offset
}

function readFps(reader: BitReader): number | undefined {
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  const isWhole = !reader.overrun;
  reader.skip(1); // fixed_frame_rate_flag
  if (!isWhole || unitsInTick === 0) return undefined;
  // A frame is two ticks, also in progressive streams.
  const fps = Math.round((timeScale / unitsInTick / 2) * 1000) / 1000;
  return fps > 0 && fps <= 480 ? fps : undefined;
}
