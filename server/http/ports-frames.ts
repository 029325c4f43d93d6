import type { StreamId } from '../../shared/names.ts';

/** A picture as a JPEG. */
export interface FrameAnswer {
  readonly jpeg: Buffer;
  /** Unix milliseconds of the picture. */
  readonly atMs: number;
}

/** Pictures of streams. Times are Unix milliseconds. Failures reject with `ApiError`. */
export interface FramesPort {
  /**
   * Of now, or of `atMs`. STREAM_NOT_FOUND, STREAM_NOT_LIVE, NOT_RECORDED, PICTURE_DAMAGED, RATE_LIMITED,
   * STORAGE_UNAVAILABLE.
   */
  frame(stream: StreamId, asked: { atMs?: number; width?: number }): Promise<FrameAnswer>;
  /** STREAM_NOT_FOUND, NOT_RECORDED, PICTURE_DAMAGED, RATE_LIMITED, STORAGE_UNAVAILABLE. */
  thumbnail(stream: StreamId, atMs: number): Promise<FrameAnswer>;
  /** BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  thumbnails(
    stream: StreamId,
    asked: { fromMs?: number; toMs?: number; max?: number },
  ): Promise<readonly number[]>;
}
