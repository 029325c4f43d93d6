import {
  H265_NAL,
  H265_NAL_HEADER_BYTES,
  type H265SpsInfo,
  h265CodecString,
  h265LayerId,
  h265NalType,
  h265ProfileName,
  isH265Irap,
  parseH265Sps,
} from '../../stream/h265/index.ts';
import {
  BitReader,
  type H265Format,
  MAX_PARAMETER_SET_BYTES,
  splitAtStartCodes,
  withoutEmulationPrevention,
} from '../../stream/index.ts';
import { isKnownSet } from './parameter-sets.ts';

/** As many as ids allow, but for picture parameter sets: no camera has more than these. */
const MAX_VPS = 16;
const MAX_SPS = 16;
const MAX_PPS = 64;
/** As many bytes as hold every first syntax element that is read here. */
const HEAD_BYTES = 24;

interface KnownSps {
  readonly nal: Buffer;
  readonly info: H265SpsInfo;
}

interface KnownPps {
  readonly nal: Buffer;
  readonly spsId: number;
}

/** The parameter sets of one H.265 track by their ids, and the format they make. */
export class H265ParameterSets {
  readonly #vps = new Map<number, Buffer>();
  readonly #sps = new Map<number, KnownSps>();
  readonly #pps = new Map<number, KnownPps>();
  /** The SPS that the last random access point refers to. */
  #activeSpsId: number | undefined;
  #format: H265Format | undefined;
  #isChanged = false;

  /**
   * Takes a VPS, SPS or PPS NAL unit; one that cannot be read, or that belongs to another layer, changes nothing.
   * `nal` is copied, as it is small and lives long.
   */
  add(nal: Buffer): void {
    if (nal.length > MAX_PARAMETER_SET_BYTES || nal.length <= H265_NAL_HEADER_BYTES) return;
    if (h265LayerId(nal) !== 0) return;
    const type = h265NalType(nal);
    if (type === H265_NAL.vps) this.#addVps(nal);
    else if (type === H265_NAL.sps) this.#addSps(nal);
    else if (type === H265_NAL.pps) this.#addPps(nal);
  }

  /** A slice of a random access point is about to be used: its SPS becomes the first of the format. */
  activate(slice: Buffer): void {
    if (this.#sps.size < 2) return;
    const spsId = this.#pps.get(ppsIdOfSlice(slice))?.spsId;
    if (spsId === undefined || spsId === this.#activeSpsId || !this.#sps.has(spsId)) return;
    this.#activeSpsId = spsId;
    this.#isChanged = true;
  }

  /** The format, the same object until a set changes; undefined before there is one of each kind. */
  get format(): H265Format | undefined {
    if (this.#isChanged) {
      this.#isChanged = false;
      this.#format = this.#build();
    }
    return this.#format;
  }

  /** Sub-layers of the active SPS. */
  get subLayers(): number {
    return this.#active?.info.subLayers ?? 1;
  }

  get #active(): KnownSps | undefined {
    return this.#sps.get(this.#activeSpsId ?? -1) ?? [...this.#sps.values()][0];
  }

  #addVps(nal: Buffer): void {
    const id = (nal[H265_NAL_HEADER_BYTES] ?? 0) >> 4;
    if (this.#vps.get(id)?.equals(nal) || (this.#vps.size >= MAX_VPS && !this.#vps.has(id))) return;
    this.#vps.set(id, Buffer.from(nal));
    this.#isChanged = true;
  }

  #addSps(nal: Buffer): void {
    if (isKnownSet(this.#sps, nal)) return;
    const info = parseH265Sps(nal);
    if (info === undefined) return;
    if (this.#sps.size >= MAX_SPS && !this.#sps.has(info.id)) return;
    this.#sps.set(info.id, { nal: Buffer.from(nal), info });
    this.#isChanged = true;
  }

  #addPps(nal: Buffer): void {
    if (isKnownSet(this.#pps, nal)) return;
    const reader = readerAfterHeader(nal);
    const id = reader.ue();
    const spsId = reader.ue();
    if (reader.overrun || id > 63 || spsId > 15) return;
    if (this.#pps.size >= MAX_PPS && !this.#pps.has(id)) return;
    this.#pps.set(id, { nal: Buffer.from(nal), spsId });
    this.#isChanged = true;
  }

  #build(): H265Format | undefined {
    const active = this.#active;
    if (active === undefined || this.#pps.size === 0 || this.#vps.size === 0) return undefined;
    const others = [...this.#sps.values()].filter((sps) => sps !== active);
    const { info } = active;
    return {
      kind: 'video',
      codec: 'h265',
      clockRate: 90_000,
      vps: [...this.#vps.values()],
      sps: [active, ...others].map((sps) => sps.nal),
      pps: [...this.#pps.values()].map((pps) => pps.nal),
      codecString: h265CodecString(info.profile),
      profile: h265ProfileName(info.profile),
      width: info.width,
      height: info.height,
      reorderFrames: info.reorderFrames,
      ...(info.fps === undefined ? {} : { declaredFps: info.fps }),
    };
  }
}

function readerAfterHeader(nal: Buffer): BitReader {
  return new BitReader(withoutEmulationPrevention(nal.subarray(H265_NAL_HEADER_BYTES, HEAD_BYTES)));
}

/** The picture parameter set that a slice names (ITU-T H.265 section 7.3.6.1). */
function ppsIdOfSlice(slice: Buffer): number {
  const reader = readerAfterHeader(slice);
  reader.skip(1); // first_slice_segment_in_pic_flag
  if (isH265Irap(h265NalType(slice))) reader.skip(1); // no_output_of_prior_pics_flag
  return reader.ue();
}

/** Parameter sets by kind, as NAL units without start codes. */
export interface H265Sets {
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** The format that these parameter sets make; undefined without a readable SPS, or where a kind is missing. */
export function h265Format({ vps, sps, pps }: H265Sets): H265Format | undefined {
  const sets = new H265ParameterSets();
  for (const nal of [...vps, ...sps, ...pps]) sets.add(nal);
  return sets.format;
}

/**
 * Reads `sprop-vps`, `sprop-sps` and `sprop-pps` (RFC 7798 section 7.1): base64 NAL units with commas. What each is says
 * its own type, since cameras mix them up and leave Annex B start codes in.
 */
export function parseH265Sprop(parameters: ReadonlyMap<string, string>): H265Sets {
  const nals = ['sprop-vps', 'sprop-sps', 'sprop-pps']
    .flatMap((name) => (parameters.get(name) ?? '').split(',').slice(0, MAX_PPS))
    .flatMap((text) => splitAtStartCodes(Buffer.from(text.trim(), 'base64')))
    .filter((nal) => nal.length > H265_NAL_HEADER_BYTES && nal.length <= MAX_PARAMETER_SET_BYTES);
  const ofType = (type: number) => nals.filter((nal) => h265NalType(nal) === type);
  return { vps: ofType(H265_NAL.vps), sps: ofType(H265_NAL.sps), pps: ofType(H265_NAL.pps) };
}
