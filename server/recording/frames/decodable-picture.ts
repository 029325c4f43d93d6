import { parseSps, splitAtStartCodes } from '../../stream/h264/index.ts';
import type { PackedPicture } from './coded-picture.ts';

/** The same as the decoder takes it. */
export interface DecodablePicture {
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  readonly pictures: readonly { readonly nalUnits: readonly Buffer[]; readonly pts90k: number }[];
  readonly pts90k: number;
  readonly width: number;
  readonly height: number;
}

const NAL_SPS = 7;
const NAL_PPS = 8;
const NAL_AUD = 9;

/** Takes a packed picture apart; undefined where its parameter sets are missing or cannot be read. Pure. */
export function unpackPicture({ bytes, units, pts90k }: PackedPicture): DecodablePicture | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  let offset = 0;
  const pictures = units.map((unit, index) => {
    const nalUnits: Buffer[] = [];
    for (const nalUnit of splitAtStartCodes(data.subarray(offset, offset + unit.sizeBytes))) {
      const type = (nalUnit[0] ?? 0) & 0x1f;
      if (type === NAL_SPS && index === 0) sps.push(nalUnit);
      else if (type === NAL_PPS && index === 0) pps.push(nalUnit);
      else if (type !== NAL_AUD) nalUnits.push(nalUnit);
    }
    offset += unit.sizeBytes;
    return { nalUnits, pts90k: unit.pts90k };
  });
  const [first] = sps;
  const size = first === undefined ? undefined : parseSps(first);
  if (size === undefined || pps.length === 0) return undefined;
  return { sps, pps, pictures, pts90k, width: size.width, height: size.height };
}
