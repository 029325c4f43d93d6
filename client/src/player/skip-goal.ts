/** A picture that is that near to where it was skipped to is there. */
const NEAR_MS = 2_000;
/** After that much time where the picture is counts again, wherever it got to. */
const GOAL_HOLDS_MS = 4_000;

/**
 * Where quick skips in a row lead to: each counts from where the one before went, even while the picture of that time is still on
 * its way. Times are Unix milliseconds, `nowMs` is the page's own.
 */
export class SkipGoal {
  #goal: { readonly timeMs: number; readonly sinceMs: number } | undefined;

  /** `shownMs`: the picture on the screen; undefined while that is not known. Gives undefined where one can go nowhere from. */
  next(byMs: number, shownMs: number | undefined, nowMs: number): number | undefined {
    const fromMs = this.#pending(shownMs, nowMs) ?? shownMs;
    if (fromMs === undefined) return undefined;
    this.#goal = { timeMs: fromMs + byMs, sinceMs: nowMs };
    return this.#goal.timeMs;
  }

  forget(): void {
    this.#goal = undefined;
  }

  #pending(shownMs: number | undefined, nowMs: number): number | undefined {
    const goal = this.#goal;
    if (goal === undefined || nowMs - goal.sinceMs > GOAL_HOLDS_MS) return undefined;
    const playedMs = nowMs - goal.sinceMs;
    const isThere =
      shownMs !== undefined && shownMs > goal.timeMs - NEAR_MS && shownMs < goal.timeMs + playedMs + NEAR_MS;
    return isThere ? undefined : goal.timeMs;
  }
}
