import type { MediaFormat } from '../segment.ts';
import { ContinuityCheck, DUPLICATE } from './continuity.ts';
import type { KeyFrame } from './cut-segment.ts';
import { type AudioParameters, mediaFormat, readAdts, VideoFormatReader } from './media-format.ts';
import {
  beginsUnit,
  isMarkedDamaged,
  isRandomAccess,
  NULL_PID,
  payloadAt,
  pidOf,
  SYNC_BYTE,
  TS_PACKET_BYTES,
} from './packet.ts';
import { PictureHead } from './picture-head.ts';
import { ProgramReader, TRACK } from './program-reader.ts';
import { type PesHeader, readPesHeader, readTime33, unwrap33 } from './timestamps.ts';

/** What is in a piece of MPEG-TS, whole or damaged. */
export interface TsProbe {
  /** Of the first key frame: 33 bits, or unwrapped near what was given. */
  readonly startPts90k: number;
  /** End of the last picture in order of presentation; it lasts as long as pictures usually do. */
  readonly endPts90k: number;
  /** The usual distance of two pictures. */
  readonly frameDuration90k: number;
  readonly keyFrames: readonly KeyFrame[];
  /** Undefined where there is no readable SPS. */
  readonly format: MediaFormat | undefined;
  readonly pictures: number;
  readonly audioStartPts90k?: number;
  /** Start of the last sound. */
  readonly audioEndPts90k?: number;
  /** So many bytes from the start are packets in their places. */
  readonly wholeBytes: number;
  /** Begins with tables and a key frame, all packets are in their places and none is missing. */
  readonly isWhole: boolean;
}

const USUAL_FRAME_90K = 3600;

/** Reads a whole segment; undefined where it is no MPEG-TS or has no key frame. About 1 ms per MiB. */
export function probeTs(data: Buffer, options: { nearPts90k?: number } = {}): TsProbe | undefined {
  const probe = new Probe(options.nearPts90k);
  for (let at = 0; at + TS_PACKET_BYTES <= data.length; at += TS_PACKET_BYTES) {
    if (data[at] === SYNC_BYTE) probe.take(data, at);
    else probe.skip(at);
  }
  return probe.result(data);
}

class Probe {
  readonly #program = new ProgramReader();
  readonly #continuity = new ContinuityCheck();
  readonly #head = new PictureHead();
  readonly #video = new VideoFormatReader();
  readonly #keyFrames: KeyFrame[] = [];
  #audio: AudioParameters | undefined;
  #near90k: number | undefined;
  #isReadingHead = false;
  #picture: { offset: number; pts90k: number; isRandomAccess: boolean } | undefined;
  #pictures = 0;
  #firstDts90k = 0;
  #lastDts90k = 0;
  #maxPts90k = Number.NEGATIVE_INFINITY;
  #audioStart90k: number | undefined;
  #audioEnd90k: number | undefined;
  #brokenAt: number | undefined;
  #isLossy = false;
  #beginsWithKeyFrame = false;

  constructor(nearPts90k: number | undefined) {
    this.#near90k = nearPts90k;
  }

  /** There is no packet where one has to be. */
  skip(at: number): void {
    this.#brokenAt ??= at;
  }

  take(data: Buffer, at: number): void {
    if (isMarkedDamaged(data, at)) {
      this.#isLossy = true;
      return;
    }
    if (pidOf(data, at) === NULL_PID) return;
    const track = this.#program.take(data, at);
    if (track === TRACK.none) return;
    const lost = this.#continuity.check(data, at, track);
    if (lost === DUPLICATE) return;
    if (lost > 0) this.#isLossy = true;
    if (track === TRACK.clock) return;
    const end = at + TS_PACKET_BYTES;
    if (!beginsUnit(data, at)) {
      if (track === TRACK.video && this.#isReadingHead) this.#readHead(data, payloadAt(data, at), end);
      return;
    }
    const pes = readPesHeader(data, at);
    if (pes === undefined || pes.ptsAt < 0) {
      this.#isLossy ||= pes === undefined;
      return;
    }
    if (track === TRACK.video) this.#beginPicture(data, at, pes);
    else this.#beginSound(data, end, pes);
  }

  #beginPicture(data: Buffer, at: number, pes: PesHeader): void {
    const dts90k = this.#unwrap(readTime33(data, pes.dtsAt < 0 ? pes.ptsAt : pes.dtsAt));
    this.#near90k = dts90k;
    const pts90k = unwrap33(readTime33(data, pes.ptsAt), dts90k);
    if (this.#pictures === 0) this.#firstDts90k = dts90k;
    this.#pictures += 1;
    this.#lastDts90k = dts90k;
    this.#maxPts90k = Math.max(this.#maxPts90k, pts90k);
    this.#picture = { offset: at, pts90k, isRandomAccess: isRandomAccess(data, at) };
    this.#isReadingHead = true;
    this.#head.begin(this.#program.videoCodec);
    this.#readHead(data, pes.payloadAt, at + TS_PACKET_BYTES);
  }

  #readHead(data: Buffer, start: number, end: number): void {
    const verdict = this.#head.push(data, start, end);
    const picture = this.#picture;
    if (verdict === 'more' || picture === undefined) return;
    this.#isReadingHead = false;
    const isKey = verdict === 'key' || (picture.isRandomAccess && this.#head.hasSps);
    if (!isKey) return;
    if (this.#pictures === 1) this.#beginsWithKeyFrame = true;
    // The first one's are the segment's.
    if (this.#video.format === undefined) this.#video.read(this.#head.sets);
    this.#keyFrames.push({ offset: picture.offset, pts90k: picture.pts90k });
  }

  #beginSound(data: Buffer, end: number, pes: PesHeader): void {
    const pts90k = this.#unwrap(readTime33(data, pes.ptsAt));
    this.#audioStart90k ??= pts90k;
    this.#audioEnd90k = pts90k;
    this.#audio ??= readAdts(data, pes.payloadAt, end);
  }

  #unwrap(time33: number): number {
    this.#near90k ??= time33;
    return unwrap33(time33, this.#near90k);
  }

  result(data: Buffer): TsProbe | undefined {
    const [first] = this.#keyFrames;
    if (first === undefined) return undefined;
    const span90k = this.#lastDts90k - this.#firstDts90k;
    const mean90k = Math.round(span90k / (this.#pictures - 1));
    const frame90k = this.#pictures > 1 && mean90k > 0 ? mean90k : USUAL_FRAME_90K;
    const video = this.#video.format;
    const packetBytes = data.length - (data.length % TS_PACKET_BYTES);
    const wholeBytes = this.#brokenAt ?? packetBytes;
    return {
      startPts90k: first.pts90k,
      endPts90k: Math.max(this.#maxPts90k, first.pts90k) + frame90k,
      frameDuration90k: frame90k,
      keyFrames: this.#keyFrames,
      format: video === undefined ? undefined : mediaFormat(video, this.#audio),
      pictures: this.#pictures,
      ...(this.#audioStart90k === undefined ? {} : { audioStartPts90k: this.#audioStart90k }),
      ...(this.#audioEnd90k === undefined ? {} : { audioEndPts90k: this.#audioEnd90k }),
      wholeBytes,
      isWhole:
        wholeBytes === data.length && !this.#isLossy && this.#beginsWithKeyFrame && video !== undefined,
    };
  }
}
