import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { RecordingTimeline } from '../../../shared/recording.ts';
import { type Clock, withTimeout } from '../../base/clock.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import type { LiveSegments, RingEntry } from '../live.ts';
import { STRETCH_MAX_MS } from './key-frame-stretches.ts';
import { LiveList } from './live-list.ts';
import type { ListedSegment } from './m3u8.ts';
import { notRecorded } from './not-recorded.ts';
import {
  type AskedTimes,
  keyFramesRange,
  MAX_EVENT_MS,
  type PlaylistRange,
  playlistRange,
  rewindTooLong,
} from './playlist-request.ts';
import type { RecordedListArgs, RecordedListResult } from './recorded-list.ts';

/** How long a playlist is waited for while the stream's first segment is made. */
const FIRST_SEGMENT_WAIT_MS = 15_000;
/** Where it is known why there is none, a moment is still given to a camera that comes back. */
const REASON_WAIT_MS = 3_000;
const STATE_POLL_MS = 250;
/** While the camera is away players go on loading the old playlist, so that they are there when it is back. */
const STALE_AFTER_MS = 120_000;
/** The same for a stream that nobody watched meanwhile: its old pictures are nothing for a new viewer. */
const IDLE_STALE_AFTER_MS = 10_000;
const RETRY_AFTER_MS = 2_000;
/** The last seconds of a time that is just over are waited for so long; hls.js gives a playlist 10 s. */
const CUT_WAIT_MS = 8_000;
/** A segment ends at a key frame, which may be late. */
const KEY_FRAME_SLACK_MS = 10_000;
/** Work on one playlist before others get their turn in the reading thread. */
const BUDGET_MS = 50;
/** More turns than a playlist of the longest span can need; then it is made in one go. */
const MAX_TURNS = 60;
/** A list of key frames may be kept by browsers when its end is so long ago: until then more of it may come. */
const SETTLED_MS = 60_000;
const MAX_REASONED_MS = 7 * 24 * 3_600_000;

/** What playlists need of the archive. */
export interface PlaylistArchive {
  readSegment(stream: StreamId, startMs: number): Promise<Uint8Array>;
  timeline(stream: StreamId, fromMs: number, toMs: number): Promise<RecordingTimeline>;
  /** Segments that were taken and are not in the index yet, oldest first. */
  queued(stream: StreamId): { readonly segments: readonly { readonly startMs: number }[] };
  query(stream: StreamId, name: 'playlist', args: RecordedListArgs): Promise<RecordedListResult>;
  /** NOT_RECORDED where nothing of it is kept (any more). */
  keyFrames(stream: StreamId, fromMs: number, toMs: number): Promise<Uint8Array>;
}

export interface HlsOptions {
  readonly clock: Clock;
  readonly live: LiveSegments;
  readonly archive: PlaylistArchive;
  /** Whether there is such a stream now; recorded time is found without. */
  hasStream(stream: StreamId): boolean;
  /** Whether more of it is to be recorded, even if something holds that up just now. */
  isRecorded(stream: StreamId): boolean;
}

/** A playlist as it goes out. */
export interface PlaylistBody {
  readonly body: Uint8Array;
  readonly isGzip: boolean;
  /** Complete with its quotes; undefined where the body is its own best tag. */
  readonly etag: string | undefined;
  /** Nothing will be added any more. */
  readonly isComplete: boolean;
}

/** How a playlist is wanted. */
export interface PlaylistForm {
  readonly gzip: boolean;
  /** The query of every segment's URI with its question mark, or nothing. */
  readonly uriSuffix: string;
}

/** HLS of live and recorded streams. Live needs no disk: it reads the ring alone. */
export class Hls {
  readonly #options: HlsOptions;
  readonly #lists = new Map<StreamId, LiveList>();

  constructor(options: HlsOptions) {
    this.#options = options;
  }

  /**
   * Throws BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED with the reasons, STREAM_NOT_LIVE where no segment comes,
   * STORAGE_UNAVAILABLE.
   */
  async playlist(stream: StreamId, asked: AskedTimes, form: PlaylistForm): Promise<PlaylistBody> {
    const nowMs = this.#options.clock.wallMs();
    if (asked.keyFrames === true) return this.#keyFrameList(stream, keyFramesRange(asked, nowMs), form);
    const range = playlistRange(asked, nowMs);
    return range.kind === 'live' ? this.#live(stream, form) : this.#recorded(stream, range, form);
  }

  /** The bytes of one segment; NOT_RECORDED. */
  async segment(stream: StreamId, startMs: number): Promise<Uint8Array> {
    const inRing = this.#options.live.ring(stream).find(({ segment }) => segment.startMs === startMs);
    return inRing?.segment.data ?? this.#options.archive.readSegment(stream, startMs);
  }

  /** The key frames of a stretch that a playlist listed; BAD_REQUEST, NOT_RECORDED. */
  async keyFrames(stream: StreamId, fromMs: number, toMs: number): Promise<Uint8Array> {
    if (toMs <= fromMs || toMs - fromMs > STRETCH_MAX_MS) {
      throw new ApiError(
        'BAD_REQUEST',
        'Key frames are asked for as a playlist with key_frames=true names them.',
      );
    }
    return this.#options.archive.keyFrames(stream, fromMs, toMs);
  }

  /** Forgets a stream that was removed. */
  forget(stream: StreamId): void {
    this.#lists.delete(stream);
  }

  async #live(stream: StreamId, { uriSuffix }: PlaylistForm): Promise<PlaylistBody> {
    const { live, hasStream } = this.#options;
    if (!hasStream(stream)) throw noSuchStream(stream);
    const entries = await this.#ring(stream);
    let list = this.#lists.get(stream);
    if (list === undefined) {
      list = new LiveList();
      this.#lists.set(stream, list);
    }
    const body = Buffer.from(list.render(entries, live.segmentMs(stream), uriSuffix), 'latin1');
    return { body, isGzip: false, etag: undefined, isComplete: false };
  }

  /** The ring with something fresh in it; waits for a stream that is starting. */
  async #ring(stream: StreamId): Promise<readonly RingEntry[]> {
    const { live, clock } = this.#options;
    const { state } = live.state(stream);
    live.demand(stream);
    const staleAfterMs = state === 'idle' || state === 'off' ? IDLE_STALE_AFTER_MS : STALE_AFTER_MS;
    const isFresh = (entries: readonly RingEntry[]) => {
      const newest = entries.at(-1)?.segment;
      const spanMs = 3 * live.segmentMs(stream);
      return newest !== undefined && clock.wallMs() - newest.endMs <= Math.max(staleAfterMs, spanMs);
    };
    if (!isFresh(live.ring(stream))) await this.#nextSegment(stream);
    return live.ring(stream);
  }

  /** Resolves with the next segment that is cut; STREAM_NOT_LIVE with the reason where none comes. */
  async #nextSegment(stream: StreamId): Promise<void> {
    const { live, clock } = this.#options;
    const sinceMs = clock.monotonicMs();
    const undo: (() => void)[] = [];
    const arrival = new Promise<void>((resolve, reject) => {
      undo.push(live.onSegment(stream, () => resolve()));
      const look = () => {
        if (!this.#options.hasStream(stream)) reject(noSuchStream(stream));
        const { reason } = live.state(stream);
        if (reason !== undefined && clock.monotonicMs() - sinceMs >= REASON_WAIT_MS)
          reject(this.#notLive(stream));
      };
      undo.push(clock.every(STATE_POLL_MS, look));
    });
    try {
      await withTimeout(clock, FIRST_SEGMENT_WAIT_MS, arrival, () => this.#notLive(stream));
    } finally {
      for (const each of undo) each();
    }
  }

  #notLive(stream: StreamId): ApiError {
    const { reason } = this.#options.live.state(stream);
    const why = reason?.message ?? 'no segment of it is ready yet. Try again in a moment.';
    return new ApiError('STREAM_NOT_LIVE', `${stream} is not live: ${why}`, {
      ...(reason === undefined ? {} : { reason: reason.code }),
      retryAfterMs: RETRY_AFTER_MS,
    });
  }

  async #recorded(
    stream: StreamId,
    asked: Exclude<PlaylistRange, { kind: 'live' }>,
    form: PlaylistForm,
  ): Promise<PlaylistBody> {
    const range = await this.#cutRange(stream, asked);
    let result = await this.#build(stream, range, form);
    if (result.kind === 'nothing' && range.kind !== 'vod' && this.#isRecording(stream)) {
      // Nothing yet; what was cut meanwhile may begin too early, so this is tried but once.
      await this.#nextSegment(stream);
      result = await this.#build(stream, range, form);
    }
    switch (result.kind) {
      case 'list': {
        const { body, etag, isComplete } = result;
        return { body, etag, isComplete, isGzip: form.gzip };
      }
      case 'too-old':
        throw rewindTooLong();
      case 'nothing':
        throw await this.#whyNothing(stream, range, result.isKnownStream);
    }
  }

  /** What is in the index; nothing is waited for, as who plays fast comes to the end of it all the same. */
  async #keyFrameList(
    stream: StreamId,
    range: { readonly startMs: number; readonly endMs: number },
    form: PlaylistForm,
  ): Promise<PlaylistBody> {
    const result = await this.#build(stream, { kind: 'vod', ...range }, form, true);
    if (result.kind !== 'list') {
      throw await this.#whyNothing(stream, range, result.kind === 'nothing' && result.isKnownStream);
    }
    const isSettled = this.#options.clock.wallMs() - range.endMs > SETTLED_MS;
    return { body: result.body, etag: result.etag, isGzip: form.gzip, isComplete: isSettled };
  }

  /** The end of a time that is just over is not cut yet: waits for it. Where that takes long, the playlist grows up to it. */
  async #cutRange(
    stream: StreamId,
    range: Exclude<PlaylistRange, { kind: 'live' }>,
  ): Promise<Exclude<PlaylistRange, { kind: 'live' }>> {
    if (range.kind !== 'vod' || !this.#isBeingCut(stream, range.endMs)) return range;
    const { live, clock } = this.#options;
    const undo: (() => void)[] = [];
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!this.#isBeingCut(stream, range.endMs)) resolve();
      };
      undo.push(live.onSegment(stream, look), clock.every(STATE_POLL_MS, look));
      undo.push(clock.after(CUT_WAIT_MS, resolve));
    });
    for (const each of undo) each();
    const isEvent = this.#isBeingCut(stream, range.endMs) && range.endMs - range.startMs <= MAX_EVENT_MS;
    return isEvent ? { ...range, kind: 'event' } : range;
  }

  /** Whether that past instant lies in a segment that is still being recorded. */
  #isBeingCut(stream: StreamId, ms: number): boolean {
    const { live, clock } = this.#options;
    if (clock.wallMs() - ms > 2 * live.segmentMs(stream) + KEY_FRAME_SLACK_MS) return false;
    return live.state(stream).state === 'recording' && (live.recordedUntilMs(stream) ?? 0) < ms;
  }

  async #build(
    stream: StreamId,
    range: Exclude<PlaylistRange, { kind: 'live' }>,
    form: PlaylistForm,
    keyFrames = false,
  ): Promise<Exclude<RecordedListResult, { kind: 'working' }>> {
    const { live, archive, clock } = this.#options;
    for (let turn = 1; ; turn += 1) {
      const recordedUntilMs = live.recordedUntilMs(stream);
      const result = await archive.query(stream, 'playlist', {
        stream,
        ...range,
        ...form,
        nowMs: clock.wallMs(),
        ...(recordedUntilMs === undefined ? {} : { recordedUntilMs }),
        ...(keyFrames ? { keyFrames, tail: [] } : { tail: this.#tail(stream) }),
        isRecording: this.#isRecording(stream),
        segmentMs: live.segmentMs(stream),
        budgetMs: turn < MAX_TURNS ? BUDGET_MS : Number.POSITIVE_INFINITY,
      });
      if (result.kind !== 'working') return result;
    }
  }

  /**
   * What is on its way to the index, as far as it is in the ring without a hole. What the archive did not take is left
   * out: it could not be listed any more once it has left the ring, and nothing may vanish from a playlist's middle.
   */
  #tail(stream: StreamId): ListedSegment[] {
    const { live, archive } = this.#options;
    const byStart = new Map(live.ring(stream).map(({ segment }) => [segment.startMs, segment]));
    const tail: ListedSegment[] = [];
    for (const { startMs } of archive.queued(stream).segments) {
      const segment = byStart.get(startMs);
      if (segment === undefined) break;
      const { endMs, duration90k, recording } = segment;
      tail.push({ startMs, endMs, duration90k, run: recording.key });
    }
    return tail;
  }

  #isRecording(stream: StreamId): boolean {
    return this.#options.hasStream(stream) && this.#options.isRecorded(stream);
  }

  async #whyNothing(
    stream: StreamId,
    range: { startMs: number; endMs?: number },
    isKnownStream: boolean,
  ): Promise<ApiError> {
    const { archive, clock, hasStream } = this.#options;
    if (!isKnownStream && !hasStream(stream)) return noSuchStream(stream);
    const nowMs = clock.wallMs();
    const endMs = Math.min(range.endMs ?? nowMs, nowMs, range.startMs + MAX_REASONED_MS);
    const span = { startMs: range.startMs, endMs: Math.max(endMs, range.startMs + 1) };
    const { gaps } = await archive.timeline(stream, span.startMs, span.endMs);
    return notRecorded(stream, span, gaps);
  }
}
