import type { SourceUnit } from './unit.ts';

/** Pictures that say the same, before it is believed. */
const PICTURES_TO_BELIEVE = 3;
/** H.264 section A.3.1: no level lets more pictures be held back. */
const MOST_REORDERED = 16;
/** Of one group of pictures; in longer ones times are taken as they come. */
const MOST_PICTURES = 3_000;

/**
 * Cameras exist that give pictures the times at which they send them, B-pictures too, so that the times never go back. What
 * is recorded of them would jump to and fro. Their pictures get the time that the picture in the same place of the order of
 * presentation came with; one whose place in that order is still to come, that of the places to come.
 */
export class DisplayTimes {
  #sent = 0;
  #shown = 0;
  #isOn = false;
  /** Timestamps of the group as they were sent. */
  #stamps: number[] = [];
  #newest = 0;
  #firstCount = 0;
  /** By how much the counts of neighbouring pictures differ: 2, or 1 where fields or some encoders count. */
  #countStep = 2;
  #leastStep = Number.POSITIVE_INFINITY;
  #counts = new Set<number>();

  /** Whether times are put right. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** The timestamp by which a picture is to be placed; pictures in the order in which they are sent. */
  of(unit: Pick<SourceUnit, 'rtpTimestamp' | 'isKeyFrame' | 'isReordered' | 'orderCount'>): number {
    const { rtpTimestamp, isKeyFrame, isReordered, orderCount } = unit;
    if (orderCount === undefined) {
      this.restart();
      return rtpTimestamp;
    }
    if (isKeyFrame) this.#begin(rtpTimestamp, orderCount);
    if (this.#stamps.length === 0) return rtpTimestamp;
    if (!isKeyFrame) this.#note(rtpTimestamp, orderCount, isReordered === true);
    return this.#isOn ? this.#timeOf(rtpTimestamp, orderCount) : rtpTimestamp;
  }

  /** Another connection. What the camera does it mostly goes on doing. */
  restart(): void {
    // Asked for each picture of a stream without counts, so nothing is allocated.
    this.#stamps.length = 0;
  }

  #begin(rtpTimestamp: number, orderCount: number): void {
    if (this.#counts.size > 1) this.#countStep = Math.min(2, Math.max(1, this.#leastStep));
    // Only here, lest pictures of one group went by different rules.
    if (this.#sent >= PICTURES_TO_BELIEVE) this.#isOn = true;
    else if (this.#shown >= PICTURES_TO_BELIEVE) this.#isOn = false;
    this.#stamps = [rtpTimestamp];
    this.#newest = rtpTimestamp;
    this.#firstCount = orderCount;
    this.#counts = new Set([orderCount]);
    this.#leastStep = Number.POSITIVE_INFINITY;
  }

  #note(rtpTimestamp: number, orderCount: number, isReordered: boolean): void {
    const isAhead = ((rtpTimestamp - this.#newest) | 0) > 0;
    if (isReordered) {
      this.#sent = isAhead ? Math.min(PICTURES_TO_BELIEVE, this.#sent + 1) : 0;
      this.#shown = isAhead ? 0 : Math.min(PICTURES_TO_BELIEVE, this.#shown + 1);
    }
    if (isAhead) this.#newest = rtpTimestamp;
    // Nothing to be put right, as in nearly all streams.
    if (this.#sent === 0 && !this.#isOn) return;
    for (const step of [1, 2]) {
      if (this.#counts.has(orderCount - step) || this.#counts.has(orderCount + step)) {
        this.#leastStep = Math.min(this.#leastStep, step);
      }
    }
    this.#counts.add(orderCount);
    this.#stamps.push(rtpTimestamp);
    if (this.#stamps.length > MOST_PICTURES) this.restart();
  }

  #timeOf(rtpTimestamp: number, orderCount: number): number {
    const sentAs = this.#stamps.length - 1;
    const shownAs = (orderCount - this.#firstCount) / this.#countStep;
    const isKnown = Number.isInteger(shownAs) && shownAs >= 0 && Math.abs(shownAs - sentAs) <= MOST_REORDERED;
    if (!isKnown || sentAs < 1) return rtpTimestamp;
    const known = this.#stamps[shownAs];
    if (known !== undefined) return known;
    const passed = (rtpTimestamp - (this.#stamps[0] ?? 0)) | 0;
    return (rtpTimestamp + Math.round((passed / sentAs) * (shownAs - sentAs))) >>> 0;
  }
}
