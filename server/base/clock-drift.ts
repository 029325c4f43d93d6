import type { Drift } from '../../shared/report.ts';

const FIRST_BUCKET_MS = 2_000;
const MAX_BUCKETS = 64;
/** Less says nothing: 20 ms of jitter over 10 s are 2000 ppm. */
const MIN_SPAN_MS = 30_000;
const MIN_BUCKETS = 8;
/** A step of the other clock that has nothing to do with drift. */
const JUMP_MS = 1_000;
/** Arrivals that are late for longer than this are no queue that empties: the other clock was set back, or stood. */
const STALL_MS = 3_000;

interface Bucket {
  readonly atMs: number;
  /** The packet that was under way for the shortest time shows the clock best. */
  readonly leastLagMs: number;
}

/**
 * How fast another clock runs beside ours, from pairs of its time and the time of arrival. Of each span only the
 * fastest arrival counts, so jitter and queues do not look like drift; spans double as time goes on, so memory is
 * bounded and days can be measured. O(1) for each pair.
 */
export class ClockDrift {
  #buckets: Bucket[] = [];
  #bucketMs = FIRST_BUCKET_MS;
  #startMs: number | undefined;
  #openEndMs = 0;
  #open: Bucket | undefined;
  #lastLagMs = 0;
  /** Since when arrivals have been later than they were, which a network that stalls for a moment makes them, too. */
  #doubt: { readonly sinceMs: number; readonly lagMs: number } | undefined;
  /** The lag before arrivals that were late for so long that they counted as a jump; those that catch up again were none. */
  #lagBeforeMs: number | undefined;
  #jumps = 0;

  /** Steps of over a second, each of which began the measurement anew. */
  get jumps(): number {
    return this.#jumps;
  }

  /** Whether it jumped just now cannot be told yet. */
  get isInDoubt(): boolean {
    return this.#doubt !== undefined;
  }

  /** The other clock showed `theirMs` when it was `arrivedMs` here; both in milliseconds from any origin. */
  add(theirMs: number, arrivedMs: number): void {
    const lagMs = arrivedMs - theirMs;
    const step = this.#startMs === undefined ? 'none' : this.#step(lagMs, arrivedMs);
    if (step === 'in doubt') return;
    if (step === 'jump') {
      this.#jumps += 1;
      const lagBeforeMs = this.#doubt?.lagMs;
      this.restart();
      this.#lagBeforeMs = lagBeforeMs;
    } else if (this.#lagBeforeMs !== undefined && lagMs - this.#lagBeforeMs < JUMP_MS / 2) {
      this.#jumps -= 1;
      this.restart();
    }
    this.#lastLagMs = lagMs;
    this.#startMs ??= arrivedMs;
    if (this.#open === undefined || arrivedMs >= this.#openEndMs) {
      this.#closeBucket();
      this.#openEndMs = arrivedMs + this.#bucketMs;
      this.#open = { atMs: arrivedMs, leastLagMs: lagMs };
    } else if (lagMs < this.#open.leastLagMs) {
      this.#open = { atMs: arrivedMs, leastLagMs: lagMs };
    }
  }

  /** What was measured is of another clock, or of another start of it. */
  restart(): void {
    this.#buckets = [];
    this.#bucketMs = FIRST_BUCKET_MS;
    this.#startMs = undefined;
    this.#open = undefined;
    this.#doubt = undefined;
    this.#lagBeforeMs = undefined;
  }

  /** Undefined until enough time has passed to tell. */
  get drift(): Drift | undefined {
    const { length } = this.#buckets;
    const first = this.#buckets[0];
    const last = this.#buckets[length - 1];
    if (first === undefined || last === undefined || length < MIN_BUCKETS) return undefined;
    const spanMs = last.atMs - first.atMs;
    if (spanMs < MIN_SPAN_MS) return undefined;
    // Least squares over the buckets; times from the first one, so that no digits are lost.
    let sumX = 0;
    let sumY = 0;
    for (const { atMs, leastLagMs } of this.#buckets) {
      sumX += atMs - first.atMs;
      sumY += leastLagMs - first.leastLagMs;
    }
    const meanX = sumX / length;
    const meanY = sumY / length;
    let xx = 0;
    let xy = 0;
    let yy = 0;
    for (const { atMs, leastLagMs } of this.#buckets) {
      const x = atMs - first.atMs - meanX;
      const y = leastLagMs - first.leastLagMs - meanY;
      xx += x * x;
      xy += x * y;
      yy += y * y;
    }
    const slope = xy / xx;
    const residual = Math.sqrt(Math.max(0, yy - slope * xy) / (length - 2));
    return {
      // A lag that grows is a clock that is slow.
      ppm: round(-slope * 1e6),
      uncertaintyPpm: round((2 * residual * 1e6) / Math.sqrt(xx)),
      overMs: Math.round(spanMs),
    };
  }

  /** Nothing arrives before it was sent, so a step ahead is a jump; what seems a step back may only have been held up. */
  #step(lagMs: number, arrivedMs: number): 'none' | 'jump' | 'in doubt' {
    const later = lagMs - (this.#doubt?.lagMs ?? this.#lastLagMs);
    if (later > JUMP_MS) {
      this.#doubt ??= { sinceMs: arrivedMs, lagMs: this.#lastLagMs };
      return arrivedMs - this.#doubt.sinceMs < STALL_MS ? 'in doubt' : 'jump';
    }
    this.#doubt = undefined;
    return later < -JUMP_MS ? 'jump' : 'none';
  }

  #closeBucket(): void {
    if (this.#open === undefined) return;
    this.#buckets.push(this.#open);
    this.#open = undefined;
    if (this.#buckets.length < MAX_BUCKETS) return;
    const merged: Bucket[] = [];
    for (let i = 0; i + 1 < this.#buckets.length; i += 2) {
      const a = this.#buckets[i] as Bucket;
      const b = this.#buckets[i + 1] as Bucket;
      merged.push(a.leastLagMs <= b.leastLagMs ? a : b);
    }
    this.#buckets = merged;
    this.#bucketMs *= 2;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
