import type { StreamId } from '../../../shared/names.ts';
import type { SegmentRow } from '../archive.ts';
import type { IndexReader } from '../store/index-reader.ts';
import { transfer } from '../store/rpc.ts';
import { StoreError } from '../store/store-error.ts';
import { KeyFrameTs } from '../ts/index.ts';
import { continues } from './m3u8.ts';

/** Sixteen pictures a second at 16 times the speed; a little less than a second, as camera clocks tremble. */
const MIN_DISTANCE_90K = 0.9 * 90_000;
/** Of one stretch; a picture of 8K has some 4 MB. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * The key frames of the segments that begin in [fromMs, toMs) and go on from each other, as MPEG-TS. For the thread that reads
 * the index. Throws NOT_RECORDED where nothing of that is kept (any more).
 */
export function keyFrames(
  index: IndexReader,
  { stream, fromMs, toMs }: { stream: StreamId; fromMs: number; toMs: number },
) {
  const rows = firstRun(index.segments(stream, fromMs, toMs).filter((row) => row.startMs >= fromMs));
  const ts = new KeyFrameTs({ minDistance90k: MIN_DISTANCE_90K, maxBytes: MAX_BYTES });
  let end90k: number | undefined;
  for (const { startMs, startPts90k, duration90k } of rows) {
    // Of segments that are shorter than the distance not every one has to be read.
    if (ts.wants(startPts90k) || duration90k > MIN_DISTANCE_90K) {
      const bytes = readIfKept(index, stream, startMs);
      if (bytes !== undefined) ts.add({ data: Buffer.from(bytes.buffer), startPts90k });
    }
    end90k = startPts90k + duration90k;
  }
  const bytes = end90k === undefined ? undefined : ts.finish(end90k);
  if (bytes === undefined) {
    throw new StoreError(
      'NOT_RECORDED',
      `No key frames of ${stream} from ${fromMs} to ${toMs} are kept (any more); load the playlist again.`,
    );
  }
  return transfer(bytes, [bytes.buffer]);
}

/** Up to the first break: what a playlist listed as one stretch had none. */
function firstRun(rows: readonly SegmentRow[]): SegmentRow[] {
  const run: SegmentRow[] = [];
  for (const row of rows) {
    const last = run.at(-1);
    if (last !== undefined && !continues(edgeOf(last), edgeOf(row))) break;
    run.push(row);
  }
  return run;
}

function edgeOf({ startMs, endMs, recordingId }: SegmentRow) {
  return { startMs, endMs, run: recordingId };
}

/** A file that was lost leaves its pictures out, not those around it. */
function readIfKept(
  index: IndexReader,
  stream: StreamId,
  startMs: number,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    return index.readSegment(stream, startMs);
  } catch (failure) {
    if (failure instanceof StoreError && failure.code === 'NOT_RECORDED') return undefined;
    throw failure;
  }
}
