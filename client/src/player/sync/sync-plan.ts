import type { HoldCause } from '../player-events.ts';

/** Who waits goes on when it is due in so much time: starting takes some of it. */
const DUE_MS = 25;
/** Nearer than that, in recorded time, nobody sees a difference, and frames are further apart. */
const NEAR_MS = 20;
/** In time of the viewer's: a browser tells its position no better. */
const EXACT_MS = 8;
/** Who is ahead by more stands still until the clock gets there. */
const HOLD_MS = 350;
/** A picture that is that far ahead has leapt over a time without any. */
const GAP_MS = 1_500;
/** Who is behind by more has to leap. */
const LEAP_MS = 900;
/** How much faster or slower than its speed a player may run to get even: nobody sees or hears much of it. */
const MAX_NUDGE = 0.2;
/** What is off is to be made good within about that time. */
const EVEN_IN_MS = 500;
/** Browsers play no faster. */
const MAX_RATE = 16;

/** A player as its group sees it. */
export interface Follower {
  /** Unix milliseconds of its picture. */
  readonly timeMs: number;
  readonly held: boolean;
  /** Since it last leapt: leaping again and again shows nothing at all. */
  readonly sinceLeapMs: number;
  /** How long it takes to show a picture after a leap, by experience. */
  readonly leapTakesMs: number;
}

export type SyncStep =
  | { readonly kind: 'run'; readonly rate: number }
  | { readonly kind: 'hold'; readonly cause: HoldCause }
  | { readonly kind: 'leap'; readonly toMs: number };

const MIN_BETWEEN_LEAPS_MS = 2_500;

/** What a player has to do to be where the clock is. */
export function syncStep(follower: Follower, clockMs: number, speed: number): SyncStep {
  const { timeMs, held, sinceLeapMs, leapTakesMs } = follower;
  // In time of the viewer's: at 4 times the speed 400 ms of video are over in 100.
  const aheadMs = (timeMs - clockMs) / speed;
  if (held ? aheadMs > DUE_MS : aheadMs > HOLD_MS) {
    return { kind: 'hold', cause: timeMs - clockMs > GAP_MS ? 'not recorded' : 'early' };
  }
  if (aheadMs < -LEAP_MS && sinceLeapMs > MIN_BETWEEN_LEAPS_MS) {
    return { kind: 'leap', toMs: clockMs + leapTakesMs * speed };
  }
  if (Math.abs(aheadMs) <= Math.max(EXACT_MS, NEAR_MS / speed)) return { kind: 'run', rate: speed };
  const nudge = Math.min(MAX_NUDGE, Math.max(-MAX_NUDGE, -aheadMs / EVEN_IN_MS));
  return { kind: 'run', rate: Math.min(MAX_RATE, speed * (1 + nudge)) };
}

/** Behind by more the clock runs slower for the slowest player, and at half its speed for who is that far behind. */
const WAITS_FROM_MS = 40;
const HALF_SPEED_MS = 240;

/**
 * How much of its time the clock of a group stands still, 0 to 0.5, so that all stay together where a machine is too slow for
 * so many. `aheadMs` are those of the players that run, in time of the viewer's; who has to leap is not waited for.
 */
export function clockRest(aheadMs: readonly number[]): number {
  const behindMs = Math.max(0, ...aheadMs.map((ms) => -ms).filter((ms) => ms <= LEAP_MS));
  const share = (behindMs - WAITS_FROM_MS) / (HALF_SPEED_MS - WAITS_FROM_MS) / 2;
  return Math.min(0.5, Math.max(0, share));
}

/** The clock of a group: it runs at a speed, or stands still. Times are Unix milliseconds, `nowMs` is the page's own. */
export class GroupClock {
  #atMs: number;
  #sinceMs: number;
  #speed = 1;
  #running = false;

  constructor(atMs: number, nowMs: number) {
    this.#atMs = atMs;
    this.#sinceMs = nowMs;
  }

  get running(): boolean {
    return this.#running;
  }

  time(nowMs: number): number {
    return this.#running ? this.#atMs + (nowMs - this.#sinceMs) * this.#speed : this.#atMs;
  }

  set(atMs: number, nowMs: number): void {
    this.#atMs = atMs;
    this.#sinceMs = nowMs;
  }

  setSpeed(speed: number, nowMs: number): void {
    this.set(this.time(nowMs), nowMs);
    this.#speed = speed;
  }

  setRunning(running: boolean, nowMs: number): void {
    this.set(this.time(nowMs), nowMs);
    this.#running = running;
  }
}
