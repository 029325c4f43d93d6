import { randomBytes } from 'node:crypto';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import { type Clock, withTimeout } from '../../base/clock.ts';
import type { Unit } from '../../stream/index.ts';
import type { Archive } from '../archive.ts';
import type { RingEntry } from '../live.ts';
import type { Recording, Segment } from '../segment.ts';
import type { CutSegment } from '../ts/index.ts';
import { type ClockedCut, RecordingClock } from './recording-clock.ts';
import type { Ring } from './ring.ts';

/** What the recorder needs of the archive. */
export type RecorderArchive = Pick<Archive, 'append' | 'note' | 'newestEndMs' | 'segments' | 'kept'>;

export interface RecorderOutputOptions {
  readonly stream: StreamId;
  readonly clock: Clock;
  readonly archive: RecorderArchive;
  readonly ring: Ring;
  readonly isRecorded: boolean;
  onSegment(entry: RingEntry): void;
}

/** A disk that hangs must not hold up who watches live. */
const ARCHIVE_TIMEOUT_MS = 3_000;
/** How much of the time ahead is asked for, where this machine's clock was set back. */
const AHEAD_MAX_MS = 6 * 3_600_000;

/**
 * Where a stream's segments go once they are cut: they get their times and their recording, and are put into the ring and,
 * where the stream is recorded, into the archive, with the reasons for what is missing.
 */
export class RecorderOutput {
  readonly #options: RecorderOutputOptions;
  #isRecorded: boolean;
  #times: RecordingClock | undefined;
  #recording: Recording | undefined;
  #lastEndMs: number | undefined;
  #noted: GapReason | undefined;
  #segments = 0;
  #bytes = 0;

  constructor(options: RecorderOutputOptions) {
    this.#options = options;
    this.#isRecorded = options.isRecorded;
  }

  /** End of the newest segment that was cut while the stream is recorded. */
  get recordedUntilMs(): number | undefined {
    return this.#lastEndMs;
  }

  /** Segments cut so far, recorded or not. */
  get segments(): number {
    return this.#segments;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isRecorded(): boolean {
    return this.#isRecorded;
  }

  set isRecorded(isRecorded: boolean) {
    // What was cut for players only is no part of what is recorded.
    if (isRecorded && !this.#isRecorded) this.#recording = undefined;
    this.#isRecorded = isRecorded;
  }

  /** Asks the archive for what it has of the stream, so that no time is given out twice. */
  async prepare(): Promise<void> {
    if (this.#times !== undefined) return;
    const { archive, stream, clock } = this.#options;
    const newestEndMs = await this.#asked(archive.newestEndMs(stream));
    this.#times ??= new RecordingClock(newestEndMs === undefined ? {} : { newestEndMs });
    if (newestEndMs !== undefined && newestEndMs > clock.wallMs()) await this.#learnOfTimeAhead();
  }

  /** A key frame of the hub, before FFmpeg writes it. */
  observe(unit: Unit): void {
    this.#times?.observe(unit.pts90k, unit.wallMs);
  }

  add(cut: CutSegment): void {
    const { archive, stream, clock, ring } = this.#options;
    const times = this.#times;
    if (times === undefined) throw new Error('prepare() comes before the first segment');
    const placed = times.place(cut, clock.wallMs());
    if (placed.begins !== undefined && placed.isRepeat) void this.#learnOfTimeAhead();
    const isNew = placed.begins !== undefined || this.#recording === undefined;
    const recording = isNew || this.#recording === undefined ? this.#begin(cut, placed) : this.#recording;
    const { startMs, endMs } = placed;
    const { startPts90k, duration90k, data } = cut;
    const segment: Segment = { recording, startMs, endMs, startPts90k, duration90k, data };
    this.#segments += 1;
    this.#bytes += data.length;
    const entry = ring.add(segment);
    if (this.#isRecorded) {
      archive.append(stream, segment);
      this.#lastEndMs = endMs;
    }
    this.#options.onSegment(entry);
  }

  /** From `atMs` (default: now) on, what is not recorded is missing for `reason`. The same one again is not noted. */
  note(reason: GapReason, atMs?: number): void {
    if (!this.#isRecorded || this.#noted === reason) return;
    this.#noted = reason;
    this.#options.archive.note(
      this.#options.stream,
      Math.round(atMs ?? this.#options.clock.wallMs()),
      reason,
    );
  }

  #begin(cut: CutSegment, placed: ClockedCut): Recording {
    const recording: Recording = {
      key: randomBytes(8).toString('hex'),
      startMs: placed.startMs,
      cause: placed.begins ?? 'started',
      isRepeat: placed.isRepeat,
      format: cut.format,
    };
    this.#recording = recording;
    const endMs = this.#lastEndMs;
    if (endMs !== undefined && endMs < placed.startMs) {
      if (recording.cause === 'clock-stepped') this.note('CLOCK_STEPPED', endMs);
      // The camera was connected all the time, yet its pictures stopped for some seconds.
      if (recording.cause === 'timeline-jumped') this.note('CAMERA_SILENT', endMs);
    }
    // What is missing from now on, and not told otherwise, is FFmpeg's doing.
    this.#noted = undefined;
    this.note('RECORDER_RESTARTED', placed.startMs);
    return recording;
  }

  /** The start of each segment that is kept of the time ahead is taken. */
  async #learnOfTimeAhead(): Promise<void> {
    const { archive, stream, clock } = this.#options;
    const fromMs = Math.floor(clock.wallMs()) - ARCHIVE_TIMEOUT_MS;
    const ahead = await this.#asked(archive.segments(stream, fromMs, fromMs + AHEAD_MAX_MS));
    this.#times?.addTaken(ahead?.segments.map(({ startMs }) => startMs) ?? []);
  }

  #asked<T>(work: Promise<T>): Promise<T | undefined> {
    const { clock } = this.#options;
    const noAnswer = () => new Error('the archive does not answer');
    return withTimeout(clock, ARCHIVE_TIMEOUT_MS, work, noAnswer).catch(() => undefined);
  }
}
