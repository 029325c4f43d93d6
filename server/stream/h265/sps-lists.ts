import type { BitReader } from '../h264/index.ts';

/** `scaling_list_data` (ITU-T H.265 section 7.3.4). */
export function skipScalingLists(reader: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId += 1) {
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (reader.overrun) return;
      if (reader.bit() === 0) {
        reader.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (sizeId > 1) reader.se(); // scaling_list_dc_coef_minus8
      const coefficients = Math.min(64, 1 << (4 + (sizeId << 1)));
      for (let i = 0; i < coefficients; i += 1) reader.se();
    }
  }
}

const MAX_SETS = 64;
const MAX_PICTURES = 16;

/** The list of `st_ref_pic_set` (section 7.3.7); false where it makes no sense, and nothing behind it can be read. */
export function skipRefPicSets(reader: BitReader): boolean {
  const sets = reader.ue();
  if (sets > MAX_SETS) return false;
  let pictures = 0;
  for (let set = 0; set < sets; set += 1) {
    const isPredicted = set > 0 && reader.bit() === 1;
    pictures = isPredicted ? skipPredictedSet(reader, pictures) : skipExplicitSet(reader);
    if (pictures > MAX_PICTURES || reader.overrun) return false;
  }
  return true;
}

/** Built from the set before, which has `pictures`; returns how many this one has. */
function skipPredictedSet(reader: BitReader, pictures: number): number {
  reader.skip(1); // delta_rps_sign
  reader.ue(); // abs_delta_rps_minus1
  let kept = 0;
  for (let i = 0; i <= pictures; i += 1) {
    const isUsed = reader.bit() === 1;
    if (isUsed || reader.bit() === 1) kept += 1;
  }
  return kept;
}

function skipExplicitSet(reader: BitReader): number {
  const pictures = reader.ue() + reader.ue();
  if (pictures > MAX_PICTURES) return pictures;
  for (let i = 0; i < pictures; i += 1) {
    reader.ue(); // delta_poc_minus1
    reader.skip(1); // used_by_curr_pic_flag
  }
  return pictures;
}
