import type { Clock } from '../../base/clock.ts';

export interface IngestPolicy {
  /** What a camera may send all the time; both together use it up. */
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
  /** How long it may send without any bound: key frames, and what it held back while the network was gone. */
  readonly burstMs: number;
  /** After so long over the bound without a breath it counts as a flood. */
  readonly patienceMs: number;
}

/**
 * What the 100 Mbit/s port of a camera carries, twice what the best ones make, or ten times their packets. The time until it is a flood is
 * shorter than that after which a connection counts as a steady one, so that retries become rare.
 */
export const INGEST_POLICY: IngestPolicy = {
  bytesPerSecond: 12_500_000,
  packetsPerSecond: 40_000,
  burstMs: 250,
  patienceMs: 5_000,
};

/** A picture or a frame of sound goes through the hub and to its readers, a message is read line by line: as much work as so many packets. */
export const ITEM_COST = { packet: 1, unit: 20, message: 20 } as const;

/** A second is enough for others to be served; what a single chunk costs is never more by far. */
const MAX_HOLD_MS = 1_000;

/**
 * One camera's share of the media loop. A camera that sends as fast as the network carries costs its own stream alone: over TCP it is
 * read more slowly, over UDP what is too much is dropped, and in the end it is a flood.
 */
export class IngestLimit {
  readonly #clock: Clock;
  readonly #policy: IngestPolicy;
  /** In ms of sending at the full rate; below zero it is owed. */
  #creditMs: number;
  #updatedAtMs: number;
  #overSinceMs: number | undefined;

  constructor(clock: Clock, policy: IngestPolicy = INGEST_POLICY) {
    this.#clock = clock;
    this.#policy = policy;
    this.#creditMs = policy.burstMs;
    this.#updatedAtMs = clock.monotonicMs();
  }

  /** Counts what is being taken apart; costs are in packets. */
  charge(packets: number): void {
    this.#creditMs -= (packets / this.#policy.packetsPerSecond) * 1000;
  }

  /** Counts the bytes that came, and tells how many ms the camera is not to be read for; 0 while it keeps to its share. */
  spend(bytes: number): number {
    const { bytesPerSecond, burstMs } = this.#policy;
    this.#refill();
    if (this.#creditMs > burstMs / 2) this.#overSinceMs = undefined;
    this.#creditMs -= (bytes / bytesPerSecond) * 1000;
    if (this.#creditMs >= 0) return 0;
    this.#overSinceMs ??= this.#updatedAtMs;
    return Math.min(MAX_HOLD_MS, Math.ceil(-this.#creditMs));
  }

  /** So much is owed that what is left of the chunk in work is better dropped than taken apart. */
  get isDeep(): boolean {
    return this.#creditMs < -this.#policy.burstMs;
  }

  /** Whether one more packet is within the share; one that is not costs nothing more. */
  admits(bytes: number): boolean {
    this.#refill();
    if (this.#creditMs >= 0) {
      this.charge(1);
      this.spend(bytes);
      return true;
    }
    this.#overSinceMs ??= this.#updatedAtMs;
    return false;
  }

  /** The camera has sent more than its share for too long. */
  get isFlood(): boolean {
    if (this.#overSinceMs === undefined) return false;
    return this.#updatedAtMs - this.#overSinceMs >= this.#policy.patienceMs;
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#creditMs = Math.min(this.#policy.burstMs, this.#creditMs + nowMs - this.#updatedAtMs);
    this.#updatedAtMs = nowMs;
  }
}
