import type { PictureReport } from '../../shared/report.ts';
import type { Unit } from './unit.ts';

const WINDOW_MS = 10_000;
/** Less of a first window is not told. */
const MIN_WINDOW_MS = 2_000;
const MAX_INTERVALS = 64;
/** H.264 and H.265 let a decoder hold back 16 pictures at most. */
const MAX_REORDER = 16;

/** What a stream's pictures are like, measured on what the hub places; O(1) for each. */
export class PictureHabits {
  #pictures = 0;
  #bytes = 0;
  #disposable = 0;
  /** Came after a picture that is shown later. */
  #reordered = 0;
  #reorderedReferences = 0;
  #reorderDepth = 0;
  readonly #lastPts = new Float64Array(MAX_REORDER).fill(Number.NEGATIVE_INFINITY);
  #highestPts90k = Number.NEGATIVE_INFINITY;
  #keyFrames = 0;
  #keyBytes = 0;
  #maxKeyBytes = 0;
  #lastKeyPts90k: number | undefined;
  #intervals90k: number[] = [];
  #windowStartMs: number | undefined;
  #windowPictures = 0;
  #windowGapMs = 0;
  #lastAtMs = 0;
  #fps: number | undefined;
  #largestGapMs: number | undefined;

  add(unit: Unit): void {
    if (unit.format.kind !== 'video') return;
    this.#addRate(unit.receivedAtMs);
    this.#addOrder(unit);
    this.#pictures += 1;
    this.#bytes += unit.sizeBytes;
    if (!unit.isKeyFrame) return;
    this.#keyFrames += 1;
    this.#keyBytes += unit.sizeBytes;
    this.#maxKeyBytes = Math.max(this.#maxKeyBytes, unit.sizeBytes);
    if (this.#lastKeyPts90k !== undefined) {
      this.#intervals90k.push(unit.pts90k - this.#lastKeyPts90k);
      if (this.#intervals90k.length > MAX_INTERVALS) this.#intervals90k.shift();
    }
    this.#lastKeyPts90k = unit.pts90k;
  }

  /** The source went away: the time until it is back belongs to no interval; what was learnt stays. */
  interrupted(): void {
    this.#fps = this.#fpsNow();
    this.#lastKeyPts90k = undefined;
    this.#windowStartMs = undefined;
    this.#lastPts.fill(Number.NEGATIVE_INFINITY);
    this.#highestPts90k = Number.NEGATIVE_INFINITY;
  }

  /** Undefined before the first picture. */
  get report(): PictureReport | undefined {
    if (this.#pictures === 0) return undefined;
    const fps = this.#fpsNow();
    const others = this.#pictures - this.#keyFrames;
    const gap = this.#largestGapMs ?? (fps === undefined ? undefined : this.#windowGapMs);
    return {
      pictures: this.#pictures,
      ...(fps === undefined ? {} : { fps: Math.round(fps * 100) / 100 }),
      ...(gap === undefined ? {} : { largestGapMs: Math.round(gap) }),
      bFrames: this.#bFrames(),
      keyFrames: {
        count: this.#keyFrames,
        ...(this.#intervals90k.length === 0 ? {} : { intervalMs: spread(this.#intervals90k) }),
        ...(this.#lastKeyPts90k === undefined
          ? {}
          : { sinceMs: Math.round((this.#highestPts90k - this.#lastKeyPts90k) / 90) }),
        ...(this.#keyFrames === 0
          ? {}
          : { meanBytes: Math.round(this.#keyBytes / this.#keyFrames), maxBytes: this.#maxKeyBytes }),
      },
      ...(others === 0 ? {} : { meanBytes: Math.round((this.#bytes - this.#keyBytes) / others) }),
    };
  }

  #bFrames(): PictureReport['bFrames'] {
    const kind = this.#reordered === 0 ? 'none' : this.#reorderedReferences > 0 ? 'reference' : 'disposable';
    const shareOf = (count: number) => Math.round((count / this.#pictures) * 1000) / 1000;
    return {
      kind,
      share: shareOf(this.#reordered),
      disposableShare: shareOf(this.#disposable),
      reorderDepth: this.#reorderDepth,
    };
  }

  #addRate(atMs: number): void {
    if (this.#windowStartMs === undefined) {
      this.#windowStartMs = atMs;
      this.#windowPictures = 0;
      this.#windowGapMs = 0;
    } else {
      this.#windowPictures += 1;
      this.#windowGapMs = Math.max(this.#windowGapMs, atMs - this.#lastAtMs);
    }
    this.#lastAtMs = atMs;
    const windowMs = atMs - this.#windowStartMs;
    if (windowMs < WINDOW_MS) return;
    this.#fps = (this.#windowPictures * 1000) / windowMs;
    this.#largestGapMs = this.#windowGapMs;
    this.#windowStartMs = atMs;
    this.#windowPictures = 0;
    this.#windowGapMs = 0;
  }

  #fpsNow(): number | undefined {
    if (this.#fps !== undefined || this.#windowStartMs === undefined) return this.#fps;
    const windowMs = this.#lastAtMs - this.#windowStartMs;
    return windowMs < MIN_WINDOW_MS ? undefined : (this.#windowPictures * 1000) / windowMs;
  }

  #addOrder({ pts90k, isDisposable }: Unit): void {
    if (isDisposable) this.#disposable += 1;
    if (pts90k < this.#highestPts90k) {
      let depth = 0;
      for (const before of this.#lastPts) if (before > pts90k) depth += 1;
      this.#reordered += 1;
      if (!isDisposable) this.#reorderedReferences += 1;
      this.#reorderDepth = Math.max(this.#reorderDepth, depth);
    } else {
      this.#highestPts90k = pts90k;
    }
    this.#lastPts[this.#pictures % MAX_REORDER] = pts90k;
  }
}

function spread(intervals90k: readonly number[]): NonNullable<PictureReport['keyFrames']['intervalMs']> {
  const { length } = intervals90k;
  const mean = intervals90k.reduce((sum, value) => sum + value, 0) / length;
  const variance = intervals90k.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
  const inMs = (value: number) => Math.round(value / 90);
  return {
    mean: inMs(mean),
    min: inMs(Math.min(...intervals90k)),
    max: inMs(Math.max(...intervals90k)),
    stdDev: inMs(Math.sqrt(variance)),
  };
}
