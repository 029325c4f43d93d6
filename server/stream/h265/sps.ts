import {
  BitReader,
  MAX_PARAMETER_SET_BYTES,
  skipDisplay,
  withoutEmulationPrevention,
} from '../h264/index.ts';
import { H265_NAL, H265_NAL_HEADER_BYTES, h265NalType } from './nal.ts';
import { H265_PROFILE_BYTES, type ProfileTierLevel, readProfileTierLevel } from './profile-tier-level.ts';
import { skipRefPicSets, skipScalingLists } from './sps-lists.ts';

/** What a sequence parameter set says (ITU-T H.265 section 7.3.2.2), as far as we need it. */
export interface H265SpsInfo {
  readonly id: number;
  readonly vpsId: number;
  readonly profile: ProfileTierLevel;
  /** The bytes of it, from `general_profile_space` to `general_level_idc`, as 24 hex digits. */
  readonly profileHex: string;
  readonly width: number;
  readonly height: number;
  /** 0 to 3: monochrome, 4:2:0, 4:2:2, 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepth: number;
  /** Pictures that may come before another one in decoding order and after it in order of presentation; 0: no B-pictures. */
  readonly reorderFrames: number;
  /** Temporal sub-layers, at least 1. */
  readonly subLayers: number;
  /** As declared in the VUI; cameras often declare wrong. */
  readonly fps?: number;
}

const MAX_SIDE = 16_384;

/** Reads an SPS NAL unit (with its two header bytes); undefined where it is none or makes no sense. */
export function parseH265Sps(nal: Buffer): H265SpsInfo | undefined {
  if (nal.length < 16 || nal.length > MAX_PARAMETER_SET_BYTES || h265NalType(nal) !== H265_NAL.sps) {
    return undefined;
  }
  const bytes = withoutEmulationPrevention(nal.subarray(H265_NAL_HEADER_BYTES));
  const reader = new BitReader(bytes);
  const vpsId = reader.bits(4);
  const maxSubLayersMinus1 = reader.bits(3);
  if (maxSubLayersMinus1 > 6) return undefined;
  reader.skip(1); // sps_temporal_id_nesting_flag
  const profile = readProfileTierLevel(reader, maxSubLayersMinus1);
  const id = reader.ue();
  const chromaFormat = reader.ue();
  const isSeparate = chromaFormat === 3 && reader.bit() === 1;
  const codedWidth = reader.ue();
  const codedHeight = reader.ue();
  const window = reader.bit() === 1 ? readWindow(reader) : { x: 0, y: 0 };
  const bitDepth = reader.ue() + 8;
  reader.ue(); // bit_depth_chroma_minus8
  const pocBits = reader.ue() + 4;
  const reorderFrames = readReorderFrames(reader, maxSubLayersMinus1);
  if (reader.overrun || id > 15 || chromaFormat > 3 || bitDepth > 16 || pocBits > 16) return undefined;
  // Section 6.2, table 6-1.
  const cropUnitX = !isSeparate && (chromaFormat === 1 || chromaFormat === 2) ? 2 : 1;
  const cropUnitY = !isSeparate && chromaFormat === 1 ? 2 : 1;
  const width = codedWidth - window.x * cropUnitX;
  const height = codedHeight - window.y * cropUnitY;
  if (!(width > 0 && width <= MAX_SIDE && height > 0 && height <= MAX_SIDE)) return undefined;
  const fps = readFps(reader, pocBits);
  return {
    id,
    vpsId,
    profile,
    profileHex: bytes.toString('hex', 1, 1 + H265_PROFILE_BYTES),
    width,
    height,
    chromaFormat,
    bitDepth,
    reorderFrames,
    subLayers: maxSubLayersMinus1 + 1,
    ...(fps === undefined ? {} : { fps }),
  };
}

function readWindow(reader: BitReader): { x: number; y: number } {
  const x = reader.ue() + reader.ue();
  const y = reader.ue() + reader.ue();
  return { x, y };
}

/** That of the highest sub-layer, which all of the stream's pictures belong to. */
function readReorderFrames(reader: BitReader, maxSubLayersMinus1: number): number {
  const isGivenForEach = reader.bit() === 1;
  let reorderFrames = 0;
  for (let layer = isGivenForEach ? 0 : maxSubLayersMinus1; layer <= maxSubLayersMinus1; layer += 1) {
    reader.ue(); // sps_max_dec_pic_buffering_minus1
    reorderFrames = reader.ue();
    reader.ue(); // sps_max_latency_increase_plus1
  }
  return Math.min(reorderFrames, 16);
}

/** All between the picture order counts and the timing of the VUI. */
function readFps(reader: BitReader, pocBits: number): number | undefined {
  for (let i = 0; i < 6; i += 1) reader.ue(); // sizes of coding and transform blocks
  if (reader.bit() === 1 && reader.bit() === 1) skipScalingLists(reader);
  reader.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (reader.bit() === 1) {
    reader.skip(8); // pcm_sample_bit_depth_luma_minus1, _chroma_minus1
    reader.ue();
    reader.ue();
    reader.skip(1); // pcm_loop_filter_disabled_flag
  }
  if (!skipRefPicSets(reader)) return undefined;
  if (reader.bit() === 1) {
    const longTermPictures = reader.ue();
    if (longTermPictures > 32) return undefined;
    reader.skip(longTermPictures * (pocBits + 1));
  }
  reader.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
  return reader.bit() === 1 ? readVuiFps(reader) : undefined;
}

/** The VUI up to its timing (section E.2.1). */
function readVuiFps(reader: BitReader): number | undefined {
  skipDisplay(reader);
  reader.skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (reader.bit() === 1) readWindow(reader); // default_display_window
  if (reader.bit() === 0) return undefined;
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  if (reader.overrun || unitsInTick === 0) return undefined;
  const fps = Math.round((timeScale / unitsInTick) * 1000) / 1000;
  return fps > 0 && fps <= 480 ? fps : undefined;
}
