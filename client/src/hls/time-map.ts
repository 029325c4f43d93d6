/** A segment's place in the media and on the clock, as hls.js knows it. */
export interface SegmentTime {
  /** Seconds of media before it. */
  readonly start: number;
  /** Seconds. */
  readonly duration: number;
  /** Unix milliseconds of its first picture, by EXT-X-PROGRAM-DATE-TIME (RFC 8216, section 4.3.2.6). */
  readonly programDateTime: number | null;
}

/**
 * Translates between media positions, where gaps take no room, and times of the clock. Segments are in order of
 * both, as in a playlist.
 */
export class TimeMap {
  readonly #segments: readonly SegmentTime[];

  constructor(segments: readonly SegmentTime[]) {
    this.#segments = segments;
  }

  /** Seconds from the first segment's start to the last one's end. */
  get lengthS(): number {
    const first = this.#segments[0];
    const last = this.#segments.at(-1);
    return first === undefined || last === undefined ? 0 : last.start + last.duration - first.start;
  }

  /** Position of the first segment: not 0 in a live playlist, which moves on. */
  get startS(): number {
    return this.#segments[0]?.start ?? 0;
  }

  get startMs(): number | undefined {
    return this.#segments[0]?.programDateTime ?? undefined;
  }

  get endMs(): number | undefined {
    const last = this.#segments.at(-1);
    return last === undefined ? undefined : endMsOf(last);
  }

  /** Unix milliseconds of the picture at a position; undefined without segments that tell their time. */
  timeAt(positionS: number): number | undefined {
    const segment = this.#segments[this.#lastIndex(({ start }) => start <= positionS)] ?? this.#segments[0];
    if (segment?.programDateTime == null) return undefined;
    const offsetS = Math.min(segment.duration, Math.max(0, positionS - segment.start));
    return segment.programDateTime + offsetS * 1000;
  }

  /** Where a time is in the media: in a gap the next segment's start, beyond the end the end. */
  positionOf(timeMs: number): number | undefined {
    const index = this.#lastIndex(({ programDateTime }) => (programDateTime ?? 0) <= timeMs);
    const segment = this.#segments[index];
    if (segment === undefined) return this.#segments[0]?.start;
    if (segment.programDateTime === null) return undefined;
    const offsetS = (timeMs - segment.programDateTime) / 1000;
    if (offsetS < segment.duration) return segment.start + offsetS;
    return this.#segments[index + 1]?.start ?? segment.start + segment.duration;
  }

  /** Index of the last segment for which that holds, given that it holds for none after the first it does not hold for. */
  #lastIndex(holds: (segment: SegmentTime) => boolean): number {
    let low = -1;
    let high = this.#segments.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const segment = this.#segments[middle];
      if (segment !== undefined && holds(segment)) low = middle;
      else high = middle;
    }
    return low;
  }
}

function endMsOf({ programDateTime, duration }: SegmentTime): number | undefined {
  return programDateTime === null ? undefined : programDateTime + duration * 1000;
}
