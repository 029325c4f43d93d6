import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import { isoTime } from '../../../shared/time.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import { Turns } from '../../base/turns.ts';
import type { LiveSegments } from '../live.ts';
import type { Segment } from '../segment.ts';
import type { RecordingArchive } from '../store/recording-archive.ts';
import { type DecodablePicture, unpackPicture } from './decodable-picture.ts';
import { type FoundPicture, findPicture, type Precision } from './picture-handlers.ts';

/** A picture as a JPEG. */
export interface Frame {
  readonly jpeg: Buffer;
  /** Unix time of the picture, an integer. */
  readonly atMs: number;
}

/** Makes JPEGs of coded pictures; given by whoever wires, since decoding is no part of recording. */
export interface PictureDecoder {
  /** PICTURE_DAMAGED, RATE_LIMITED, SHUTTING_DOWN. The JPEG has the width of the picture where none is given, and is never wider. */
  decode(request: DecodablePicture & { readonly scaledWidth?: number }): Promise<Buffer>;
}

export interface RecordedFramesOptions {
  readonly decoder: PictureDecoder;
  readonly archive: Pick<RecordingArchive, 'query'>;
  readonly live: Pick<LiveSegments, 'ring' | 'recordedUntilMs'>;
}

/** Coded pictures are held in memory for each of them, up to a whole group of pictures. */
const MAX_RUNNING = 4;
const MAX_WAITING = 64;
/** A segment up to this is taken apart right here, in 3 ms; larger ones in the reader's thread. */
const SMALL_SEGMENT_BYTES = 1024 * 1024;

/** Pictures of recorded time, also of the newest that the archive may not have yet. */
export class RecordedFrames {
  readonly #options: RecordedFramesOptions;
  readonly #turns = new Turns({
    maxRunning: MAX_RUNNING,
    maxWaiting: MAX_WAITING,
    refuse: () =>
      new ApiError('RATE_LIMITED', 'Too many pictures are being made just now; try again in a moment.'),
  });
  /** Keeps nothing; who asks for the same at the same time waits for the same work. */
  readonly #inWork = new ByteCache<Frame & { sizeBytes: number }>(0);

  constructor(options: RecordedFramesOptions) {
    this.#options = options;
  }

  /**
   * The picture that was to be seen at `atMs`. Rejects with `ApiError`: NOT_RECORDED, PICTURE_DAMAGED, RATE_LIMITED,
   * STORAGE_UNAVAILABLE.
   */
  at(stream: StreamId, atMs: number, precision: Precision, width?: number): Promise<Frame> {
    return this.#inWork.get(`${stream} ${atMs} ${precision} ${width ?? ''}`, () =>
      this.#turns.run(async () => {
        const found = await this.#find(stream, atMs, precision);
        const picture = unpackPicture(found);
        if (picture === undefined) throw unreadable();
        const jpeg = await this.#options.decoder.decode({
          ...picture,
          ...(width === undefined ? {} : { scaledWidth: width }),
        });
        return { jpeg, atMs: found.atMs, sizeBytes: jpeg.length };
      }),
    );
  }

  async #find(stream: StreamId, atMs: number, precision: Precision): Promise<FoundPicture> {
    const { live, archive } = this.#options;
    // From the newest back: time that was recorded twice is that of the newer recording.
    const entry = live
      .ring(stream)
      .findLast(({ segment }) => segment.startMs <= atMs && atMs < segment.endMs);
    if (entry !== undefined) {
      const found = await this.#inSegment(stream, entry.segment, atMs, precision);
      if (found === undefined) throw unreadable();
      return found;
    }
    const found = await archive.query(stream, 'recordedPicture', { stream, atMs, precision });
    if (found !== undefined) return found;
    const untilMs = live.recordedUntilMs(stream);
    throw new ApiError(
      'NOT_RECORDED',
      untilMs !== undefined && atMs >= untilMs
        ? `${stream} is recorded up to ${isoTime(untilMs)} so far; ask for now by leaving "at" out, or ask again in some seconds.`
        : `Nothing was recorded of ${stream} at ${isoTime(atMs)}; its timeline tells what there is.`,
    );
  }

  #inSegment(stream: StreamId, segment: Segment, atMs: number, precision: Precision) {
    const { data, startMs, endMs, startPts90k, duration90k } = segment;
    const times = { startMs, endMs, startPts90k, duration90k };
    if (data.length <= SMALL_SEGMENT_BYTES) return Promise.resolve(findPicture(data, times, atMs, precision));
    return this.#options.archive.query(stream, 'pictureOf', { data, times, atMs, precision });
  }
}

function unreadable(): ApiError {
  return new ApiError(
    'PICTURE_DAMAGED',
    'What was recorded at this time cannot be read; ask for another time.',
  );
}
