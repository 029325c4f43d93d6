import type { H264Format } from '../../stream/index.ts';
import {
  BitReader,
  MAX_PARAMETER_SET_BYTES,
  parseSps,
  type SpsInfo,
  splitAtStartCodes,
  withoutEmulationPrevention,
} from '../../stream/index.ts';

/** More than these, however they are numbered, no camera has; the RFC would allow 32 and 256. */
const MAX_SPS = 32;
const MAX_PPS = 64;
/** As many bytes as hold every first syntax element that is read here. */
const HEAD_BYTES = 24;

interface KnownSps {
  readonly nal: Buffer;
  readonly info: SpsInfo;
}

interface KnownPps {
  readonly nal: Buffer;
  readonly spsId: number;
}

/** The parameter sets of one H.264 track by their ids, and the format they make. */
export class ParameterSets {
  readonly #sps = new Map<number, KnownSps>();
  readonly #pps = new Map<number, KnownPps>();
  /** The SPS that the last IDR picture refers to. */
  #activeSpsId: number | undefined;
  #format: H264Format | undefined;
  #isChanged = false;

  /**
   * Takes an SPS or PPS NAL unit; one that cannot be read changes nothing. `nal` is copied, as it is small
   * and lives long.
   */
  add(nal: Buffer): void {
    if (nal.length > MAX_PARAMETER_SET_BYTES) return;
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === 7) this.#addSps(nal);
    else if (type === 8) this.#addPps(nal);
  }

  /** An IDR slice is about to be used: its SPS becomes the first of the format. */
  activate(idrSlice: Buffer): void {
    if (this.#sps.size < 2) return;
    const spsId = this.#pps.get(ppsIdOfSlice(idrSlice))?.spsId;
    if (spsId === undefined || spsId === this.#activeSpsId || !this.#sps.has(spsId)) return;
    this.#activeSpsId = spsId;
    this.#isChanged = true;
  }

  /** The SPS that a slice is coded by, by the PPS that it names. */
  spsOf(ppsId: number): SpsInfo | undefined {
    const pps = this.#pps.get(ppsId);
    return pps === undefined ? undefined : this.#sps.get(pps.spsId)?.info;
  }

  /** The format, the same object until a set changes; undefined before there is an SPS with a PPS. */
  get format(): H264Format | undefined {
    if (this.#isChanged) {
      this.#isChanged = false;
      this.#format = this.#build();
    }
    return this.#format;
  }

  #addSps(nal: Buffer): void {
    if (isKnownSet(this.#sps, nal)) return;
    const info = parseSps(nal);
    if (info === undefined) return;
    if (this.#sps.size >= MAX_SPS && !this.#sps.has(info.id)) return;
    this.#sps.set(info.id, { nal: Buffer.from(nal), info });
    this.#isChanged = true;
  }

  #addPps(nal: Buffer): void {
    if (nal.length < 2 || isKnownSet(this.#pps, nal)) return;
    const reader = new BitReader(withoutEmulationPrevention(nal.subarray(1, HEAD_BYTES)));
    const id = reader.ue();
    const spsId = reader.ue();
    if (reader.overrun || id > 255 || spsId > 31) return;
    if (this.#pps.size >= MAX_PPS && !this.#pps.has(id)) return;
    this.#pps.set(id, { nal: Buffer.from(nal), spsId });
    this.#isChanged = true;
  }

  #build(): H264Format | undefined {
    const active = this.#sps.get(this.#activeSpsId ?? -1) ?? [...this.#sps.values()][0];
    if (active === undefined || this.#pps.size === 0) return undefined;
    const others = [...this.#sps.values()].filter((sps) => sps !== active);
    return {
      kind: 'video',
      codec: 'h264',
      clockRate: 90_000,
      sps: [active, ...others].map((sps) => sps.nal),
      pps: [...this.#pps.values()].map((pps) => pps.nal),
      profileLevelId: active.info.profileLevelId,
      width: active.info.width,
      height: active.info.height,
      ...(active.info.fps === undefined ? {} : { declaredFps: active.info.fps }),
      ...(active.info.reorderFrames === undefined ? {} : { reorderFrames: active.info.reorderFrames }),
    };
  }
}

/** The picture parameter set that a slice names (H.264 section 7.3.3). */
function ppsIdOfSlice(slice: Buffer): number {
  const reader = new BitReader(withoutEmulationPrevention(slice.subarray(1, HEAD_BYTES)));
  reader.ue(); // first_mb_in_slice
  reader.ue(); // slice_type
  return reader.ue();
}

/** The format that these parameter sets make; undefined without a readable SPS or without a PPS. */
export function h264Format(sps: readonly Buffer[], pps: readonly Buffer[]): H264Format | undefined {
  const sets = new ParameterSets();
  for (const nal of [...sps, ...pps]) sets.add(nal);
  return sets.format;
}

/**
 * Reads `sprop-parameter-sets` (RFC 6184 section 8.1): base64 NAL units with commas. Some cameras leave Annex
 * B start codes in them, before, behind or between.
 */
export function parseSpropParameterSets(value: string): { sps: Buffer[]; pps: Buffer[] } {
  const nals = value
    .split(',')
    .slice(0, MAX_SPS + MAX_PPS)
    .flatMap((text) => splitAtStartCodes(Buffer.from(text.trim(), 'base64')))
    .filter((nal) => nal.length <= MAX_PARAMETER_SET_BYTES);
  return {
    sps: nals.filter((nal) => ((nal[0] ?? 0) & 0x1f) === 7),
    pps: nals.filter((nal) => ((nal[0] ?? 0) & 0x1f) === 8),
  };
}

/** Cameras send the same sets with each key frame: comparing them costs a fraction of reading them. */
export function isKnownSet(sets: ReadonlyMap<number, { readonly nal: Buffer }>, nal: Buffer): boolean {
  for (const known of sets.values()) if (known.nal.equals(nal)) return true;
  return false;
}
