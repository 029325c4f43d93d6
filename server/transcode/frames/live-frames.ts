import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import { ByteCache } from '../../base/byte-cache.ts';
import type { Clock } from '../../base/clock.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import type { Hub, Stream, Unit, VideoFormat } from '../../stream/index.ts';
import type { FrameDecoder } from './frame-decoder.ts';

/** A picture as a JPEG. */
export interface LiveFrame {
  readonly jpeg: Buffer;
  /** Unix time of the picture by the hub's clock, an integer. */
  readonly atMs: number;
  readonly sizeBytes: number;
}

export interface LiveFramesOptions {
  readonly clock: Clock;
  readonly hub: Hub;
  readonly decoder: Pick<FrameDecoder, 'decode'>;
  /** How long a stream that is starting, or sends no key frame, is waited for; default 10 s. */
  readonly timeoutMs?: number;
  /** Of kept JPEGs; default 32 MiB. */
  readonly maxKeptBytes?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_KEPT_BYTES = 32 * 1024 * 1024;

/** Pictures of now: the newest key frame of a stream, decoded once for all who ask for it at the same width. */
export class LiveFrames {
  readonly #options: LiveFramesOptions;
  readonly #kept: ByteCache<LiveFrame>;

  constructor(options: LiveFramesOptions) {
    this.#options = options;
    this.#kept = new ByteCache(options.maxKeptBytes ?? DEFAULT_KEPT_BYTES);
  }

  /**
   * The newest key frame. A stream that is on demand is started for it. Rejects with `ApiError`: STREAM_NOT_FOUND,
   * STREAM_NOT_LIVE with the reason, PICTURE_DAMAGED, RATE_LIMITED.
   */
  async now(id: StreamId, width?: number): Promise<LiveFrame> {
    const stream = this.#options.hub.get(id);
    if (stream === undefined) throw noSuchStream(id);
    const { unit, format } = await this.#keyFrame(stream);
    const key = `${id} ${unit.pts90k} ${Math.round(unit.wallMs)} ${width ?? ''}`;
    return this.#kept.get(key, () => this.#decode(unit, format, width));
  }

  async #decode(unit: Unit, format: VideoFormat, width: number | undefined): Promise<LiveFrame> {
    const jpeg = await this.#options.decoder.decode({
      codec: format.codec,
      ...(format.codec === 'h265' ? { vps: format.vps } : {}),
      sps: format.sps,
      pps: format.pps,
      pictures: [{ nalUnits: unit.payloads, pts90k: unit.pts90k }],
      pts90k: unit.pts90k,
      width: format.width,
      height: format.height,
      ...(width === undefined ? {} : { scaledWidth: width }),
    });
    return { jpeg, atMs: Math.round(unit.wallMs), sizeBytes: jpeg.length };
  }

  /** The kept key frame, or the next one that comes. */
  #keyFrame(stream: Stream): Promise<{ unit: Unit; format: VideoFormat }> {
    const { clock, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    return new Promise((resolve, reject) => {
      const notLive = (message: string) => end(() => reject(new ApiError('STREAM_NOT_LIVE', message)));
      const cancel = clock.after(timeoutMs, () =>
        notLive(`${stream.id} sent no key frame within ${timeoutMs / 1000} s; try again in a moment.`),
      );
      const reader = stream.read({
        name: 'frame',
        role: 'service',
        start: 'cached',
        write: (unit) => {
          const { format } = unit;
          if (format.kind === 'video') end(() => resolve({ unit, format }));
          return true;
        },
        onState: ({ state, reason }) => {
          if (state === 'waiting') notLive(reason?.message ?? `${stream.id} is not live.`);
          // The kept group of pictures may have been let go; the next key frame of its own may be far.
          else if (state === 'live') queueMicrotask(() => isOpen && stream.requestKeyFrame());
        },
        onEnd: () =>
          end(() => reject(new ApiError('STREAM_NOT_FOUND', `The stream "${stream.id}" was removed.`))),
      });
      let isOpen = true;
      const end = (settle: () => void) => {
        if (!isOpen) return;
        isOpen = false;
        cancel();
        reader.close();
        settle();
      };
    });
  }
}
