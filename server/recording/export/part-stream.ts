import type { SegmentRow } from '../archive.ts';
import { beginsUnit, pidOf, TS_PACKET_BYTES } from '../ts/packet.ts';
import { AUDIO_PID, VIDEO_PID } from '../ts/tables.ts';
import { readPesHeader } from '../ts/timestamps.ts';
import { AudioTrack, frameDuration90k } from './audio-track.ts';
import type { ExportPart, ExportRun } from './plan.ts';
import { pictureTimes, type SoundFrame, SoundReader, soundFrames, timesOf } from './segment-units.ts';
import { TsWriter } from './ts-writer.ts';

/** Where the bytes come from. Both may throw; then so does the stream. */
export interface SegmentSource {
  read(segment: SegmentRow): Buffer;
  /** What was recorded just before or after, if it belongs to the same recording and goes on without a gap. */
  neighbour(segment: SegmentRow, side: 'before' | 'after'): SegmentRow | undefined;
}

/**
 * `exact`: the file begins with the picture that was to be seen at the start, which an edit list shows though the file
 * holds the pictures from the key frame on. `key-frame`: it begins with the key frame itself.
 */
export type PartStart = 'exact' | 'key-frame';

/**
 * The time in the TS at which the file begins: what FFmpeg is to take as 0. Before it lie the pictures from the key
 * frame on, and TS knows no time below 0.
 */
export const FILE_START_90K = 600 * 90_000;

/** Sound is looked for in the segment next door where the cut is this near: sound and picture are not cut at the same byte. */
const SOUND_REACH_90K = 2 * 90_000;
/** A decoder needs the frame before to play the first one cleanly. */
const SOUND_LEAD_FRAMES = 2;

/**
 * One part of an export as one MPEG-TS byte stream with one timeline, whatever recordings it is made of: times are
 * moved, pictures behind the end are left out, and the sound is made whole. The reading is lazy: a segment is read when
 * the chunk that holds it is asked for.
 */
export class PartStream {
  readonly #part: ExportPart;
  readonly #source: SegmentSource;
  readonly #writer = new TsWriter();
  readonly #audio: AudioTrack | undefined;
  /** How far sound reaches back before the file's start. */
  readonly #soundLead90k: number = 0;
  readonly #first: { segment: SegmentRow; data: Buffer; offset: number };
  /** How much earlier than asked the file begins, since a picture is there as a whole; 0 or more. */
  readonly lead90k: number;
  readonly duration90k: number;
  readonly picturesOfFirst: number;
  #pending: SoundFrame[] = [];

  constructor(part: ExportPart, source: SegmentSource, start: PartStart) {
    this.#part = part;
    this.#source = source;
    const run = part.runs[0];
    const segment = run?.segments[0];
    if (run === undefined || segment === undefined) throw new Error('a part has at least one segment');
    const data = source.read(segment);
    const pictures = pictureTimes(data, segment.startPts90k);
    const keyFrame = pictures.findLast(({ isKeyFrame, pts90k }) => isKeyFrame && pts90k <= run.fromPts90k);
    const times = pictures.map(({ pts90k }) => pts90k).filter((pts90k) => pts90k <= run.fromPts90k);
    const shown = start === 'exact' ? Math.max(...times) : (keyFrame?.pts90k ?? segment.startPts90k);
    this.lead90k = times.length === 0 ? 0 : run.fromPts90k - shown;
    this.duration90k = part.duration90k + this.lead90k;
    this.picturesOfFirst = pictures.length;
    this.#first = { segment, data, offset: keyFrame?.offset ?? 0 };
    if (part.audio !== undefined) {
      // A file without an edit list would show what lies before its start.
      const leadFrames = start === 'exact' ? SOUND_LEAD_FRAMES : 0;
      this.#soundLead90k = leadFrames * frameDuration90k(part.audio);
      this.#audio = new AudioTrack(part.audio, FILE_START_90K - this.#soundLead90k);
    }
  }

  /** The bytes, one chunk a segment, in order, and how far into the file each leads. */
  *chunks(): Generator<{ data: Buffer; out90k: number }> {
    this.#writer.tables({ videoCodec: this.#part.videoCodec, hasAudio: this.#audio !== undefined });
    for (const run of this.#part.runs) {
      for (const segment of run.segments) {
        const isFirst = segment === this.#first.segment;
        const whole = isFirst ? this.#first.data : this.#source.read(segment);
        const data = isFirst ? whole.subarray(this.#first.offset) : whole;
        this.#writer.reserve(data.length);
        if (segment === run.segments[0]) this.#soundBefore(run, segment, whole, isFirst);
        this.#copy(run, data);
        if (segment === run.segments.at(-1)) this.#soundAfter(run, segment);
        yield {
          data: this.#writer.take(),
          out90k: Math.max(
            0,
            this.#shiftOf(run) + segment.startPts90k + segment.duration90k - FILE_START_90K,
          ),
        };
      }
    }
  }

  /** What is added to times of the run's recording. */
  #shiftOf(run: ExportRun): number {
    const isFirst = run === this.#part.runs[0];
    const from90k = isFirst ? run.fromPts90k - this.lead90k : run.fromPts90k;
    const out90k = isFirst ? 0 : run.outStart90k + this.lead90k;
    return FILE_START_90K + out90k - from90k;
  }

  #copy(run: ExportRun, data: Buffer): void {
    const shift90k = this.#shiftOf(run);
    const sound = this.#soundReader(run);
    // Packets of wanted pictures that follow each other are copied at once.
    let wantedFrom = -1;
    const flush = (to: number) => {
      if (wantedFrom >= 0) this.#writer.video(data, wantedFrom, to, shift90k);
      wantedFrom = -1;
    };
    let isWanted = false;
    let at = 0;
    for (; at + TS_PACKET_BYTES <= data.length; at += TS_PACKET_BYTES) {
      const pid = pidOf(data, at);
      if (pid !== VIDEO_PID) {
        flush(at);
        if (pid === AUDIO_PID && sound !== undefined) this.#queue(run, sound.push(data, at));
        continue;
      }
      if (beginsUnit(data, at)) {
        flush(at);
        isWanted = this.#beginPicture(run, data, at);
      }
      if (isWanted && wantedFrom < 0) wantedFrom = at;
    }
    flush(at);
    if (sound !== undefined) this.#queue(run, sound.flush());
  }

  /** Puts the sound in front of a picture that is to be in the file. */
  #beginPicture(run: ExportRun, data: Buffer, at: number): boolean {
    const pes = readPesHeader(data, at);
    if (pes === undefined || pes.ptsAt < 0) return false;
    const { dts90k } = timesOf(data, pes, run.fromPts90k);
    // A picture whose turn to be decoded comes behind the end is not needed by one that is seen.
    if (dts90k >= run.toPts90k) return false;
    this.#soundUntil(run, dts90k);
    return true;
  }

  #soundReader(run: ExportRun): SoundReader | undefined {
    return this.#audio === undefined || !run.hasAudio
      ? undefined
      : new SoundReader(this.#audio.frame90k, run.fromPts90k);
  }

  #queue(run: ExportRun, frames: readonly SoundFrame[]): void {
    const earliest90k = run.fromPts90k - this.lead90k - this.#soundLead90k;
    for (const frame of frames) {
      if (frame.pts90k >= earliest90k && frame.pts90k < run.toPts90k) this.#pending.push(frame);
    }
  }

  /** Writes the sound whose time has come, so that sound and picture lie beside each other in the file. */
  #soundUntil(run: ExportRun, pts90k: number): void {
    const audio = this.#audio;
    if (audio === undefined) return;
    const write = (out90k: number, frame: Buffer) => this.#writer.audio(out90k, frame);
    const shift90k = this.#shiftOf(run);
    let taken = 0;
    for (const frame of this.#pending) {
      if (frame.pts90k > pts90k) break;
      audio.push(frame.pts90k + shift90k, frame.frame, write);
      taken += 1;
    }
    if (taken > 0) this.#pending = this.#pending.slice(taken);
    if (!run.hasAudio) audio.fillTo(pts90k + shift90k, write);
  }

  #soundBefore(run: ExportRun, segment: SegmentRow, data: Buffer, isFirst: boolean): void {
    const audio = this.#audio;
    if (audio === undefined || !run.hasAudio || !isFirst) return;
    const near = run.fromPts90k - segment.startPts90k < SOUND_REACH_90K;
    const before = near ? this.#source.neighbour(segment, 'before') : undefined;
    if (before !== undefined) {
      this.#queue(run, soundFrames(this.#source.read(before), audio.frame90k, run.fromPts90k));
    }
    // What lies before the key frame's bytes may well sound after it.
    if (this.#first.offset > 0) {
      this.#queue(run, soundFrames(data.subarray(0, this.#first.offset), audio.frame90k, run.fromPts90k));
    }
  }

  #soundAfter(run: ExportRun, segment: SegmentRow): void {
    const audio = this.#audio;
    if (audio === undefined) return;
    const newest = this.#pending.at(-1)?.pts90k ?? 0;
    const near = segment.startPts90k + segment.duration90k - run.toPts90k < SOUND_REACH_90K;
    if (run.hasAudio && near && newest < run.toPts90k - 2 * audio.frame90k) {
      const after = this.#source.neighbour(segment, 'after');
      if (after !== undefined) {
        const frames = soundFrames(this.#source.read(after), audio.frame90k, run.fromPts90k);
        this.#queue(
          run,
          frames.filter(({ pts90k }) => pts90k > newest),
        );
      }
    }
    this.#soundUntil(run, run.toPts90k);
    this.#pending = [];
  }
}
