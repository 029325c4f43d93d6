import type { StreamId } from '../../../shared/names.ts';
import type { IndexReader } from '../store/index-reader.ts';
import { transfer } from '../store/rpc.ts';
import { keyFrameAt, type PackedPicture, pictureAt } from './coded-picture.ts';

/** `exact`: the picture of the very instant; `key`: the key frame before it, which costs less. */
export type Precision = 'exact' | 'key';

/** A picture with its time. */
export interface FoundPicture extends PackedPicture {
  /** Unix time, an integer; asked for again by it, the same picture is found. */
  readonly atMs: number;
}

/** Where a segment lies in both times. */
export interface SegmentTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly startPts90k: number;
  readonly duration90k: number;
}

/** The coded picture of an instant, from the kept segments. Undefined where nothing was recorded. For the reader's thread. */
export function recordedPicture(
  index: IndexReader,
  { stream, atMs, precision }: { stream: StreamId; atMs: number; precision: Precision },
) {
  const [segment] = index.segments(stream, atMs, atMs + 1);
  if (segment === undefined) return undefined;
  const bytes = index.readSegment(stream, segment.startMs);
  return moved(findPicture(bytes, segment, atMs, precision));
}

/** The same from a segment that is still in memory (shared memory, so it passes without a copy). */
export function pictureOf(
  _index: IndexReader,
  args: { data: Uint8Array; times: SegmentTimes; atMs: number; precision: Precision },
) {
  return moved(findPicture(args.data, args.times, args.atMs, args.precision));
}

/** Pure. */
export function findPicture(
  bytes: Uint8Array,
  times: SegmentTimes,
  atMs: number,
  precision: Precision,
): FoundPicture | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The two clocks are slewed against each other, so the milliseconds of a segment are not exactly its duration.
  const tickPerMs = times.duration90k / (times.endMs - times.startMs);
  const pts90k = times.startPts90k + Math.floor((atMs - times.startMs) * tickPerMs);
  const found = (precision === 'exact' ? pictureAt : keyFrameAt)(data, pts90k);
  if (found === undefined) return undefined;
  const afterStartMs = Math.ceil((found.pts90k - times.startPts90k) / tickPerMs);
  return { ...found, atMs: times.startMs + Math.max(0, afterStartMs) };
}

function moved(found: FoundPicture | undefined) {
  return found === undefined ? undefined : transfer(found, [found.bytes.buffer]);
}
