import type { DerivedKind, StreamId } from '../../shared/names.ts';
import type { Reader, ReaderOptions, ReorderingKind, StateChange, TrackFormat } from '../stream/index.ts';

/** What is needed of a stream of the hub. */
export interface WatchableStream {
  readonly id: StreamId;
  readonly state: StateChange;
  readonly tracks: readonly TrackFormat[];
  readonly reordering: ReorderingKind;
  read(options: ReaderOptions): Reader;
  requestKeyFrame(): void;
  onState(listener: (change: StateChange) => void): () => void;
  onRemoved(listener: () => void): () => void;
}

/** What is needed of the hub. */
export interface WatchableStreams {
  get(id: StreamId): WatchableStream | undefined;
  /** What is made of a stream on demand; undefined where it cannot be had, as `sub` of a camera with one stream. */
  derived(of: StreamId, kind: DerivedKind): WatchableStream | undefined;
}
