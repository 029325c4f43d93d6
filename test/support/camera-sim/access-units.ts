export type SimVideoCodec = 'h264' | 'h265';

/** One coded picture as it lies in the file, parameter sets, delimiters and SEI included. */
export interface SimPicture {
  readonly nals: readonly Buffer[];
  readonly isKeyFrame: boolean;
}

type Role = 'delimiter' | 'parameter-set' | 'prefix' | 'slice' | 'key-slice' | 'other';

/** What a NAL unit is to an access unit (H.264 table 7-1, H.265 table 7-1). */
export function roleOf(nal: Buffer, codec: SimVideoCodec): Role {
  if (codec === 'h264') {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === 5) return 'key-slice';
    if (type >= 1 && type <= 4) return 'slice';
    if (type === 9) return 'delimiter';
    if (type === 7 || type === 8 || type === 13 || type === 15) return 'parameter-set';
    return type === 6 || (type >= 14 && type <= 18) ? 'prefix' : 'other';
  }
  const type = ((nal[0] ?? 0) >> 1) & 0x3f;
  if (type >= 16 && type <= 23) return 'key-slice';
  if (type < 32) return 'slice';
  if (type === 35) return 'delimiter';
  if (type >= 32 && type <= 34) return 'parameter-set';
  return type === 39 || (type >= 41 && type <= 44) || (type >= 48 && type <= 55) ? 'prefix' : 'other';
}

/** first_mb_in_slice is 0, or first_slice_segment_in_pic_flag is 1: the first bit of the slice header either way. */
function beginsPicture(nal: Buffer, codec: SimVideoCodec): boolean {
  return ((nal[codec === 'h264' ? 1 : 2] ?? 0) & 0x80) !== 0;
}

/** Cuts an Annex B byte stream into pictures (H.264 section 7.4.1.2.3, H.265 section 7.4.2.4.4). */
export function takeApart(annexB: Buffer, codec: SimVideoCodec): SimPicture[] {
  const pictures: SimPicture[] = [];
  let nals: Buffer[] = [];
  let hasSlice = false;
  let isKeyFrame = false;
  const finish = (): void => {
    if (hasSlice) pictures.push({ nals, isKeyFrame });
    nals = [];
    hasSlice = false;
    isKeyFrame = false;
  };
  for (const nal of nalUnits(annexB)) {
    const role = roleOf(nal, codec);
    const isSlice = role === 'slice' || role === 'key-slice';
    if (hasSlice && role !== 'other' && (!isSlice || beginsPicture(nal, codec))) finish();
    nals.push(nal);
    if (isSlice) hasSlice = true;
    if (role === 'key-slice') isKeyFrame = true;
  }
  finish();
  return pictures;
}

function* nalUnits(annexB: Buffer): Generator<Buffer> {
  const startCode = Buffer.from([0, 0, 1]);
  let begin = annexB.indexOf(startCode);
  while (begin !== -1) {
    begin += startCode.length;
    const next = annexB.indexOf(startCode, begin);
    let end = next === -1 ? annexB.length : next;
    while (end > begin && annexB[end - 1] === 0) end -= 1;
    if (end > begin) yield annexB.subarray(begin, end);
    begin = next;
  }
}
