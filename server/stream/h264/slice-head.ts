import { BitReader } from './bit-reader.ts';
import { type SpsInfo, takeOutEmulationPrevention } from './sps.ts';

/** As many bytes as hold every syntax element that is read here. */
const HEAD_BYTES = 24;
const IDR = 5;
/** slice_type modulo 5 (H.264 table 7-6). */
const B_SLICE = 1;

/** Filled anew for each slice: heads are read of every picture of every camera. */
const headBytes = new Uint8Array(HEAD_BYTES);

/** Knows the SPS that a slice is coded by, by the id of the PPS that it names. */
export interface SpsByPps {
  spsOf(ppsId: number): SpsInfo | undefined;
}

/** The beginning of a slice (H.264 section 7.3.3), as far as the order of pictures depends on it. */
export interface SliceHead {
  readonly sps: SpsInfo;
  readonly isIdr: boolean;
  /** nal_ref_idc is not 0: other pictures may refer to this one. */
  readonly isReference: boolean;
  readonly isB: boolean;
  /** pic_order_cnt_lsb; undefined where pictures are not counted that way. */
  readonly pocLsb: number | undefined;
}

/**
 * Reads the head of a slice NAL unit (types 1 and 5). Undefined where the parameter sets that it names are not known, and
 * where it makes no sense.
 */
export function readSliceHead(nal: Buffer, sets: SpsByPps): SliceHead | undefined {
  const header = nal[0] ?? 0;
  const isIdr = (header & 0x1f) === IDR;
  const end = Math.min(nal.length, HEAD_BYTES);
  const reader = new BitReader(headBytes, takeOutEmulationPrevention(nal, 1, end, headBytes));
  reader.ue(); // first_mb_in_slice
  const sliceType = reader.ue();
  const sps = sets.spsOf(reader.ue());
  if (sps === undefined || sliceType > 9) return undefined;
  const { slice: syntax } = sps;
  let pocLsb: number | undefined;
  if (syntax.pocType === 0) {
    if (syntax.separatePlanes) reader.skip(2);
    reader.skip(syntax.frameNumBits);
    if (!syntax.framesOnly && reader.bit() === 1) reader.skip(1); // field_pic_flag, bottom_field_flag
    if (isIdr) reader.ue(); // idr_pic_id
    pocLsb = reader.bits(syntax.pocLsbBits);
  }
  if (reader.overrun) return undefined;
  return { sps, isIdr, isReference: (header & 0x60) !== 0, isB: sliceType % 5 === B_SLICE, pocLsb };
}
