/** No picture for that long, while there should be some, means that something is stuck. */
const STALL_MS = 5_000;
/** The first picture may have to wait for the camera's next key frame, and cameras make these 10 s apart. */
const FIRST_PICTURE_MS = 15_000;
const MAX_PATIENCE_MS = 60_000;
/** Pictures for that long mean that all is well again. */
const HEALTHY_MS = 10_000;

/**
 * Finds frozen players by the count of decoded frames. Each restart that did not help doubles its patience, so
 * that a camera with few key frames or few frames gets its chance.
 */
export class Watchdog {
  #frames = 0;
  #sinceMs: number | undefined;
  #healthySinceMs: number | undefined;
  #doublings = 0;

  /**
   * To be called about once a second. `framesDecoded` is of the present decoder, `expected` says whether pictures
   * should arrive at all. `stalled` is said once; the watch is then to be started again.
   */
  tick(
    nowMs: number,
    framesDecoded: number,
    expected: boolean,
  ): 'resting' | 'progress' | 'quiet' | 'stalled' {
    // A new decoder counts from the beginning again.
    const progress = framesDecoded !== this.#frames && framesDecoded > 0;
    const hadPicture = this.#frames > 0;
    this.#frames = framesDecoded;
    if (!expected) {
      this.#sinceMs = undefined;
      this.#healthySinceMs = undefined;
      return progress ? 'progress' : 'resting';
    }
    if (progress) {
      this.#sinceMs = nowMs;
      this.#healthySinceMs ??= nowMs;
      if (nowMs - this.#healthySinceMs >= HEALTHY_MS) this.#doublings = 0;
      return 'progress';
    }
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < this.#patienceMs(hadPicture)) return 'quiet';
    this.#doublings += 1;
    this.#sinceMs = nowMs;
    this.#healthySinceMs = undefined;
    return 'stalled';
  }

  #patienceMs(hadPicture: boolean): number {
    const base = hadPicture ? STALL_MS : FIRST_PICTURE_MS;
    return Math.min(MAX_PATIENCE_MS, base * 2 ** this.#doublings);
  }
}
