import { continues, type Edge, type ListedSegment, roundedSeconds } from './m3u8.ts';

/** No player reloads a playlist more rarely than this, even one of the longest segments. */
const FORGET_AFTER_MS = 15 * 60_000;
const MAX_LISTS = 500;

/**
 * What players were told of a playlist that still grows. RFC 8216 section 6.2.1 lets nobody change it behind their back: the
 * target duration may rise only behind a break, and what retention takes from the front counts on in the media sequence.
 */
export class OpenList {
  targetS: number;
  /** `startMs` of segments that a break was put before, since they are longer than the target was until then. */
  readonly breaks = new Set<number>();
  mediaSequence = 0;
  discontinuitySequence = 0;
  touchedMs = 0;
  #newest: Edge;
  #count: number;
  #tags: number;

  constructor(list: { targetS: number; newest: Edge; count: number; tags: number }) {
    this.targetS = list.targetS;
    this.#newest = list.newest;
    this.#count = list.count;
    this.#tags = list.tags;
  }

  /** Start of the newest segment that was listed. */
  get newestStartMs(): number {
    return this.#newest.startMs;
  }

  /** The newest segment's recording may have another name by now. */
  resolveRun(resolve: (run: Edge['run']) => Edge['run']): void {
    this.#newest = { ...this.#newest, run: resolve(this.#newest.run) };
  }

  /** Takes the segments that are new since, oldest first. Gives how many breaks come with them. */
  append(fresh: readonly ListedSegment[]): number {
    let tags = 0;
    for (const segment of fresh) {
      const isJoined = continues(this.#newest, segment);
      const durationS = roundedSeconds(segment.duration90k);
      if (durationS > this.targetS) {
        if (isJoined) this.breaks.add(segment.startMs);
        this.targetS = durationS;
      }
      if (!isJoined || this.breaks.has(segment.startMs)) tags += 1;
      this.#newest = segment;
    }
    return tags;
  }

  /** Counts what was listed before and is gone since. */
  settle(now: { count: number; tags: number }, fresh: { count: number; tags: number }): void {
    this.mediaSequence += Math.max(0, this.#count - (now.count - fresh.count));
    this.discontinuitySequence += Math.max(0, this.#tags - (now.tags - fresh.tags));
    this.#count = now.count;
    this.#tags = now.tags;
  }
}

/** The growing playlists that somebody loads, by what they were asked for. */
export class OpenLists {
  readonly #lists = new Map<string, OpenList>();

  get(key: string, nowMs: number): OpenList | undefined {
    const list = this.#lists.get(key);
    if (list === undefined) return undefined;
    this.#lists.delete(key);
    // A clock that was set back has not made anything older.
    if (nowMs - list.touchedMs > FORGET_AFTER_MS) return undefined;
    list.touchedMs = nowMs;
    this.#lists.set(key, list);
    return list;
  }

  set(key: string, list: OpenList, nowMs: number): void {
    list.touchedMs = nowMs;
    this.#lists.delete(key);
    this.#lists.set(key, list);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > MAX_LISTS && oldest !== undefined) this.#lists.delete(oldest);
  }
}
