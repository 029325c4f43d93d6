import type { BitReader } from './bit-reader.ts';

const EXTENDED_SAR = 255;

/** How a picture is to be shown, which the VUI of H.264 (section E.1.1) and that of H.265 (section E.2.1) begin with alike. */
export function skipDisplay(reader: BitReader): void {
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
}
