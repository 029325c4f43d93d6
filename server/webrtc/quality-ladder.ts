/**
 * What a viewer gets: the stream, the camera's second one in its place, or no picture (sound goes on), each needing less of
 * its link than the one before.
 */
export type Level = 'full' | 'sub' | 'paused';

/** How long a viewer stays below before the better level is tried again. */
const FIRST_TRY_AFTER_MS = 10_000;
/**
 * Each try that fails makes the wait longer. Who sees nothing waits about a quarter of the time that its link has been bad,
 * so that it has its picture soon after that has healed; who has the second stream is disturbed less often.
 */
const PATIENCE: Readonly<Record<Level, { readonly growth: number; readonly maxMs: number }>> = {
  full: { growth: 1, maxMs: FIRST_TRY_AFTER_MS },
  sub: { growth: 2, maxMs: 120_000 },
  paused: { growth: 1.3, maxMs: 60_000 },
};
/** A level that was held this long is no trial any more. */
const TRIAL_MS = 20_000;
/** Held this long, it has earned a quick next try. */
const PROVEN_MS = 120_000;

/**
 * Which level a viewer is on and when it tries a better one. It goes down a step each time its link is congested, and
 * up again by trials with back-off, since a link tells what it can carry only by carrying it.
 */
export class QualityLadder {
  readonly #tryAfterMs = new Map<Level, number>();
  readonly #pace: number;
  #level: Level = 'full';
  #sinceMs: number;
  #tryAtMs = Number.POSITIVE_INFINITY;
  #cameUp = false;

  /**
   * `pace` scales the waits: viewers whose ways are one are paused together, and would fill it again if they tried
   * together.
   */
  constructor(nowMs: number, pace = 1) {
    this.#sinceMs = nowMs;
    this.#pace = pace;
  }

  get level(): Level {
    return this.#level;
  }

  /** What it has learnt is of use to whoever watches the same over the same link next. */
  get hasFailed(): boolean {
    return this.#tryAfterMs.size > 0;
  }

  /** The viewer begins anew: with all of it, which is a trial where it has failed before. */
  restart(nowMs: number): void {
    this.#enter('full', nowMs, false, this.hasFailed);
  }

  /** This level is tried after one below it, and may yet fail. */
  isTrial(nowMs: number): boolean {
    return this.#cameUp && nowMs - this.#sinceMs < TRIAL_MS;
  }

  /** When a better level will be tried; undefined at the best. */
  retryInMs(nowMs: number): number | undefined {
    return Number.isFinite(this.#tryAtMs) ? Math.max(0, this.#tryAtMs - nowMs) : undefined;
  }

  /** The link cannot carry this level, or the level cannot be had. Gives the next one down. */
  down(nowMs: number, hasSub: boolean): Level {
    const failed = this.#level;
    const heldMs = nowMs - this.#sinceMs;
    const below = failed === 'full' && hasSub ? 'sub' : 'paused';
    const before = this.#tryAfterMs.get(failed);
    const { growth, maxMs } = PATIENCE[below];
    const isFirst = before === undefined || heldMs >= PROVEN_MS;
    this.#tryAfterMs.set(failed, isFirst ? FIRST_TRY_AFTER_MS : Math.min(maxMs, before * growth));
    return this.#enter(below, nowMs, hasSub, false);
  }

  /** The better level whose trial is due; undefined while there is none. */
  up(nowMs: number, hasSub: boolean): Level | undefined {
    if (nowMs < this.#tryAtMs) return undefined;
    return this.#enter(above(this.#level, hasSub), nowMs, hasSub, true);
  }

  /** The viewer's network is another one: what was learnt of the old one says nothing, and a better level is due now. */
  forget(nowMs: number): void {
    this.#tryAfterMs.clear();
    if (Number.isFinite(this.#tryAtMs)) this.#tryAtMs = nowMs;
  }

  #enter(level: Level, nowMs: number, hasSub: boolean, cameUp: boolean): Level {
    this.#level = level;
    this.#sinceMs = nowMs;
    this.#cameUp = cameUp;
    const next = level === 'full' ? undefined : above(level, hasSub);
    this.#tryAtMs =
      next === undefined
        ? Number.POSITIVE_INFINITY
        : nowMs + (this.#tryAfterMs.get(next) ?? FIRST_TRY_AFTER_MS) * this.#pace;
    return level;
  }
}

function above(level: Level, hasSub: boolean): Level {
  return level === 'paused' && hasSub ? 'sub' : 'full';
}
