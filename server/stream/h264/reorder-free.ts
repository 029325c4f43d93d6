import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';
import { parseSps, withoutEmulationPrevention } from './sps.ts';

/** Default values of what stands before max_num_reorder_frames (H.264 section E.2.1). */
const MAX_BYTES_PER_PICTURE_DENOMINATOR = 2;
const MAX_BITS_PER_MACROBLOCK_DENOMINATOR = 1;
const LOG2_MAX_VECTOR_LENGTH = 16;

/**
 * The same SPS NAL unit, saying that every picture is shown as soon as it is decoded (max_num_reorder_frames 0, H.264
 * section E.2.1). Without that a decoder may hold pictures back, in case one is to be shown before them. For streams whose
 * pictures are in order, or were put in order. One that cannot be read, or says so already, is given back as it is.
 */
export function reorderFree(sps: Buffer): Buffer {
  const info = parseSps(sps);
  if (info === undefined || info.reorderFrames === 0) return sps;
  const { flagAt, restrictionAt, maxRefFrames } = info.vui;
  const payload = withoutEmulationPrevention(sps.subarray(1));
  const endAt = stopBitAt(payload);
  const isBare = restrictionAt === undefined;
  // Where there is no VUI nothing but the end may follow; where there is one, it has to be whole.
  if (endAt === undefined || (isBare ? endAt !== flagAt + 1 : endAt <= restrictionAt)) return sps;
  const reader = new BitReader(payload);
  const writer = new BitWriter();
  const copied = isBare ? flagAt : restrictionAt;
  for (let i = 0; i < copied; i += 1) writer.bit(reader.bit());
  if (isBare) {
    writer.bit(1);
    // No aspect ratio, overscan, video signal, chroma location, timing, NAL HRD, VCL HRD, picture structure.
    writer.bits(0, 8);
  }
  writer.bit(1); // bitstream_restriction_flag
  writer.bit(1); // motion_vectors_over_pic_boundaries_flag
  writer.ue(MAX_BYTES_PER_PICTURE_DENOMINATOR);
  writer.ue(MAX_BITS_PER_MACROBLOCK_DENOMINATOR);
  writer.ue(LOG2_MAX_VECTOR_LENGTH);
  writer.ue(LOG2_MAX_VECTOR_LENGTH);
  writer.ue(0); // max_num_reorder_frames
  writer.ue(maxRefFrames); // max_dec_frame_buffering
  writer.bit(1); // rbsp_stop_one_bit
  return Buffer.concat([sps.subarray(0, 1), withEmulationPrevention(writer.bytes())]);
}

/** Where rbsp_stop_one_bit stands: the last bit that is set. */
function stopBitAt(payload: Buffer): number | undefined {
  for (let i = payload.length - 1; i >= 0; i -= 1) {
    const byte = payload[i] ?? 0;
    if (byte !== 0) return i * 8 + 7 - Math.log2(byte & -byte);
  }
  return undefined;
}

/** Puts a `03` wherever two zeros would begin what looks like a start code (H.264 section 7.4.1). */
function withEmulationPrevention(bytes: Buffer): Buffer {
  const result: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      result.push(3);
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    result.push(byte);
  }
  return Buffer.from(result);
}
