import type { ReadonlySignal } from '@preact/signals';
import type { CameraEvent } from '../../../../../shared/events.ts';
import type { RecordingTimeline } from '../../../../../shared/recording.ts';
import type { TimeSpan } from '../../recordings/api.ts';
import type { Film } from './film.ts';
import type { Marked } from './layout.ts';

/** A stretch of time that is looked at and dragged on, and whom it tells. Times are Unix milliseconds. */
export interface TimeModel {
  readonly view: ReadonlySignal<TimeSpan>;
  readonly nowMs: ReadonlySignal<number>;
  /** Where the picture is, or is being dragged to. */
  readonly headMs: ReadonlySignal<number>;
  /** The same to the second, for what is read out: it changes no oftener. */
  readonly headSecondMs: ReadonlySignal<number>;
  readonly isLive: ReadonlySignal<boolean>;
  /** The view is moved or zoomed. */
  look(view: TimeSpan): void;
  scrub(timeMs: number): void;
  drop(timeMs: number): void;
  cancel(): void;
}

/** What the time line of one camera shows, besides time. */
export interface TimelineModel extends TimeModel {
  readonly isRecording: ReadonlySignal<boolean>;
  readonly timeline: ReadonlySignal<RecordingTimeline | undefined>;
  readonly events: ReadonlySignal<readonly CameraEvent[]>;
  /** Times of which small pictures are kept, oldest first. */
  readonly keptMs: ReadonlySignal<readonly number[]>;
  readonly marked: ReadonlySignal<Marked>;
  readonly film: Film;
}
