import type { WaitReason } from '../../shared/errors.ts';
import type { DerivedKind, StreamId } from '../../shared/names.ts';
import type { SourceReport } from '../../shared/report.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import type { SourceUnit, TrackFormat, TrackKind } from './unit.ts';

/** An RTCP sender report: at wall time `ntpMs` of the sender's clock its media clock stood at `rtpTimestamp`. */
export interface SenderReport {
  readonly kind: TrackKind;
  readonly ntpMs: number;
  readonly rtpTimestamp: number;
  readonly receivedAtMs: number;
}

/** Where a source delivers to; the hub implements it, one for each stream. All calls are synchronous. */
export interface SourceSink {
  /** A connection attempt begins. */
  connecting(): void;
  /**
   * Media will follow, with these tracks. A video track whose parameter sets are not known yet is left out and
   * told by `format` later. `transport` is for the status, e.g. "tcp", "udp".
   */
  playing(formats: readonly TrackFormat[], transport: string): void;
  /** Why the media travels over this transport, or what is wrong with it, for people; undefined: nothing to tell. */
  transportReason?(reason: string | undefined): void;
  /** Pictures were lost on the way and nothing can be shown up to the next key frame: the sooner it comes, the better. */
  damaged?(): void;
  /** A track's format became known or changed; it holds from the next unit on. */
  format(format: TrackFormat): void;
  unit(unit: SourceUnit): void;
  senderReport(report: SenderReport): void;
  /** The connection failed or ended. `retryInMs` undefined: no retry by itself. `message` holds no secret. */
  waiting(reason: WaitReason, message: string, retryInMs?: number): void;
  /** Counters since the start, once a second at most: shown in the status and metrics. */
  counters(counters: SourceCounters): void;
}

/** Totals since the source started, over all of its connections. */
export interface SourceCounters {
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly lostPackets: number;
  readonly droppedUnits: number;
}

/** A running source of one stream. It dials, retries and delivers until closed. */
export interface Source {
  /** Somebody watches or records: the wait before a retry is then at most 5 s. */
  setWatched(watched: boolean): void;
  /** A reader needs a key frame soon. May do nothing where the source has no way to ask. */
  requestKeyFrame(): void;
  /** What it knows of its camera, where it has one; of the last connection while there is none. */
  report?(): SourceReport | undefined;
  /** Stops for good; resolves when the connection is torn down. Idempotent. */
  close(): Promise<void>;
}

/** Starts the source that a definition names. Wired in main. */
export type StartSource = (definition: StreamDefinition, sink: SourceSink) => Source;

/** A leg that is to be made of the stream `of`. */
export interface LegRequest {
  readonly of: StreamId;
  readonly kind: Exclude<DerivedKind, 'sub'>;
}

/**
 * Starts what makes a leg. Its units have their `place` on the timeline of the stream that they are made of. Wired in
 * main.
 */
export type StartLeg = (request: LegRequest, sink: SourceSink) => Source;
