import type { StreamId } from '../../../shared/names.ts';
import type { Logger } from '../../base/log.ts';
import type { LiveSegments } from '../live.ts';
import type { KeptSegment, RecordingArchive } from '../store/recording-archive.ts';
import { firstPicture } from './coded-picture.ts';
import { unpackPicture } from './decodable-picture.ts';
import type { PictureDecoder } from './recorded-frames.ts';

export interface ThumbnailerOptions {
  readonly log: Logger;
  readonly decoder: PictureDecoder;
  readonly archive: Pick<RecordingArchive, 'onSegment' | 'readSegment' | 'command'>;
  readonly live: Pick<LiveSegments, 'ring'>;
}

/** One thumbnail for each such span of time, or for each segment where those last longer. */
export const THUMBNAIL_EVERY_MS = 10_000;
export const THUMBNAIL_WIDTH = 320;
const KEPT_SLOTS = 2_000;

/**
 * Makes a small picture of the recording every 10 s, of the key frame that a segment begins with: one after the other for all
 * streams, and where the machine does not keep up, fewer of them.
 */
export class Thumbnailer {
  readonly #options: ThumbnailerOptions;
  readonly #undo: () => void;
  /** The span in which a stream's last one lies. */
  readonly #slots = new Map<StreamId, number>();
  /** Segments to be pictured, by stream: a newer one takes the place of one that had no turn yet. */
  readonly #waiting = new Map<StreamId, number>();
  #isAtWork = false;
  #isClosed = false;
  #made = 0;
  #failed = 0;

  constructor(options: ThumbnailerOptions) {
    this.#options = options;
    this.#undo = options.archive.onSegment((segment) => this.#onSegment(segment));
  }

  get counts(): { readonly made: number; readonly failed: number } {
    return { made: this.#made, failed: this.#failed };
  }

  close(): void {
    this.#isClosed = true;
    this.#undo();
    this.#waiting.clear();
  }

  #onSegment({ stream, startMs }: KeptSegment): void {
    const slot = Math.floor(startMs / THUMBNAIL_EVERY_MS);
    if (this.#slots.get(stream) === slot) return;
    // Streams that are no more leave theirs behind; to forget all costs one more thumbnail each.
    if (this.#slots.size > KEPT_SLOTS) this.#slots.clear();
    this.#slots.set(stream, slot);
    this.#waiting.set(stream, startMs);
    if (!this.#isAtWork) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isAtWork = true;
    for (;;) {
      const next = this.#waiting.entries().next();
      if (next.done === true || this.#isClosed) break;
      const [stream, startMs] = next.value;
      this.#waiting.delete(stream);
      try {
        await this.#make(stream, startMs);
        this.#made += 1;
      } catch (failure) {
        // A picture that cannot be decoded, or a disk that was taken away: the next one may be better.
        this.#failed += 1;
        this.#options.log.debug({ err: failure, stream, startMs }, 'no thumbnail of this segment');
      }
    }
    this.#isAtWork = false;
  }

  async #make(stream: StreamId, startMs: number): Promise<void> {
    const { archive, live, decoder } = this.#options;
    const entry = live.ring(stream).find(({ segment }) => segment.startMs === startMs);
    const data = entry?.segment.data ?? (await archive.readSegment(stream, startMs));
    const packed = firstPicture(data, entry?.segment.startPts90k ?? 0);
    const picture = packed === undefined ? undefined : unpackPicture(packed);
    if (picture === undefined) throw new Error('it begins with no picture that can be read');
    const jpeg = await decoder.decode({ ...picture, scaledWidth: THUMBNAIL_WIDTH });
    await archive.command(stream, 'keepThumbnail', { stream, atMs: startMs, jpeg });
  }
}
