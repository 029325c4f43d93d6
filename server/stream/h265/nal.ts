/** NAL unit types (ITU-T H.265 table 7-1), as far as they are told apart. */
export const H265_NAL = {
  raslN: 8,
  raslR: 9,
  /** The highest type of pictures that are no random access points. */
  lastNonIrap: 15,
  firstIrap: 16,
  lastBla: 18,
  idrWRadl: 19,
  idrNLp: 20,
  cra: 21,
  lastIrap: 23,
  lastSlice: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  filler: 38,
  prefixSei: 39,
  suffixSei: 40,
} as const;

/** Bytes before what a NAL unit holds (section 7.3.1.2): forbidden bit, type (6), layer (6), temporal id plus 1 (3). */
export const H265_NAL_HEADER_BYTES = 2;

/** The type in the first byte of a NAL unit. */
export function h265NalType(nal: Buffer, at = 0): number {
  return ((nal[at] ?? 0) >> 1) & 0x3f;
}

/** 0 for all that a decoder of version 1 streams looks at; others belong to scalable and multi-view extensions. */
export function h265LayerId(nal: Buffer): number {
  return (((nal[0] ?? 0) & 1) << 5) | ((nal[1] ?? 0) >> 3);
}

/** Whether it holds (a part of) a picture. */
export function isH265Slice(type: number): boolean {
  return type >= 0 && type <= H265_NAL.lastSlice;
}

/** Pictures at which decoding can begin: IDR, CRA and BLA. */
export function isH265Irap(type: number): boolean {
  return type >= H265_NAL.firstIrap && type <= H265_NAL.lastIrap;
}

/** Leading pictures that may refer to what comes before their random access point, so cannot be decoded where it is the first. */
export function isH265Rasl(type: number): boolean {
  return type === H265_NAL.raslN || type === H265_NAL.raslR;
}

/** Types 0, 2 ... 14: no other picture of the same temporal sub-layer refers to it. */
export function isH265SubLayerNonReference(type: number): boolean {
  return type < H265_NAL.lastNonIrap && type % 2 === 0;
}

/** `first_slice_segment_in_pic_flag` of a slice (section 7.3.6.1). */
export function beginsH265Picture(nal: Buffer, at = 0): boolean {
  return ((nal[at + H265_NAL_HEADER_BYTES] ?? 0) & 0x80) !== 0;
}
