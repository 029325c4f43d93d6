/** Units of sound lie apart by less (128 ms is the longest frame of AAC); what is more, or goes back, is a hole. */
const HOLE_90K = 250 * 90;
const USUAL_UNIT_90K = 20 * 90;
/** FFmpeg's Opus: 20 ms. */
const FRAME_90K = 20 * 90;
/** Where the times given to FFmpeg begin; what an encoder needs in front stays above 0. */
const FIRST_90K = 10_000 * 90;
/** Holes that FFmpeg has not got past yet; it holds back much less than one. */
const MAX_STRETCHES = 16;

interface Stretch {
  readonly from90k: number;
  /** From FFmpeg's time to the timeline. */
  readonly shift90k: number;
}

/**
 * The times of sound on its way through FFmpeg. FFmpeg is given a time without holes: it would fill them with silence, and
 * all of that would come at once and be heard late. What it makes is put back where it belongs, frame to frame without
 * a gap or an overlap of a few samples, since browsers throw away what overlaps.
 */
export class SoundClock {
  readonly #stretches: Stretch[] = [];
  #lastPts90k = 0;
  #lastGiven90k = 0;
  #unit90k = USUAL_UNIT_90K;
  #next90k = Number.NEGATIVE_INFINITY;

  /** The time at which FFmpeg is to be given a unit of the timeline's `pts90k`. */
  give(pts90k: number): number {
    const step90k = pts90k - this.#lastPts90k;
    const isFirst = this.#stretches.length === 0;
    const isHole = isFirst || step90k <= 0 || step90k > HOLE_90K;
    if (!isHole) this.#unit90k = step90k;
    const given90k = isFirst ? FIRST_90K : this.#lastGiven90k + (isHole ? this.#unit90k : step90k);
    if (isHole) {
      this.#stretches.push({ from90k: given90k, shift90k: pts90k - given90k });
      if (this.#stretches.length > MAX_STRETCHES) this.#stretches.shift();
    }
    this.#lastPts90k = pts90k;
    this.#lastGiven90k = given90k;
    return given90k;
  }

  /** Where a frame of 20 ms that FFmpeg gave out at `made90k` lies on the timeline. */
  place(made90k: number): number {
    // An encoder's first frame begins a little before what it was given.
    while ((this.#stretches[1]?.from90k ?? Number.POSITIVE_INFINITY) <= made90k + FRAME_90K / 2)
      this.#stretches.shift();
    const told90k = made90k + (this.#stretches[0]?.shift90k ?? 0);
    const place90k = Math.abs(told90k - this.#next90k) < FRAME_90K ? this.#next90k : told90k;
    this.#next90k = place90k + FRAME_90K;
    return place90k;
  }
}
