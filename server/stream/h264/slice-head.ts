import { BitReader } from './bit-reader.ts';
import { type SliceSyntax, withoutEmulationPrevention } from './sps.ts';

/** As many bytes as hold every syntax element that is read here. */
const HEAD_BYTES = 24;
const IDR = 5;
/** slice_type modulo 5 (H.264 table 7-6). */
const B_SLICE = 1;

/** The beginning of a slice (H.264 section 7.3.3), as far as the order of pictures depends on it. */
export interface SliceHead {
  readonly isIdr: boolean;
  /** nal_ref_idc is not 0: other pictures may refer to this one. */
  readonly isReference: boolean;
  readonly isB: boolean;
  /** pic_order_cnt_lsb; undefined where pictures are not counted that way. */
  readonly pocLsb?: number;
}

/**
 * Reads the head of a slice NAL unit (types 1 and 5). `syntaxOf` gives what the SPS of a PPS says; without it, and where
 * the head makes no sense, undefined.
 */
export function readSliceHead(
  nal: Buffer,
  syntaxOf: (ppsId: number) => SliceSyntax | undefined,
): SliceHead | undefined {
  const header = nal[0] ?? 0;
  const isIdr = (header & 0x1f) === IDR;
  const reader = new BitReader(withoutEmulationPrevention(nal.subarray(1, HEAD_BYTES)));
  reader.ue(); // first_mb_in_slice
  const sliceType = reader.ue();
  const syntax = syntaxOf(reader.ue());
  if (syntax === undefined || sliceType > 9) return undefined;
  const head = { isIdr, isReference: (header & 0x60) !== 0, isB: sliceType % 5 === B_SLICE };
  if (syntax.pocType !== 0) return reader.overrun ? undefined : head;
  if (syntax.separatePlanes) reader.skip(2);
  reader.skip(syntax.frameNumBits);
  if (!syntax.framesOnly && reader.bit() === 1) reader.skip(1); // field_pic_flag, bottom_field_flag
  if (isIdr) reader.ue(); // idr_pic_id
  const pocLsb = reader.bits(syntax.pocLsbBits);
  return reader.overrun ? undefined : { ...head, pocLsb };
}
