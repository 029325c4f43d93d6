import type { CameraEvent, EventKind, EventPage, EventPatch, NewEvent } from '../../shared/events.ts';
import type { StreamId } from '../../shared/names.ts';

/** Which events are asked for; times in Unix milliseconds, by default the last day. */
export interface AskedEvents {
  readonly stream?: StreamId;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly kinds?: readonly EventKind[];
  /** `next` of the page before. */
  readonly before?: string;
  readonly max?: number;
}

/** What happened at the cameras. Failures reject with `ApiError`. */
export interface EventsPort {
  /** Newest first. BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  list(asked: AskedEvents): Promise<EventPage>;
  /** BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  add(stream: StreamId, event: NewEvent): Promise<CameraEvent>;
  /** BAD_REQUEST, STREAM_NOT_FOUND, EVENT_NOT_FOUND, CONFLICT, STORAGE_UNAVAILABLE. */
  patch(stream: StreamId, id: string, patch: EventPatch): Promise<CameraEvent>;
  /** STREAM_NOT_FOUND, EVENT_NOT_FOUND, CONFLICT, STORAGE_UNAVAILABLE. */
  remove(stream: StreamId, id: string): Promise<void>;
}
