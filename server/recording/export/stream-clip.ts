import { Writable } from 'node:stream';
import type { IndexReader } from '../store/index-reader.ts';
import { StoreError } from '../store/store-error.ts';
import type { ClipSpec } from './export-messages.ts';
import { copyOptions, runFfmpegJob } from './ffmpeg-job.ts';
import { ExportStopped, readableOf } from './make-part.ts';
import { PartStream } from './part-stream.ts';
import { PLAN_SLACK_MS, planExport } from './plan.ts';
import { neighbourOf } from './run-export.ts';

export interface StreamClipOptions {
  readonly index: IndexReader;
  readonly spec: ClipSpec;
  readonly stop: AbortSignal;
  /** Called once, before the first bytes. */
  onBegin(head: { leadMs: number; durationMs: number }): void;
  /** Resolves when more may come. */
  onChunk(data: Uint8Array): Promise<void>;
}

/**
 * A fragment for each group of pictures, and no index: it plays from its first bytes on. The header waits for the first
 * fragment, else it could not say when picture and sound begin, and both would begin at 0.
 */
const FRAGMENTED = [
  '-movflags',
  'frag_keyframe+empty_moov+delay_moov+default_base_moof',
  '-f',
  'mp4',
] as const;

/**
 * Streams a time as fragmented MP4 from the key frame before it. Gaps are closed up, and it ends where the format of picture
 * or sound changes. Throws StoreError (NOT_RECORDED, INTERNAL) and ExportStopped.
 */
export async function streamClip(options: StreamClipOptions): Promise<void> {
  const { index, spec, stop } = options;
  const segments = index.segments(spec.stream, spec.start, spec.end + PLAN_SLACK_MS);
  const recordings = index.recordings(segments.map(({ recordingId }) => recordingId));
  const [part] = planExport({ segments, recordings }, spec, 'skip').parts;
  if (part === undefined)
    throw new StoreError('NOT_RECORDED', 'Nothing of that time is recorded (any more).');
  const stream = new PartStream(
    part,
    {
      read: ({ startMs }) => {
        const bytes = index.readSegment(spec.stream, startMs);
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      },
      neighbour: (segment, side) => neighbourOf(index, spec, segment, side),
    },
    'key-frame',
  );
  options.onBegin({ leadMs: Math.round(stream.lead90k / 90), durationMs: stream.duration90k / 90 });
  const failed = new AbortController();
  let failure: unknown;
  const result = await runFfmpegJob({
    source: readableOf(
      stream,
      () => {},
      (thrown) => {
        failure = thrown;
        failed.abort();
      },
    ),
    options: [...copyOptions(part.videoCodec), ...FRAGMENTED],
    target: new Writable({
      highWaterMark: 256 * 1024,
      write: (chunk: Buffer, _encoding, callback) => {
        options.onChunk(new Uint8Array(chunk)).then(() => callback(), callback);
      },
    }),
    stop: AbortSignal.any([stop, failed.signal]),
    // Somebody waits for it.
    niceness: 0,
  });
  if (stop.aborted) throw new ExportStopped();
  if (failed.signal.aborted) throw failure;
  if (result.kind === 'failed')
    throw new StoreError('INTERNAL', `FFmpeg could not make the clip: ${result.message}`);
}
