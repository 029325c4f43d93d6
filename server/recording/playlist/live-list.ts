import type { RingEntry } from '../live.ts';
import { isBreak } from './block.ts';
import { DISCONTINUITY, type Edge, headerText, roundedSeconds, segmentText } from './m3u8.ts';

/** How many segments are listed at least; players begin three before the end. */
const LISTED = 6;
/** Short segments are listed up to so much: a player that is held up for some seconds must still find its place. */
const LISTED_MS = 10_000;
/**
 * hls.js keeps a list as long as the discontinuity sequence is high and copies it with the first segment: with tens of millions that
 * takes seconds. A sequence is one a second at most, so the same place comes again after a day and a half at the earliest.
 */
const MAX_FIRST_PLACE = 2 ** 17;
/** What lies before a longer interruption is not shown as live any more. */
const MAX_GAP_MS = 30_000;

/**
 * The live playlist of one stream, out of the ring. Its target duration stays what it was (RFC 8216 section 6.2.1); a segment
 * that is longer, as cameras with varying key-frame distances make them, raises it, and a break is put before it.
 */
export class LiveList {
  #targetS = 0;
  #newest: { readonly sequence: number; readonly place: number; readonly edge: Edge } | undefined;
  /** The discontinuity sequence of each segment in the ring. */
  readonly #places = new Map<number, number>();

  /** `entries`: the ring, oldest first, not empty. */
  render(entries: readonly RingEntry[], segmentMs: number, uriSuffix: string): string {
    this.#take(entries, segmentMs);
    const listed = liveWindow(entries);
    const first = listed[0];
    if (first === undefined) throw new Error('there is no segment to list');
    let place = this.#placeOf(first);
    let text = headerText({
      targetS: this.#targetS,
      mediaSequence: first.sequence,
      discontinuitySequence: place,
    });
    for (const entry of listed) {
      if (this.#placeOf(entry) !== place) text += DISCONTINUITY;
      place = this.#placeOf(entry);
      text += segmentText(entry.segment, uriSuffix);
    }
    return text;
  }

  #take(entries: readonly RingEntry[], segmentMs: number): void {
    // A stream that was removed and added again counts anew.
    if ((this.#newest?.sequence ?? -1) > (entries.at(-1)?.sequence ?? 0)) this.#forget();
    const seen = this.#newest?.sequence ?? -1;
    const fresh = entries.filter(({ sequence }) => sequence > seen);
    const oldest = entries[0]?.sequence ?? 0;
    for (const sequence of this.#places.keys()) if (sequence < oldest) this.#places.delete(sequence);
    if (this.#targetS === 0) {
      this.#targetS = Math.max(
        Math.ceil(segmentMs / 1000),
        ...entries.map(({ segment }) => roundedSeconds(segment.duration90k)),
      );
    }
    for (const entry of fresh) this.#append(entry);
  }

  #forget(): void {
    this.#newest = undefined;
    this.#targetS = 0;
    this.#places.clear();
  }

  #append({ sequence, segment }: RingEntry): void {
    const edge = { startMs: segment.startMs, endMs: segment.endMs, run: segment.recording.key };
    const before = this.#newest;
    // Sequences go up at least as fast as breaks come, also over a restart of the gateway: so places that begin like this
    // never come again, and a player that is there all the while takes no old timeline for the new one.
    let place = before?.place ?? sequence % MAX_FIRST_PLACE;
    const durationS = roundedSeconds(segment.duration90k);
    const isLonger = durationS > this.#targetS;
    if (isLonger) this.#targetS = durationS;
    const isNext = before?.sequence === sequence - 1;
    if (before !== undefined && (isLonger || !isNext || isBreak(before.edge, edge, NO_BREAKS))) place += 1;
    this.#places.set(sequence, place);
    this.#newest = { sequence, place, edge };
  }

  #placeOf({ sequence }: RingEntry): number {
    return this.#places.get(sequence) ?? sequence % MAX_FIRST_PLACE;
  }
}

const NO_BREAKS: ReadonlySet<number> = new Set();

/** The newest entries that belong together. */
export function liveWindow(entries: readonly RingEntry[]): readonly RingEntry[] {
  let first = entries.length;
  let listedMs = 0;
  while (first > 0 && (entries.length - first < LISTED || listedMs < LISTED_MS)) {
    first -= 1;
    listedMs += (entries[first]?.segment.duration90k ?? 0) / 90;
  }
  const newest = entries.slice(first);
  const cut = newest.findLastIndex(({ segment }, at) => {
    const before = newest[at - 1]?.segment;
    return before !== undefined && segment.startMs - before.endMs > MAX_GAP_MS;
  });
  return newest.slice(Math.max(0, cut));
}
