/** Pictures that are older when FFmpeg gets them come out of the hub's kept group, or the machine is too slow. */
const LATE_MS = 300;
/** So many are shown nonetheless, lest nothing is seen on a machine that never keeps up. */
const SHOW_EVERY_90K = 200 * 90;
/** How long the kept group is worked through before any of it is shown. */
const HIDE_MS = 1_000;
/** Later than this nobody calls it live: what was missed is left out up to a key frame. */
const LOST_MS = 2_000;
/** The kept group begins as far back as the camera's last key frame; so long may it take to get from there to now. */
const CATCH_UP_MS = 5_000;

/** `show`; `decode`: others refer to it, but it is not worth encoding; `drop`. */
export type Verdict = 'show' | 'decode' | 'drop';

/**
 * Decides what becomes of a leg's pictures that come late, so that viewers see the present: first pictures are decoded
 * without being shown, then left out.
 */
export class Lateness {
  readonly #startedAtMs: number;
  #hasCaughtUp = false;
  #awaitsKeyFrame = false;
  #shownPts90k: number | undefined;

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  judge(
    unit: { readonly pts90k: number; readonly isKeyFrame: boolean; readonly receivedAtMs: number },
    nowMs: number,
  ): Verdict {
    const ageMs = nowMs - unit.receivedAtMs;
    this.#hasCaughtUp ||= ageMs <= LATE_MS || nowMs - this.#startedAtMs > CATCH_UP_MS;
    const isLost = this.#hasCaughtUp && ageMs > LOST_MS;
    if (isLost) this.#awaitsKeyFrame = true;
    else if (unit.isKeyFrame) this.#awaitsKeyFrame = false;
    if (this.#awaitsKeyFrame) return 'drop';
    if (ageMs > LATE_MS && !this.#isDue(unit.pts90k, nowMs)) return 'decode';
    this.#shownPts90k = unit.pts90k;
    return 'show';
  }

  #isDue(pts90k: number, nowMs: number): boolean {
    if (this.#shownPts90k === undefined) return nowMs - this.#startedAtMs > HIDE_MS;
    return Math.abs(pts90k - this.#shownPts90k) >= SHOW_EVERY_90K;
  }
}
