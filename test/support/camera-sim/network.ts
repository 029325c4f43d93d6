import { integer, type Random } from './seeded.ts';

/** What happens to packets on their way. Everything is off by default; fractions are 0 to 1. */
export interface NetworkConditions {
  lossFraction: number;
  /** Mean number of packets that a loss takes with it; `lossFraction` stays the share that is lost. */
  lossBurst: number;
  duplicateFraction: number;
  reorderFraction: number;
  /** By how many packets at most a reordered one comes too late. */
  reorderDepth: number;
  delayMs: number;
  /** Added at random up to this; packets overtake each other only with `reorderFraction`. */
  jitterMs: number;
}

export const PERFECT_NETWORK: Readonly<NetworkConditions> = {
  lossFraction: 0,
  lossBurst: 1,
  duplicateFraction: 0,
  reorderFraction: 0,
  reorderDepth: 3,
  delayMs: 0,
  jitterMs: 0,
};

/** The way of one track's packets. The same seed and the same packets meet the same fate. */
export class NetworkPath {
  readonly #random: Random;
  readonly #conditions: Readonly<NetworkConditions>;
  readonly #deliver: (packet: Buffer) => void;
  #dropNext = 0;
  #burstLeft = 0;
  #heldBack: { packet: Buffer; after: number } | undefined;
  #queue: Array<{ dueMs: number; packet: Buffer }> = [];
  #lastDueMs = 0;
  /** Packets that never came. */
  lost = 0;

  constructor(random: Random, conditions: Readonly<NetworkConditions>, deliver: (packet: Buffer) => void) {
    this.#random = random;
    this.#conditions = conditions;
    this.#deliver = deliver;
  }

  /** Loses exactly the next packets. */
  dropNext(count: number): void {
    this.#dropNext += count;
  }

  send(packet: Buffer, nowMs: number): void {
    if (this.#isLost()) {
      this.lost += 1;
      return;
    }
    const { duplicateFraction, reorderFraction, reorderDepth } = this.#conditions;
    if (this.#heldBack === undefined && this.#happens(reorderFraction)) {
      this.#heldBack = { packet, after: 1 + integer(this.#random, reorderDepth) };
      return;
    }
    this.#enqueue(packet, nowMs);
    if (this.#happens(duplicateFraction)) this.#enqueue(packet, nowMs);
    const held = this.#heldBack;
    if (held === undefined) return;
    held.after -= 1;
    if (held.after > 0) return;
    this.#heldBack = undefined;
    this.#enqueue(held.packet, nowMs);
  }

  /** Delivers what has been under way for long enough. */
  tick(nowMs: number): void {
    let due = 0;
    while ((this.#queue[due]?.dueMs ?? Infinity) <= nowMs) due += 1;
    if (due > 0) for (const { packet } of this.#queue.splice(0, due)) this.#deliver(packet);
  }

  #enqueue(packet: Buffer, nowMs: number): void {
    const { delayMs, jitterMs } = this.#conditions;
    if (delayMs === 0 && jitterMs === 0 && this.#queue.length === 0) {
      this.#deliver(packet);
      return;
    }
    const dueMs = Math.max(this.#lastDueMs, nowMs + delayMs + jitterMs * this.#random());
    this.#lastDueMs = dueMs;
    this.#queue.push({ dueMs, packet });
  }

  #isLost(): boolean {
    if (this.#dropNext > 0) {
      this.#dropNext -= 1;
      return true;
    }
    if (this.#burstLeft > 0) {
      this.#burstLeft -= 1;
      return true;
    }
    const { lossFraction, lossBurst } = this.#conditions;
    // A burst of n begins with a chance that makes its packets the wanted share of all.
    const begins = lossFraction / (lossBurst * (1 - lossFraction) + lossFraction);
    if (!this.#happens(lossFraction >= 1 ? 1 : begins)) return false;
    this.#burstLeft = lossBurst <= 1 ? 0 : Math.round(2 * (lossBurst - 1) * this.#random());
    return true;
  }

  #happens(fraction: number): boolean {
    return fraction > 0 && this.#random() < fraction;
  }
}
