import { crc32 } from 'node:zlib';
import { type DeflatedPart, deflatePart } from './gzip-join.ts';
import { continues, DISCONTINUITY, type Edge, type ListedSegment, segmentText } from './m3u8.ts';

/** Part of a playlist, ready to be sent as text or within a gzip stream. */
export class TextPart {
  readonly text: Uint8Array;
  readonly #crc32: number;
  #deflated: DeflatedPart | undefined;

  constructor(text: string) {
    this.text = Buffer.from(text, 'latin1');
    this.#crc32 = crc32(this.text);
  }

  get crc32(): number {
    return this.#crc32;
  }

  /** Made when first asked for. */
  get deflated(): DeflatedPart {
    this.#deflated ??= deflatePart(this.text);
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
}

/** Lists segments, oldest first. */
export function renderBlock(segments: readonly ListedSegment[], { uriSuffix, breaks }: BlockOptions): Block {
  let text = '';
  let tags = 0;
  let longest90k = 0;
  let before: Edge | undefined;
  for (const segment of segments) {
    if (before !== undefined && isBreak(before, segment, breaks)) {
      text += DISCONTINUITY;
      tags += 1;
    }
    text += segmentText(segment, uriSuffix);
    if (segment.duration90k > longest90k) longest90k = segment.duration90k;
    before = segment;
  }
  return {
    part: new TextPart(text),
    count: segments.length,
    tags,
    first: segments[0],
    last: segments.at(-1),
    longest90k,
  };
}

export function isBreak(before: Edge, next: Edge, breaks: ReadonlySet<number>): boolean {
  return !continues(before, next) || breaks.has(next.startMs);
}
