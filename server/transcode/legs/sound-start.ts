/** What comes out of FFmpeg usually lies so far behind what goes in, beside one unit. */
const USUALLY_BEHIND_90K = 60 * 90;
const LONGEST_UNIT_90K = 130 * 90;
/** An FFmpeg that is still behind then is slow by nature, and late sound is better than none. */
const START_MS = 2_000;

/**
 * Tells which sound has waited for an FFmpeg to start: all of it comes in one burst. A browser that begins with the first of
 * it hears everything late for many seconds, until it has made up for that little by little.
 */
export class SoundStart {
  #newest90k: number | undefined;
  #unit90k = 0;
  #hasCaughtUp = false;

  /** A unit of `pts90k` goes to FFmpeg. */
  given(pts90k: number): void {
    const step90k = pts90k - (this.#newest90k ?? pts90k);
    if (step90k > 0) this.#unit90k = Math.min(step90k, LONGEST_UNIT_90K);
    this.#newest90k = pts90k;
  }

  /** Whether sound of `pts90k` that came out `elapsedMs` after the start is to be left out. */
  isStale(pts90k: number, elapsedMs: number): boolean {
    if (this.#hasCaughtUp) return false;
    const behind90k = (this.#newest90k ?? pts90k) - pts90k;
    this.#hasCaughtUp = behind90k <= USUALLY_BEHIND_90K + this.#unit90k || elapsedMs > START_MS;
    return !this.#hasCaughtUp;
  }
}
