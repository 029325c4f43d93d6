import type { Unit } from './unit.ts';

const WINDOW_MS = 2_000;
const MAX_KEPT_INTERVALS = 4;

/** Measured over the last seconds of media; undefined until enough has come. */
export interface StreamFigures {
  readonly fps?: number;
  readonly bitrateKbps?: number;
  readonly keyFrameIntervalMs?: number;
}

/** Frame rate, bit rate and key-frame interval as they really are, not as the camera declares them. */
export class StreamStats {
  #windowStartMs: number | undefined;
  #windowBytes = 0;
  #windowFrames = 0;
  #fps: number | undefined;
  #bitrateKbps: number | undefined;
  #lastKeyPts90k: number | undefined;
  #keyIntervals90k: number[] = [];

  add(unit: Unit): void {
    this.#windowStartMs ??= unit.receivedAtMs;
    this.#windowBytes += unit.sizeBytes;
    if (unit.format.kind === 'video') {
      this.#windowFrames += 1;
      if (unit.isKeyFrame) this.#addKeyFrame(unit.pts90k);
    }
    const windowMs = unit.receivedAtMs - this.#windowStartMs;
    if (windowMs >= WINDOW_MS) {
      this.#fps = (this.#windowFrames * 1000) / windowMs;
      this.#bitrateKbps = (this.#windowBytes * 8) / windowMs;
      this.#windowStartMs = unit.receivedAtMs;
      this.#windowBytes = 0;
      this.#windowFrames = 0;
    }
  }

  /** The source went away: figures of before say nothing about after. */
  reset(): void {
    this.#windowStartMs = undefined;
    this.#windowBytes = 0;
    this.#windowFrames = 0;
    this.#fps = undefined;
    this.#bitrateKbps = undefined;
    this.#lastKeyPts90k = undefined;
    this.#keyIntervals90k = [];
  }

  get figures(): StreamFigures {
    const intervals = this.#keyIntervals90k;
    const mean90k = intervals.reduce((sum, value) => sum + value, 0) / intervals.length;
    return {
      ...(this.#fps === undefined ? {} : { fps: Math.round(this.#fps * 10) / 10 }),
      ...(this.#bitrateKbps === undefined ? {} : { bitrateKbps: Math.round(this.#bitrateKbps) }),
      ...(intervals.length === 0 ? {} : { keyFrameIntervalMs: Math.round(mean90k / 90) }),
    };
  }

  #addKeyFrame(pts90k: number): void {
    if (this.#lastKeyPts90k !== undefined) {
      this.#keyIntervals90k.push(pts90k - this.#lastKeyPts90k);
      if (this.#keyIntervals90k.length > MAX_KEPT_INTERVALS) this.#keyIntervals90k.shift();
    }
    this.#lastKeyPts90k = pts90k;
  }
}
