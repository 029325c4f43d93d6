/** Packets of a session so far: those that came, and those that are missing from the sequence. */
export interface Arrivals {
  readonly received: number;
  readonly lost: number;
}

export interface LossVerdict {
  /** Of the packets that should have come, 0 to 1. */
  readonly share: number;
  readonly isTooMuch: boolean;
}

const WINDOW_MS = 10_000;
/** Each lost packet costs the pictures up to the next key frame: at 1 % and 60 packets a second that is every other second. */
const LOSSY_SHARE = 0.01;
const WINDOWS_IN_A_ROW = 2;
/** So much need not be seen twice. */
const HEAVY_SHARE = 0.1;
/** Fewer in a window are an accident. */
const LEAST_LOST = 5;

/**
 * Judges whether a way loses too many packets: over 1 % in two windows of 10 s in a row, or over 10 % in one. Pure; ask
 * it about once a second.
 */
export class LossWatch {
  #window: { readonly startMs: number; readonly from: Arrivals } | undefined;
  #lossyWindows = 0;

  /** What the window that just ended says; undefined while one is under way. */
  sample(nowMs: number, now: Arrivals): LossVerdict | undefined {
    const window = this.#window;
    // A sender that began anew counts anew; what was lost before says nothing of it.
    if (window === undefined || now.received < window.from.received || now.lost < window.from.lost) {
      this.#window = { startMs: nowMs, from: now };
      return undefined;
    }
    if (nowMs - window.startMs < WINDOW_MS) return undefined;
    this.#window = { startMs: nowMs, from: now };
    const lost = now.lost - window.from.lost;
    const expected = lost + now.received - window.from.received;
    const share = expected === 0 ? 0 : lost / expected;
    const isLossy = lost >= LEAST_LOST && share > LOSSY_SHARE;
    this.#lossyWindows = isLossy ? this.#lossyWindows + 1 : 0;
    const isEnough = this.#lossyWindows >= WINDOWS_IN_A_ROW || (isLossy && share > HEAVY_SHARE);
    return { share, isTooMuch: isEnough };
  }
}
