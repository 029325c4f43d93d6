import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { nothingKeptOf } from '../../base/no-such-stream.ts';
import type { LiveSegments } from '../live.ts';
import type { RecordingArchive } from '../store/recording-archive.ts';
import { type Frame, type PictureDecoder, RecordedFrames } from './recorded-frames.ts';
import { THUMBNAIL_EVERY_MS, THUMBNAIL_WIDTH, Thumbnailer } from './thumbnailer.ts';

export interface FramesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly decoder: PictureDecoder;
  /** The picture of now, of any stream; STREAM_NOT_FOUND, STREAM_NOT_LIVE, PICTURE_DAMAGED. */
  now(stream: StreamId, width?: number): Promise<Frame>;
  readonly archive: Pick<RecordingArchive, 'query' | 'command' | 'readSegment' | 'onSegment' | 'kept'>;
  readonly live: Pick<LiveSegments, 'ring' | 'recordedUntilMs'>;
  hasStream(stream: StreamId): boolean;
  /** Whether thumbnails are kept along the recording. */
  readonly keepThumbnails: boolean;
}

const DAY_MS = 86_400_000;
const THUMBNAILS_MAX_MS = 31 * DAY_MS;
const DEFAULT_MAX = 100;
/** A thumbnail this much older than the asked time still tells what was to be seen; else one is made. */
const THUMBNAIL_REACH_MS = THUMBNAIL_EVERY_MS;

/** Pictures of streams: of now, of any recorded instant, and small ones kept along the recording. */
export class Frames {
  readonly #options: FramesOptions;
  readonly #recorded: RecordedFrames;
  readonly #thumbnailer: Thumbnailer | undefined;

  constructor(options: FramesOptions) {
    this.#options = options;
    this.#recorded = new RecordedFrames(options);
    this.#thumbnailer = options.keepThumbnails ? new Thumbnailer(options) : undefined;
  }

  /** How many thumbnails were made since the start, and how many could not be. */
  get thumbnailCounts(): { readonly made: number; readonly failed: number } {
    return this.#thumbnailer?.counts ?? { made: 0, failed: 0 };
  }

  /** The newest key frame, or the very picture of `atMs`. */
  async frame(stream: StreamId, asked: { atMs?: number; width?: number }): Promise<Frame> {
    if (asked.atMs === undefined) return this.#options.now(stream, asked.width);
    this.#mustBeKnown(stream);
    return this.#recorded.at(stream, asked.atMs, 'exact', asked.width);
  }

  /** The kept thumbnail before `atMs`; where none is near, one is made of the recording. */
  async thumbnail(stream: StreamId, atMs: number): Promise<Frame> {
    this.#mustBeKnown(stream);
    const sinceMs = atMs - THUMBNAIL_REACH_MS;
    const kept = await this.#options.archive.query(stream, 'findThumbnail', { stream, atMs, sinceMs });
    if (kept === undefined) return this.#recorded.at(stream, atMs, 'key', THUMBNAIL_WIDTH);
    const { buffer, byteOffset, byteLength } = kept.jpeg;
    return { atMs: kept.atMs, jpeg: Buffer.from(buffer, byteOffset, byteLength) };
  }

  /** Times of kept thumbnails, at most `max` of them, evenly over the asked time (by default the last day). */
  async thumbnails(
    stream: StreamId,
    asked: { fromMs?: number; toMs?: number; max?: number },
  ): Promise<readonly number[]> {
    this.#mustBeKnown(stream);
    const toMs = asked.toMs ?? Math.floor(this.#options.clock.wallMs());
    const fromMs = asked.fromMs ?? Math.max(0, toMs - DAY_MS);
    if (toMs <= fromMs) {
      throw new ApiError('BAD_REQUEST', '"to" has to be later than "from" (both in Unix milliseconds).');
    }
    if (toMs - fromMs > THUMBNAILS_MAX_MS) {
      throw new ApiError(
        'BAD_REQUEST',
        `"from" and "to" may lie at most ${THUMBNAILS_MAX_MS / DAY_MS} days apart; ask for less at once.`,
      );
    }
    const max = asked.max ?? DEFAULT_MAX;
    return this.#options.archive.query(stream, 'thumbnailTimes', { stream, fromMs, toMs, max });
  }

  close(): void {
    this.#thumbnailer?.close();
  }

  #mustBeKnown(stream: StreamId): void {
    const { archive, hasStream } = this.#options;
    if (hasStream(stream) || (archive.kept(stream).segments ?? 0) > 0) return;
    throw nothingKeptOf(stream);
  }
}
