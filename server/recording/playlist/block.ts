import { constants, crc32 } from 'node:zlib';
import { type DeflatedPart, deflatePart } from './gzip-join.ts';
import { continues, DISCONTINUITY, type Edge, type ListedSegment, segmentText } from './m3u8.ts';

/** Part of a playlist, ready to be sent as text or within a gzip stream. */
export class TextPart {
  readonly text: Uint8Array;
  readonly crc32: number;
  readonly #level: number;
  #deflated: DeflatedPart | undefined;

  constructor(text: Uint8Array, level: number = constants.Z_DEFAULT_COMPRESSION) {
    this.text = text;
    this.crc32 = crc32(text);
    this.#level = level;
  }

  static of(text: string): TextPart {
    return new TextPart(Buffer.from(text, 'latin1'), constants.Z_BEST_SPEED);
  }

  /** Made when first asked for. */
  get deflated(): DeflatedPart {
    this.#deflated ??= deflatePart(this.text, this.#level);
    return this.#deflated;
  }
}

/** The segments of one span of time. Whether a break comes before its first is up to what it is put behind. */
export interface Block {
  readonly part: TextPart;
  readonly count: number;
  /** EXT-X-DISCONTINUITY tags in it. */
  readonly tags: number;
  readonly first: Edge | undefined;
  readonly last: Edge | undefined;
  readonly longest90k: number;
}

export interface BlockOptions {
  readonly uriSuffix: string;
  /** `startMs` of segments that a break comes before, though they would continue the one before. */
  readonly breaks: ReadonlySet<number>;
  /** What is listed are stretches of key frames, not segments. */
  readonly keyFrames?: boolean | undefined;
}

/** Lists segments, oldest first, for this one time. */
export function renderBlock(segments: readonly ListedSegment[], options: BlockOptions): Block {
  return new HourText(segments, options, constants.Z_BEST_SPEED).whole;
}

export function isBreak(before: Edge, next: Edge, breaks: ReadonlySet<number>): boolean {
  return !continues(before, next) || breaks.has(next.startMs);
}

/** A listed span to be used more than once, whole or in part. */
export class HourText {
  readonly whole: Block;
  readonly #startMs: Float64Array;
  readonly #endMs: Float64Array;
  /** Recordings' ids; what is kept comes from the index, where they are numbers. */
  readonly #runs: (number | string)[] = [];
  readonly #duration90k: Uint32Array;
  /** Where in the text the segments begin, behind a break before them. */
  readonly #offsets: Uint32Array;
  readonly #isBroken: Uint8Array;

  constructor(
    segments: readonly ListedSegment[],
    { uriSuffix, breaks, keyFrames }: BlockOptions,
    level?: number,
  ) {
    const count = segments.length;
    this.#startMs = new Float64Array(count);
    this.#endMs = new Float64Array(count);
    this.#duration90k = new Uint32Array(count);
    this.#offsets = new Uint32Array(count);
    this.#isBroken = new Uint8Array(count);
    let text = '';
    let before: Edge | undefined;
    for (let at = 0; at < count; at += 1) {
      const segment = segments[at];
      if (segment === undefined) continue;
      if (before !== undefined && isBreak(before, segment, breaks)) {
        text += DISCONTINUITY;
        this.#isBroken[at] = 1;
      }
      this.#startMs[at] = segment.startMs;
      this.#endMs[at] = segment.endMs;
      this.#runs.push(segment.run);
      this.#duration90k[at] = segment.duration90k;
      this.#offsets[at] = text.length;
      text += segmentText(segment, uriSuffix, keyFrames);
      before = segment;
    }
    this.whole = this.#block(0, count, new TextPart(Buffer.from(text, 'latin1'), level));
  }

  /** What all this takes up, roughly. */
  get sizeBytes(): number {
    // An eighth is what deflate leaves of the text, at most.
    return this.whole.part.text.length * 1.13 + this.whole.count * 33;
  }

  /** The segments that begin in [fromMs, toMs). */
  slice(fromMs: number, toMs: number): Block {
    const from = this.#indexOf(fromMs);
    const to = this.#indexOf(toMs);
    if (from === 0 && to === this.whole.count) return this.whole;
    const { text } = this.whole.part;
    const end = to === this.whole.count ? text.length : (this.#offsets[to] ?? 0);
    const tail = to < this.whole.count && this.#isBroken[to] === 1 ? DISCONTINUITY.length : 0;
    const part = from === to ? new Uint8Array(0) : text.subarray(this.#offsets[from], end - tail);
    return this.#block(from, to, new TextPart(part, constants.Z_BEST_SPEED));
  }

  #block(from: number, to: number, part: TextPart): Block {
    let tags = 0;
    let longest90k = 0;
    for (let at = from; at < to; at += 1) {
      if (at > from) tags += this.#isBroken[at] ?? 0;
      longest90k = Math.max(longest90k, this.#duration90k[at] ?? 0);
    }
    const isEmpty = from >= to;
    return {
      part,
      count: to - from,
      tags,
      longest90k,
      first: isEmpty ? undefined : this.#edge(from),
      last: isEmpty ? undefined : this.#edge(to - 1),
    };
  }

  #edge(at: number): Edge {
    return { startMs: this.#startMs[at] ?? 0, endMs: this.#endMs[at] ?? 0, run: this.#runs[at] ?? '' };
  }

  /** Of the first segment that begins at or after `ms`. */
  #indexOf(ms: number): number {
    let low = 0;
    let high = this.#startMs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#startMs[middle] ?? 0) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
