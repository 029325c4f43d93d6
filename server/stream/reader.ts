import type { WaitReason } from '../../shared/errors.ts';
import type { StreamState } from '../../shared/stream.ts';
import type { TrackFormat, Unit } from './unit.ts';

/** Why a stream is not live, for programs and for people. */
export interface StateReason {
  readonly code: WaitReason;
  readonly message: string;
  readonly retryInMs?: number;
}

/** The state of a stream; `reason` comes with `waiting`. */
export interface StateChange {
  readonly state: StreamState;
  readonly reason?: StateReason;
}

/**
 * Somebody who takes a stream's units. Every call is synchronous and on the media loop: be quick.
 */
export interface ReaderOptions {
  /** For logs and the status, e.g. "webrtc", "rtsp". */
  readonly name: string;
  /** `viewer` counts as one in the status; `service` (recorder, relays inside) does not. Both keep an on-demand source up. */
  readonly role: 'viewer' | 'service';
  /** Of a viewer: where it is, and since when (Unix milliseconds), for lists of viewers. */
  readonly from?: { readonly address: string | undefined; readonly sinceMs: number };
  /** `cached`: begin with the kept group of pictures; `next`: begin with the next key frame that arrives. */
  readonly start: 'cached' | 'next';
  /**
   * Takes one unit; the first video unit is a key frame, and again after a drop. Returns false when the reader's
   * way out is full: the unit itself was taken, the following are queued until `drained()` is called.
   */
  write(unit: Unit): boolean;
  /** The set of tracks became known or changed (also once at the start when it is known already). */
  onTracks?(tracks: readonly TrackFormat[]): void;
  /** State changes of the stream; also once at the start with the present state. */
  onState?(change: StateChange): void;
  /** The stream was removed or the hub closes; nothing follows. */
  onEnd?(): void;
  /** Default 4 MiB. A queue that grows past it is dropped, counted, and the reader resumes at a key frame. */
  readonly maxQueueBytes?: number;
}

/** A reader as whoever opened it holds it. */
export interface Reader {
  /** The way out has room again: the queue is written out as far as `write` says true. */
  drained(): void;
  readonly droppedUnits: number;
  /** Idempotent. */
  close(): void;
}
