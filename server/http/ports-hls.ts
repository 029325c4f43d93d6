import type { StreamId } from '../../shared/names.ts';

/** HLS playlists and segments. Failures reject with `ApiError`. */
export interface HlsPlayback {
  /**
   * The playlist of the asked time, or of now where none is asked; waits some seconds for a stream that is starting.
   * Times are Unix milliseconds; `endMs` wins over `durationMs`. BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED,
   * STREAM_NOT_LIVE, STORAGE_UNAVAILABLE.
   */
  playlist(
    stream: StreamId,
    asked: {
      readonly startMs?: number | undefined;
      readonly endMs?: number | undefined;
      readonly durationMs?: number | undefined;
      /** Key frames alone, of recorded time. */
      readonly keyFrames?: boolean | undefined;
    },
    /** `uriSuffix`: the query of every segment's URI, with its question mark, or nothing. */
    form: { readonly gzip: boolean; readonly uriSuffix: string },
  ): Promise<HlsPlaylist>;
  /**
   * The MPEG-TS of the segment that begins at exactly `startMs`; it never changes. The memory is the caller's own, or shared.
   * NOT_RECORDED, STORAGE_UNAVAILABLE.
   */
  segment(stream: StreamId, startMs: number): Promise<Uint8Array>;
  /**
   * The MPEG-TS of the key frames of [fromMs, toMs), as a playlist of key frames names it. The memory is the caller's own.
   * BAD_REQUEST, NOT_RECORDED, STORAGE_UNAVAILABLE.
   */
  keyFrames(stream: StreamId, fromMs: number, toMs: number): Promise<Uint8Array>;
}

export interface HlsPlaylist {
  /** Nobody else's memory. */
  readonly body: Uint8Array;
  readonly isGzip: boolean;
  /** Complete with its quotes; undefined: to be made of the body. */
  readonly etag: string | undefined;
  /** Nothing will be added to it any more. */
  readonly isComplete: boolean;
}
