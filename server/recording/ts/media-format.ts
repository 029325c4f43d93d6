import { createHash } from 'node:crypto';
import { parseSps } from '../../stream/h264/index.ts';
import { parseH265Sps } from '../../stream/h265/index.ts';
import type { MediaFormat, VideoCodec } from '../segment.ts';
import type { ParameterSetNals } from './picture-head.ts';

export type VideoFormat = Omit<MediaFormat, 'audio'>;
export type AudioParameters = NonNullable<MediaFormat['audio']>;

const ID_LENGTH = 32;

function sameBuffers(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((buffer, index) => b[index]?.equals(buffer) === true);
}

/** Tells the format that parameter sets make; the same object as long as they stay the same. */
export class VideoFormatReader {
  #codec: VideoCodec | undefined;
  /** All of them, one kind behind the other. */
  #nals: readonly Buffer[] = [];
  #format: VideoFormat | undefined;

  /** What the last readable sets said; undefined before there were any. */
  get format(): VideoFormat | undefined {
    return this.#format;
  }

  /** Sets that are incomplete or cannot be read change nothing. */
  read({ codec, vps, sps, pps }: ParameterSetNals): VideoFormat | undefined {
    if (sps.length === 0 || pps.length === 0) return this.#format;
    const nals = [...vps, ...sps, ...pps];
    if (codec === this.#codec && sameBuffers(nals, this.#nals)) return this.#format;
    const info = sps[0] === undefined ? undefined : readSps(codec, sps[0]);
    if (info === undefined) return this.#format;
    this.#codec = codec;
    this.#nals = nals.map((nal) => Buffer.from(nal));
    const digest = createHash('sha256');
    for (const nal of this.#nals) digest.update(`${nal.length}:`).update(nal);
    this.#format = {
      parameterSetsId: digest.digest('hex').slice(0, ID_LENGTH),
      videoCodec: codec,
      ...info,
    };
    return this.#format;
  }
}

function readSps(
  codec: VideoCodec,
  sps: Buffer,
): Pick<MediaFormat, 'profileLevelId' | 'width' | 'height'> | undefined {
  if (codec === 'h264') {
    const info = parseSps(sps);
    return info && { profileLevelId: info.profileLevelId, width: info.width, height: info.height };
  }
  const info = parseH265Sps(sps);
  return info && { profileLevelId: info.profileHex, width: info.width, height: info.height };
}

const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
/** channel_configuration 7 is 7.1 (ISO 14496-3 table 1.19). */
const CHANNELS = [2, 1, 2, 3, 4, 5, 6, 8];

/** Reads the head of an ADTS frame (ISO/IEC 13818-7 section 6.2); undefined where there is none. */
export function readAdts(data: Buffer, at: number, end: number): AudioParameters | undefined {
  if (at + 4 > end || data[at] !== 0xff || ((data[at + 1] ?? 0) & 0xf6) !== 0xf0) return undefined;
  const clockRate = SAMPLE_RATES[((data[at + 2] ?? 0) >> 2) & 0x0f];
  const channels = CHANNELS[(((data[at + 2] ?? 0) & 1) << 2) | ((data[at + 3] ?? 0) >> 6)];
  return clockRate === undefined || channels === undefined ? undefined : { clockRate, channels };
}

export function sameAudio(a: AudioParameters | undefined, b: AudioParameters | undefined): boolean {
  return a?.clockRate === b?.clockRate && a?.channels === b?.channels;
}

export function sameMediaFormat(a: MediaFormat, b: MediaFormat): boolean {
  return a.parameterSetsId === b.parameterSetsId && sameAudio(a.audio, b.audio);
}

export function mediaFormat(video: VideoFormat, audio: AudioParameters | undefined): MediaFormat {
  return audio === undefined ? video : { ...video, audio };
}
