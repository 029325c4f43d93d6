import { parseH265Sps } from '../../stream/h265/index.ts';
import type { H265Format } from '../../stream/index.ts';
import { matroskaHeader, matroskaUnit } from '../legs/matroska.ts';
import { type CodedPicture, type PictureRequest, placePictures } from './coded-pictures.ts';
import { FLV_HEADER, flvParameterSets, flvPicture } from './flv.ts';

/** What one FFmpeg that decodes single pictures is given, from its start to its end. */
export interface DecoderInput {
  /** Whether another request would go beyond the times that there are. */
  readonly isUsedUp: boolean;
  /** The bytes for one request and the time that marks its wanted picture; undefined where the request makes no sense. */
  take(request: PictureRequest): { readonly bytes: readonly Buffer[]; readonly wantedMs: number } | undefined;
}

/** What FFmpeg is to be told of it. */
export function inputArguments(codec: PictureRequest['codec']): string[] {
  const [container, decoder] = codec === 'h265' ? ['matroska', 'hevc'] : ['flv', 'h264'];
  return ['-f', container, '-probesize', '32', '-analyzeduration', '0', '-c:v', decoder];
}

export function decoderInput(codec: PictureRequest['codec']): DecoderInput {
  return codec === 'h265' ? new H265Input() : new H264Input();
}

/** FLV times have 31 bits. */
const LAST_TIME_MS = 2 ** 30;
const FIRST_TIME_MS = 2;
/** End of sequence (ITU-T H.264 table 7-1): FFmpeg's decoder gives out one picture that it holds back for each. */
const END_OF_SEQUENCE = Buffer.from([10]);
/**
 * The first picture of all, 32x32 of grey (x264, Main), from which FFmpeg finds out what it has before it. Its SPS says that two
 * pictures are to be held back, which holds from then on: nothing comes out by itself, everything upon an end of sequence. Else
 * the decoder would remember how far the group before had got, and drop what comes earlier in its own.
 */
const H264_PRIMER = {
  sps: Buffer.from('674d400aeca4b60220000003002000000641e244b2c0', 'hex'),
  pps: Buffer.from('68ebe3cb20', 'hex'),
  picture: Buffer.from('658884003bfffef74ebf0209ca80d6257bbd', 'hex'),
};
/** Type, size, time and stream id. */
const TAG_TIME_END = 11;

/** H.264 as FLV. Each picture comes out as soon as it is decoded: its time tells which it is, so no order is needed. */
class H264Input implements DecoderInput {
  #nextMs = 0;
  #parameterSets: Buffer | undefined;

  get isUsedUp(): boolean {
    return this.#nextMs >= LAST_TIME_MS;
  }

  take({ pictures, sps, pps, pts90k }: PictureRequest) {
    if (pictures.length === 0 || sps.length === 0 || pps.length === 0) return undefined;
    const isFirst = this.#nextMs === 0;
    const from = isFirst ? FIRST_TIME_MS : this.#nextMs;
    const placed = placePictures(pictures, pts90k, from);
    if (placed === undefined) return undefined;
    const parameterSets = flvParameterSets(sps, pps, from);
    this.#nextMs = placed.nextMs;
    const bytes: Buffer[] = [];
    if (isFirst) {
      bytes.push(FLV_HEADER, flvParameterSets([H264_PRIMER.sps], [H264_PRIMER.pps], 0));
      bytes.push(...flvPictures([H264_PRIMER.picture], true, 0));
    }
    // Whatever time stands in front, the record itself follows at a fixed place.
    const record = parameterSets.subarray(TAG_TIME_END, -4);
    if (this.#parameterSets === undefined || !this.#parameterSets.equals(record)) {
      bytes.push(parameterSets);
      this.#parameterSets = record;
    }
    for (const [index, { nalUnits }] of pictures.entries()) {
      bytes.push(...flvPictures(nalUnits, index === 0, placed.timesMs[index] ?? from));
    }
    return { bytes, wantedMs: placed.wantedMs };
  }
}

/** A picture with an end of sequence. */
function flvPictures(nalUnits: readonly Buffer[], isKeyFrame: boolean, timeMs: number): Buffer[] {
  return [
    flvPicture({ nalUnits, isKeyFrame, ptsMs: timeMs, dtsMs: timeMs }),
    flvPicture({ nalUnits: [END_OF_SEQUENCE], isKeyFrame: false, ptsMs: timeMs, dtsMs: timeMs }),
  ];
}

/** 64x64 of grey (x265, Main), an IDR picture without reordering. */
const H265_PRIMER = {
  vps: Buffer.from('40010c01ffff0408000003009fa800000300001eba0240', 'hex'),
  sps: Buffer.from('4201010408000003009fa800000300001ea020810596ea4932bc05a02000000300200000030321', 'hex'),
  pps: Buffer.from('4401c172b02240', 'hex'),
  picture: Buffer.from('2801af78ebaefbfe7557cb4f', 'hex'),
};
/** At most so many pictures may be held back for reordering (ITU-T H.265 section A.4.2). */
const MOST_HELD_BACK = 16;

/**
 * H.265 as Matroska, since FLV knows none. FFmpeg's decoder gives out one picture for each that begins a new sequence, so
 * pictures of our own follow until the last of the request must have come. They come out in order of presentation.
 */
class H265Input implements DecoderInput {
  #nextMs = 0;

  get isUsedUp(): boolean {
    return this.#nextMs >= LAST_TIME_MS;
  }

  take({ pictures, vps = [], sps, pps, pts90k, width, height }: PictureRequest) {
    if (pictures.length === 0 || sps.length === 0 || pps.length === 0) return undefined;
    const isFirst = this.#nextMs === 0;
    const shown = pictures.toSorted((a, b) => a.pts90k - b.pts90k);
    const placed = placePictures(shown, pts90k, isFirst ? FIRST_TIME_MS : this.#nextMs);
    if (placed === undefined) return undefined;
    const timeOf = new Map<CodedPicture, number>();
    for (const [index, picture] of shown.entries()) timeOf.set(picture, placed.timesMs[index] ?? 0);
    const format = h265Format({ vps, sps, pps, width, height });
    const primer = h265Format({
      vps: [H265_PRIMER.vps],
      sps: [H265_PRIMER.sps],
      pps: [H265_PRIMER.pps],
      width: 64,
      height: 64,
    });
    const bytes = isFirst ? [matroskaHeader(primer)] : [];
    for (const [index, picture] of pictures.entries()) {
      const unit = { format, payloads: picture.nalUnits, isKeyFrame: index === 0 };
      bytes.push(matroskaUnit(unit, timeOf.get(picture) ?? 0));
    }
    const filler = { format: primer, payloads: [H265_PRIMER.picture], isKeyFrame: true };
    // Odd times: not wanted.
    const fromMs = placed.nextMs + 1;
    const [first] = sps;
    const heldBack = (first && parseH265Sps(first)?.reorderFrames) ?? MOST_HELD_BACK;
    // One more for the picture that is decoded, and one since decoders may hold back what the SPS did not tell.
    const fillers = heldBack + 2;
    for (let n = 0; n < fillers; n += 1) bytes.push(matroskaUnit(filler, fromMs + 2 * n));
    this.#nextMs = placed.nextMs + 2 * fillers;
    return { bytes, wantedMs: placed.wantedMs };
  }
}

function h265Format(sets: Pick<H265Format, 'vps' | 'sps' | 'pps' | 'width' | 'height'>): H265Format {
  return { kind: 'video', codec: 'h265', clockRate: 90_000, codecString: '', profile: '', ...sets };
}
