import type { VideoCodec } from '../segment.ts';
import { ContinuityCheck, DUPLICATE } from './continuity.ts';
import { nalKind } from './nal-kind.ts';
import {
  beginsUnit,
  isMarkedDamaged,
  isRandomAccess,
  payloadAt,
  SYNC_BYTE,
  TS_PACKET_BYTES,
} from './packet.ts';
import { ProgramReader, TRACK } from './program-reader.ts';
import { readPesHeader, readTime33, unwrap33 } from './timestamps.ts';

/** A picture as a decoder takes it. */
export interface TsUnit {
  readonly pts90k: number;
  readonly dts90k: number;
  /** An IDR picture, any random access point of H.265, or a picture with parameter sets after which the sender says decoding can begin. */
  readonly isKeyFrame: boolean;
  readonly codec: VideoCodec;
  /** Annex B (ITU-T H.264, H.265), key frames with their parameter sets. A copy. */
  readonly data: Buffer;
}

export interface UnitsOptions {
  /** Times are unwrapped near this one. Without it they have 33 bits. */
  readonly nearPts90k?: number;
}

/** Whose payload in a segment: a list of stretches, so that only units that are wanted are copied. */
interface UnitInWork {
  readonly pts90k: number;
  readonly dts90k: number;
  readonly isRandomAccess: boolean;
  readonly codec: VideoCodec;
  readonly parts: Buffer[];
}

/** All pictures of a segment, in decoding order. What is damaged is left out. */
export function accessUnits(data: Buffer, options: UnitsOptions = {}): TsUnit[] {
  return collect(data, options, () => true);
}

/** The key frames of a segment. */
export function keyFrameUnits(data: Buffer, options: UnitsOptions = {}): TsUnit[] {
  return collect(data, options, (unit) => unit.isKeyFrame);
}

/**
 * What a decoder has to be given to show what was to be seen at `pts90k`: from the key frame at or before it up to the
 * picture whose time it is, and the one that is shown is the last of them in order of presentation that is not after
 * `pts90k`. Where all pictures are later, the first key frame.
 */
export function unitsTo(data: Buffer, pts90k: number): TsUnit[] {
  const units = accessUnits(data, { nearPts90k: pts90k });
  let first = units.findIndex((unit) => unit.isKeyFrame);
  if (first === -1) return [];
  let shown = first;
  for (let i = first; i < units.length; i += 1) {
    const unit = units[i];
    if (unit === undefined || unit.pts90k > pts90k) continue;
    if (unit.isKeyFrame) first = i;
    if (unit.pts90k >= (units[shown]?.pts90k ?? 0) || (units[shown]?.pts90k ?? 0) > pts90k) shown = i;
  }
  return units.slice(first, Math.max(first, shown) + 1);
}

function collect(data: Buffer, options: UnitsOptions, isWanted: (unit: TsUnit) => boolean): TsUnit[] {
  const units: TsUnit[] = [];
  const program = new ProgramReader();
  const continuity = new ContinuityCheck();
  let unit: UnitInWork | undefined;
  let near90k = options.nearPts90k;
  const end = () => {
    if (unit === undefined) return;
    const made = finish(unit);
    if (isWanted(made)) units.push(made);
    unit = undefined;
  };
  for (let at = 0; at + TS_PACKET_BYTES <= data.length; at += TS_PACKET_BYTES) {
    if (data[at] !== SYNC_BYTE || isMarkedDamaged(data, at)) continue;
    if (program.take(data, at) !== TRACK.video) continue;
    const lost = continuity.check(data, at, TRACK.video);
    if (lost === DUPLICATE) continue;
    // A picture with a hole is not worth decoding.
    if (lost > 0) unit = undefined;
    const packetEnd = at + TS_PACKET_BYTES;
    if (!beginsUnit(data, at)) {
      const payload = payloadAt(data, at);
      if (payload < packetEnd) unit?.parts.push(data.subarray(payload, packetEnd));
      continue;
    }
    end();
    const pes = readPesHeader(data, at);
    if (pes === undefined || pes.ptsAt < 0) continue;
    const dts33 = readTime33(data, pes.dtsAt < 0 ? pes.ptsAt : pes.dtsAt);
    const dts90k = near90k === undefined ? dts33 : unwrap33(dts33, near90k);
    near90k = dts90k;
    unit = {
      pts90k: unwrap33(readTime33(data, pes.ptsAt), dts90k),
      dts90k,
      isRandomAccess: isRandomAccess(data, at),
      codec: program.videoCodec,
      parts: [data.subarray(Math.min(pes.payloadAt, packetEnd), packetEnd)],
    };
  }
  end();
  return units;
}

function finish({ pts90k, dts90k, isRandomAccess: isAccess, codec, parts }: UnitInWork): TsUnit {
  const data = Buffer.concat(parts);
  return { pts90k, dts90k, isKeyFrame: isKeyFrame(codec, data, isAccess), codec, data };
}

function isKeyFrame(codec: VideoCodec, data: Buffer, isAccess: boolean): boolean {
  let hasSps = false;
  let at = data.indexOf(START_CODE);
  while (at !== -1 && at + 3 < data.length) {
    const kind = nalKind(codec, data[at + 3] ?? 0);
    if (kind === 'sps') hasSps = true;
    if (kind === 'key-slice') return true;
    if (kind === 'slice') return isAccess && hasSps;
    at = data.indexOf(START_CODE, at + 3);
  }
  return false;
}

const START_CODE = Buffer.from([0, 0, 1]);
