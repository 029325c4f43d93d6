/** A key frame this much too early for its cut still is it: camera clocks tremble. */
const MOST_TOLERANCE_90K = 9000;

/** Says at which key frames to cut, so that segments last `segment90k` each on average. */
export class CutGrid {
  #due90k = 0;
  #segment90k = 0;
  /** The last key frame, and its distance from the one before. */
  #key90k = 0;
  #keyDistance90k = 0;

  /** A recording begins. */
  begin(pts90k: number, segment90k: number): void {
    this.#segment90k = segment90k;
    this.#due90k = pts90k + segment90k;
    this.#key90k = pts90k;
    this.#keyDistance90k = 0;
  }

  /** To be told of each key frame. */
  onKeyFrame(pts90k: number): void {
    this.#keyDistance90k = Math.max(0, pts90k - this.#key90k);
    this.#key90k = pts90k;
  }

  isDue(pts90k: number): boolean {
    // Not where the next key frame will be nearer.
    const most90k = Math.min(this.#segment90k / 10, this.#keyDistance90k / 2);
    return pts90k >= this.#due90k - Math.min(MOST_TOLERANCE_90K, most90k);
  }

  /** Not every picture after which decoding can begin is worth a cut as soon as it is due. */
  isOverdue(pts90k: number): boolean {
    return this.isDue(pts90k - this.#segment90k);
  }

  /**
   * A cut was made. What it was late by is taken off the next segment, or key frames that come a little less often than cuts
   * are due would make every segment too long; but no segment is planned shorter than half of what was asked for.
   */
  cut(pts90k: number, segment90k: number): void {
    const late90k = Math.max(0, pts90k - this.#due90k);
    this.#segment90k = segment90k;
    this.#due90k = pts90k + segment90k - Math.min(late90k % segment90k, segment90k / 2);
  }
}
