import type { MediaFormat, RecordingCause } from '../segment.ts';
import type { CutSegment } from './cut-segment.ts';
import { type AudioParameters, mediaFormat, sameMediaFormat } from './media-format.ts';
import type { Mark, OpenPart } from './open-part.ts';
import { TRACK_PIDS } from './program-reader.ts';
import { writeTables } from './tables.ts';

/** Makes segments of parts that are finished, and remembers where the last one ended. */
export class SegmentOutput {
  readonly #onSegment: (cut: CutSegment) => void;
  #format: MediaFormat | undefined;
  #end90k: number | undefined;
  #endsAtKeyFrame = false;
  #continuity = 0;
  /** Why the part in work begins a recording, if it does. */
  begins: RecordingCause | undefined;
  /** As it was heard last: a segment may be silent by chance. */
  audio: AudioParameters | undefined;

  constructor(onSegment: (cut: CutSegment) => void) {
    this.#onSegment = onSegment;
  }

  /** Where the last segment ended. */
  get end90k(): number | undefined {
    return this.#end90k;
  }

  /** It ended where the next key frame was, so a segment that begins there goes on with it. */
  get endsAtKeyFrame(): boolean {
    return this.#endsAtKeyFrame;
  }

  /** The recording goes on with the key frame at `mark`. */
  giveUpTo(part: OpenPart, mark: Mark): void {
    this.#give(part, mark.offset, mark.pts90k);
    this.#endsAtKeyFrame = true;
  }

  /** The recording ends with the part's last picture. */
  giveAll(part: OpenPart): void {
    this.#give(part, part.size, part.endPts90k);
    this.#endsAtKeyFrame = false;
  }

  #give(part: OpenPart, end: number, end90k: number): void {
    const { video, startPts90k } = part;
    if (video === undefined || startPts90k === undefined || end90k <= startPts90k) return;
    const audio = part.audio ?? (part.hasAudio ? this.audio : undefined);
    const format = mediaFormat(video, audio);
    const isSame = this.#format !== undefined && sameMediaFormat(this.#format, format);
    const begins = this.begins ?? (isSame ? undefined : 'format-changed');
    this.begins = undefined;
    this.#format = format;
    this.#end90k = end90k;
    this.#continuity = (this.#continuity + 1) & 0x0f;
    const pcrPid = TRACK_PIDS[part.clockTrack];
    writeTables(part.bytes, 0, {
      videoCodec: video.videoCodec,
      hasAudio: audio !== undefined,
      continuity: this.#continuity,
      ...(pcrPid === undefined ? {} : { pcrPid }),
    });
    this.#onSegment({
      data: part.takeData(end),
      startPts90k,
      duration90k: end90k - startPts90k,
      format,
      keyFrames: part.keys.map(({ offset, pts90k }) => ({ offset, pts90k })),
      ...(begins === undefined ? {} : { begins }),
    });
  }
}
