import type { Clock } from '../../base/clock.ts';

/** All that a device says when it is asked for everything, several times over. */
const BURST_BYTES = 4 * 1024 * 1024;
/** Motion, inputs and states of a recorder with many cameras are a tenth of it. */
const BYTES_PER_SECOND = 512 * 1024;

/**
 * How much of a device's answers is read in a time. A megabyte of XML costs some 25 ms: a device that has one ready for each question would
 * take a good part of what all others need.
 */
export class Ration {
  readonly #clock: Clock;
  #usedBytes = 0;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** An answer of that size has come; gives how long it has to wait to be read. */
  take(sizeBytes: number): number {
    const nowMs = this.#clock.monotonicMs();
    const givenBack = ((nowMs - this.#atMs) / 1000) * BYTES_PER_SECOND;
    this.#usedBytes = Math.max(0, this.#usedBytes - givenBack) + sizeBytes;
    this.#atMs = nowMs;
    return Math.max(0, ((this.#usedBytes - BURST_BYTES) / BYTES_PER_SECOND) * 1000);
  }
}
