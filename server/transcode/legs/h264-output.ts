import { type H264Format, parseSps, splitAtStartCodes } from '../../stream/index.ts';

const IDR = 5;
const SEI = 6;
const SPS = 7;
const PPS = 8;
const AUD = 9;

/** A picture of Annex B (ITU-T H.264) taken apart as the hub has it. */
export interface TakenPicture {
  /** Without parameter sets, delimiters and what the encoder tells of itself. */
  readonly nalUnits: readonly Buffer[];
  readonly isKeyFrame: boolean;
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** Pure. */
export function takeApart(annexB: Buffer): TakenPicture {
  const nalUnits: Buffer[] = [];
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  let isKeyFrame = false;
  for (const nal of splitAtStartCodes(annexB)) {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === SPS) sps.push(Buffer.from(nal));
    else if (type === PPS) pps.push(Buffer.from(nal));
    else if (type !== AUD && type !== SEI) {
      nalUnits.push(nal);
      isKeyFrame ||= type === IDR;
    }
  }
  return { nalUnits, isKeyFrame, sps, pps };
}

/** What an encoder's parameter sets say; undefined where they cannot be read. */
export function h264FormatOf(sps: readonly Buffer[], pps: readonly Buffer[]): H264Format | undefined {
  const info = sps[0] === undefined ? undefined : parseSps(sps[0]);
  if (info === undefined || pps.length === 0) return undefined;
  const { profileLevelId, width, height } = info;
  return { kind: 'video', codec: 'h264', clockRate: 90_000, sps, pps, profileLevelId, width, height };
}
