import type { RecordingCause } from '../segment.ts';
import type { CutSegment } from '../ts/index.ts';

/** The place of a segment in wall-clock time, whole milliseconds. */
export interface ClockedCut {
  /** Not given out before for this stream, as far as is known. */
  readonly startMs: number;
  /** The start of what comes next in the same recording. */
  readonly endMs: number;
  /** A new recording begins with it, which lies in a time that was recorded before. */
  readonly isRepeat: boolean;
  /** The cut's own cause, or `clock-stepped`. */
  readonly begins?: RecordingCause;
}

interface Observation {
  readonly pts90k: number;
  readonly wallMs: number;
}

/** A difference larger than this ends the recording; a smaller one is made good little by little. */
const STEP_MS = 10_000;
/** By how much a segment may be longer or shorter in wall-clock time than it plays. */
const SLEW = 0.05;
/** Observations this near to the one before tell nothing new. */
const OBSERVE_EVERY_90K = 22_500;
/** Two minutes and more of key frames: a segment is placed when it ends, and may have begun so long ago. */
const MOST_OBSERVATIONS = 600;
/** Starts that are remembered: the hour that is repeated when a clock is set back, in segments of 1 s, and more. */
const MOST_STARTS = 8192;

/**
 * Gives segments their wall-clock time. The hub says at each key frame what time it is; that may tremble, drift and step,
 * as this machine's clock does. Segments of one recording never overlap and leave no gap: a small difference is spread
 * over the following segments (at most 5 % each), over 10 s ends the recording.
 */
export class RecordingClock {
  /** Ascending by PTS. */
  #observations: Observation[] = [];
  /** Starts given out, oldest first, at most `MOST_STARTS`. */
  readonly #starts: number[] = [];
  #nextStart = 0;
  /** Starts that must not be given out, from the archive, and from `#starts` while time repeats. */
  readonly #taken = new Set<number>();
  /** End of what was placed last, and where the next of its recording starts. */
  #lastEndMs: number | undefined;
  #lastEndPts90k: number | undefined;
  #maxEndMs: number | undefined;
  #isRecording = false;

  constructor(options: { newestEndMs?: number } = {}) {
    this.#lastEndMs = options.newestEndMs;
    this.#maxEndMs = options.newestEndMs;
  }

  /** Each key frame of the hub, before its segment is placed. What is kept is bounded. */
  observe(pts90k: number, wallMs: number): void {
    if (!Number.isFinite(wallMs)) return;
    const last = this.#observations.at(-1);
    if (last !== undefined) {
      // The hub replays to each new reader; a step is worth keeping however near it is.
      if (pts90k <= last.pts90k) return;
      const isStep = Math.abs(wallMs - last.wallMs - (pts90k - last.pts90k) / 90) > STEP_MS;
      if (pts90k - last.pts90k < OBSERVE_EVERY_90K && !isStep) return;
    }
    this.#observations.push({ pts90k, wallMs });
    if (this.#observations.length > MOST_OBSERVATIONS) {
      this.#observations = this.#observations.slice(MOST_OBSERVATIONS / 2);
    }
  }

  /** Starts that the archive has already: never given out again. */
  addTaken(startsMs: Iterable<number>): void {
    for (const startMs of startsMs) this.#taken.add(startMs);
  }

  /**
   * To be called for each cut in order. `nowMs` counts where nothing was observed yet: the time at which the segment
   * ended.
   */
  place(cut: Pick<CutSegment, 'startPts90k' | 'duration90k' | 'begins'>, nowMs: number): ClockedCut {
    const endPts90k = cut.startPts90k + cut.duration90k;
    const begins = this.#begins(cut, nowMs);
    const startMs =
      begins === undefined ? (this.#lastEndMs ?? nowMs) : this.#start(cut.startPts90k, endPts90k, nowMs);
    const isRepeat = begins !== undefined && startMs < (this.#maxEndMs ?? startMs);
    const endMs = this.#free(this.#end(startMs, cut.duration90k, endPts90k));
    this.#remember(startMs);
    this.#isRecording = true;
    this.#lastEndMs = endMs;
    this.#lastEndPts90k = endPts90k;
    this.#maxEndMs = Math.max(this.#maxEndMs ?? endMs, endMs);
    return { startMs, endMs, isRepeat, ...(begins === undefined ? {} : { begins }) };
  }

  #begins(
    cut: Pick<CutSegment, 'startPts90k' | 'duration90k' | 'begins'>,
    nowMs: number,
  ): RecordingCause | undefined {
    if (cut.begins !== undefined) return cut.begins;
    if (!this.#isRecording || this.#lastEndMs === undefined) return 'started';
    const wallMs = this.#wallMs(cut.startPts90k, cut.startPts90k + cut.duration90k, nowMs);
    return Math.abs(wallMs - this.#lastEndMs) > STEP_MS ? 'clock-stepped' : undefined;
  }

  /** Where a new recording starts: not in the last one because of mere trembling, and where it ended if nothing is missing. */
  #start(pts90k: number, endPts90k: number, nowMs: number): number {
    const wallMs = Math.max(0, Math.round(this.#startWallMs(pts90k, endPts90k, nowMs)));
    const lastMs = this.#lastEndMs;
    const isNear = lastMs !== undefined && Math.abs(wallMs - lastMs) <= STEP_MS;
    const touches = isNear && (wallMs < lastMs || pts90k === this.#lastEndPts90k);
    const startMs = touches ? lastMs : wallMs;
    if (startMs < (this.#maxEndMs ?? startMs)) {
      for (const given of this.#starts) if (given >= startMs) this.#taken.add(given);
    }
    return this.#free(startMs);
  }

  #end(startMs: number, duration90k: number, endPts90k: number): number {
    const durationMs = duration90k / 90;
    const plainMs = startMs + durationMs;
    const wallMs = this.#observedMs(endPts90k) ?? plainMs;
    const errorMs = wallMs - plainMs;
    const most = durationMs * SLEW;
    const slewMs = Math.abs(errorMs) > STEP_MS ? 0 : Math.min(most, Math.max(-most, errorMs));
    return Math.max(startMs + 1, Math.round(plainMs + slewMs));
  }

  #free(ms: number): number {
    let free = ms;
    while (this.#taken.has(free)) free += 1;
    return free;
  }

  #remember(startMs: number): void {
    this.#starts[this.#nextStart] = startMs;
    this.#nextStart = (this.#nextStart + 1) % MOST_STARTS;
    if (this.#taken.size === 0) return;
    // Past what was recorded before, nothing is taken any more.
    if (this.#maxEndMs !== undefined && startMs > this.#maxEndMs) this.#taken.clear();
    else this.#taken.add(startMs);
  }

  #wallMs(pts90k: number, endPts90k: number, nowMs: number): number {
    return this.#observedMs(pts90k) ?? nowMs - (endPts90k - pts90k) / 90;
  }

  /**
   * What a source sends first is often held up, so what came by the segment's end tells its beginning better. So it does
   * where the time stepped in between, as when a trusted camera tells its own only behind the first picture.
   */
  #startWallMs(pts90k: number, endPts90k: number, nowMs: number): number {
    return (this.#observedMs(endPts90k) ?? nowMs) - (endPts90k - pts90k) / 90;
  }

  /** By the nearest observation. */
  #observedMs(pts90k: number): number | undefined {
    let nearest: Observation | undefined;
    for (let i = this.#observations.length - 1; i >= 0; i -= 1) {
      const here = this.#observations[i];
      if (here === undefined) continue;
      if (nearest === undefined || Math.abs(here.pts90k - pts90k) < Math.abs(nearest.pts90k - pts90k)) {
        nearest = here;
      }
      if (here.pts90k <= pts90k) break;
    }
    return nearest === undefined ? undefined : nearest.wallMs + (pts90k - nearest.pts90k) / 90;
  }
}
