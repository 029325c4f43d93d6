import { parseSps, splitAtStartCodes } from '../../stream/h264/index.ts';
import { parseH265Sps } from '../../stream/h265/index.ts';
import type { VideoCodec } from '../segment.ts';
import { nalKind } from '../ts/nal-kind.ts';
import type { PackedPicture } from './coded-picture.ts';

/** The same as the decoder takes it. */
export interface DecodablePicture {
  readonly codec: VideoCodec;
  /** Empty with H.264. */
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  readonly pictures: readonly { readonly nalUnits: readonly Buffer[]; readonly pts90k: number }[];
  readonly pts90k: number;
  readonly width: number;
  readonly height: number;
}

/** Takes a packed picture apart; undefined where its parameter sets are missing or cannot be read. Pure. */
export function unpackPicture({ bytes, codec, units, pts90k }: PackedPicture): DecodablePicture | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sets = { vps: [] as Buffer[], sps: [] as Buffer[], pps: [] as Buffer[] };
  let offset = 0;
  const pictures = units.map((unit, index) => {
    const nalUnits: Buffer[] = [];
    for (const nalUnit of splitAtStartCodes(data.subarray(offset, offset + unit.sizeBytes))) {
      const kind = nalKind(codec, nalUnit[0] ?? 0);
      const isSet = kind === 'vps' || kind === 'sps' || kind === 'pps';
      if (isSet && index === 0) sets[kind].push(nalUnit);
      else if (kind !== 'delimiter') nalUnits.push(nalUnit);
    }
    offset += unit.sizeBytes;
    return { nalUnits, pts90k: unit.pts90k };
  });
  const [first] = sets.sps;
  const size = first === undefined ? undefined : (codec === 'h265' ? parseH265Sps : parseSps)(first);
  if (size === undefined || sets.pps.length === 0) return undefined;
  return { codec, ...sets, pictures, pts90k, width: size.width, height: size.height };
}
