import { type ReadonlySignal, signal } from '@preact/signals';
import type { CameraEvent } from '../../../../shared/events.ts';
import type { RecordingTimeline } from '../../../../shared/recording.ts';
import { failureText } from '../api/failure-text.ts';
import {
  readEvents,
  readThumbnailTimes,
  readTimeline,
  type StreamKey,
  type TimeSpan,
} from '../recordings/api.ts';
import { lengthOf, padded } from './timeline/scale.ts';

/** While the view is moved there is no end of new ones; this one is asked for when it rests. */
const REST_MS = 120;
const REFRESH_MS = 10_000;
const MAX_PICTURES = 240;
/** So many are drawn and listed; more are told of in a shorter view. */
export const MAX_EVENTS = 3_000;
/** What is asked for again and again, as what came before is known. */
const MAX_NEW_EVENTS = 200;

/** What the gateway knows of the time that is looked at, and around it; kept up while that includes now. */
export class Footage {
  readonly #stream: StreamKey;
  readonly #nowMs: () => number;
  readonly #timeline = signal<RecordingTimeline | undefined>(undefined);
  readonly #events = signal<readonly CameraEvent[]>([]);
  readonly #keptMs = signal<readonly number[]>([]);
  readonly #trouble = signal<string | undefined>(undefined);
  #view: TimeSpan | undefined;
  #known: { readonly span: TimeSpan; readonly view: TimeSpan; readonly isSampled: boolean } | undefined;
  #reads = 0;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  #refreshTimer: ReturnType<typeof setInterval> | undefined;

  constructor(stream: StreamKey, nowMs: () => number) {
    this.#stream = stream;
    this.#nowMs = nowMs;
  }

  get timeline(): ReadonlySignal<RecordingTimeline | undefined> {
    return this.#timeline;
  }
  /** Newest first. */
  get events(): ReadonlySignal<readonly CameraEvent[]> {
    return this.#events;
  }
  get keptMs(): ReadonlySignal<readonly number[]> {
    return this.#keptMs;
  }
  /** Why there is nothing (new) to be had. */
  get trouble(): ReadonlySignal<string | undefined> {
    return this.#trouble;
  }

  /** This is looked at from now on. */
  look(view: TimeSpan): void {
    const isFirst = this.#view === undefined;
    this.#view = view;
    this.#refreshTimer ??= setInterval(() => this.#refresh(), REFRESH_MS);
    if (this.#isKnown(view)) return;
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => void this.#read(), isFirst ? 0 : REST_MS);
  }

  /** Something was locked, or recorded, that is not known here yet. */
  refreshNow(): void {
    clearTimeout(this.#restTimer);
    void this.#read();
  }

  /** An event was told of while it happened, or was removed. */
  take(event: CameraEvent & { readonly removed?: true | undefined }): void {
    const others = this.#events.value.filter(({ id }) => id !== event.id);
    const now = event.removed === true ? others : [event, ...others];
    this.#events.value = now.sort((a, b) => b.start - a.start);
  }

  close(): void {
    clearTimeout(this.#restTimer);
    clearInterval(this.#refreshTimer);
    this.#reads += 1;
  }

  #isKnown(view: TimeSpan): boolean {
    const known = this.#known;
    if (known === undefined || view.fromMs < known.span.fromMs) return false;
    if (view.toMs > known.span.toMs && known.span.toMs < this.#nowMs()) return false;
    // Nearer by, there are more pictures and events than were told.
    return !known.isSampled || lengthOf(view) > lengthOf(known.view) / 3;
  }

  #refresh(): void {
    const view = this.#view;
    if (document.visibilityState === 'hidden' || view === undefined) return;
    if (this.#nowMs() < view.toMs + lengthOf(view)) void this.#read(this.#isNewestEnough(view));
  }

  /** Whether all else that is asked for again was told, and changes no more. */
  #isNewestEnough(view: TimeSpan): boolean {
    const hasAll = this.#isKnown(view) && padded(view).fromMs >= (this.#known?.span.fromMs ?? Infinity);
    return hasAll && !this.#events.value.slice(MAX_NEW_EVENTS).some(({ isActive }) => isActive);
  }

  /** `isAgain`: only the newest events are asked for, as the others were told. */
  async #read(isAgain = false): Promise<void> {
    const view = this.#view;
    if (view === undefined) return;
    this.#reads += 1;
    const read = this.#reads;
    const span = padded(view);
    const [timeline, keptMs, events] = await Promise.all([
      readTimeline(this.#stream, span),
      readThumbnailTimes(this.#stream, span, MAX_PICTURES),
      readEvents(this.#stream, span, isAgain ? MAX_NEW_EVENTS : MAX_EVENTS),
    ]);
    // A later one is under way, for what is looked at now.
    if (read !== this.#reads) return;
    this.#trouble.value = timeline.ok ? undefined : failureText(timeline.error);
    if (timeline.ok) this.#timeline.value = timeline.value;
    if (keptMs.ok) this.#keptMs.value = keptMs.value;
    if (events.ok) {
      const { value } = events;
      this.#events.value =
        isAgain && value.length >= MAX_NEW_EVENTS ? joinedEvents(value, this.#events.value) : value;
    }
    if (!timeline.ok) {
      this.#known = undefined;
      return;
    }
    const isSampled =
      (keptMs.ok && keptMs.value.length >= MAX_PICTURES) || this.#events.value.length >= MAX_EVENTS;
    this.#known = { span, view, isSampled };
  }
}

/** What was told anew, and of what was known before all that is older. */
function joinedEvents(newest: readonly CameraEvent[], known: readonly CameraEvent[]): readonly CameraEvent[] {
  const oldestMs = newest.at(-1)?.start ?? 0;
  const told = new Set(newest.map(({ id }) => id));
  return [...newest, ...known.filter(({ id, start }) => start <= oldestMs && !told.has(id))];
}
