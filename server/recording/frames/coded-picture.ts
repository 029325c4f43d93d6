import type { VideoCodec } from '../segment.ts';
import { accessUnits, keyFrameUnits, type TsUnit, unitsTo } from '../ts/units.ts';

/** What a decoder needs to show one picture of a segment, packed so that it passes between threads without copies. */
export interface PackedPicture {
  /** The coded pictures one behind the other, Annex B, in decoding order; the first is a key frame. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly units: readonly { readonly pts90k: number; readonly sizeBytes: number }[];
  readonly codec: VideoCodec;
  /** Of the picture to be shown; one of those in `units`. */
  readonly pts90k: number;
}

const FIRST_PREFIX_BYTES = 256 * 1024;

/** The picture that was to be seen at `pts90k`, from a segment's bytes. Undefined where it has no key frame. Pure. */
export function pictureAt(data: Buffer, pts90k: number): PackedPicture | undefined {
  const units = unitsTo(data, pts90k);
  const [first] = units;
  if (first === undefined) return undefined;
  let shown = first;
  for (const unit of units) {
    if (unit.pts90k <= pts90k && (unit.pts90k > shown.pts90k || shown.pts90k > pts90k)) shown = unit;
  }
  return pack(units, shown.pts90k);
}

/** The key frame at or before `pts90k`, or the first there is: cheaper to decode than the exact picture. Pure. */
export function keyFrameAt(data: Buffer, pts90k: number): PackedPicture | undefined {
  const units = keyFrameUnits(data, { nearPts90k: pts90k });
  const unit = units.findLast((one) => one.pts90k <= pts90k) ?? units[0];
  return unit === undefined ? undefined : pack([unit], unit.pts90k);
}

/** The key frame that a segment begins with; reads no more of it than that takes. Pure. */
export function firstPicture(data: Buffer, startPts90k: number): PackedPicture | undefined {
  for (let bytes = FIRST_PREFIX_BYTES; ; bytes *= 4) {
    const isAll = bytes >= data.length;
    const units = accessUnits(isAll ? data : data.subarray(0, bytes), { nearPts90k: startPts90k });
    const at = units.findIndex((unit) => unit.isKeyFrame);
    const unit = units[at];
    // The last one of a part of the segment may be cut off.
    if (unit !== undefined && (isAll || at + 1 < units.length)) return pack([unit], unit.pts90k);
    if (isAll) return undefined;
  }
}

function pack(units: readonly TsUnit[], pts90k: number): PackedPicture {
  const bytes = new Uint8Array(units.reduce((sum, { data }) => sum + data.length, 0));
  let offset = 0;
  for (const { data } of units) {
    bytes.set(data, offset);
    offset += data.length;
  }
  return {
    bytes,
    codec: units[0]?.codec ?? 'h264',
    units: units.map((unit) => ({ pts90k: unit.pts90k, sizeBytes: unit.data.length })),
    pts90k,
  };
}
