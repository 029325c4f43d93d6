import { type ReadonlySignal, signal } from '@preact/signals';
import { parseStreamId, type StreamId } from '../../../../shared/names.ts';
import type { RecordingTimeline } from '../../../../shared/recording.ts';
import type { Failure } from '../api/call.ts';
import { lengthOf, padded } from '../camera/timeline/scale.ts';
import { readTimeline, type TimeSpan } from '../recordings/api.ts';

/** While the view is moved there is no end of new ones; they are asked for when it rests. */
const REST_MS = 150;
const REFRESH_MS = 10_000;
/** Of what could not be read. */
const RETRY_MS = 2_000;

/** What was recorded of one camera in the time that is looked at. */
export type Lane =
  | { readonly kind: 'loading' }
  | { readonly kind: 'there'; readonly timeline: RecordingTimeline; readonly span: TimeSpan }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Reads the recorded times of the chosen cameras around what is looked at. */
export class LanesReader {
  readonly #lanes = signal<ReadonlyMap<StreamId, Lane>>(new Map());
  readonly #nowMs: () => number;
  readonly #refreshTimer: ReturnType<typeof setInterval>;
  /** What is being asked for. */
  readonly #reading = new Map<StreamId, TimeSpan>();
  #view: TimeSpan | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#refreshTimer = setInterval(() => this.#refresh(), REFRESH_MS);
  }

  get lanes(): ReadonlySignal<ReadonlyMap<StreamId, Lane>> {
    return this.#lanes;
  }

  choose(streams: readonly StreamId[]): void {
    const before = this.#lanes.peek();
    this.#lanes.value = new Map(streams.map((id) => [id, before.get(id) ?? { kind: 'loading' }]));
    for (const id of streams) if (!before.has(id)) void this.#read(id);
  }

  look(view: TimeSpan): void {
    const isFirst = this.#view === undefined;
    this.#view = view;
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => this.#readMissing(), isFirst ? 0 : REST_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restTimer);
    clearTimeout(this.#retryTimer);
    clearInterval(this.#refreshTimer);
  }

  #readMissing(): void {
    const view = this.#view;
    if (view === undefined) return;
    for (const [id, lane] of this.#lanes.peek()) {
      if (lane.kind !== 'there' || !covers(lane.span, view, this.#nowMs())) void this.#read(id);
    }
  }

  #refresh(): void {
    const view = this.#view;
    // What lies behind does not change.
    if (document.visibilityState === 'hidden' || view === undefined) return;
    if (this.#nowMs() > view.toMs + lengthOf(view)) return;
    for (const id of this.#lanes.peek().keys()) void this.#read(id);
  }

  async #read(id: StreamId): Promise<void> {
    const view = this.#view;
    const parsed = parseStreamId(id);
    if (view === undefined || parsed === undefined) return;
    const asked = this.#reading.get(id);
    if (asked !== undefined && covers(asked, view, this.#nowMs())) return;
    const span = padded(view);
    this.#reading.set(id, span);
    const answer = await readTimeline(parsed, span);
    if (this.#reading.get(id) === span) this.#reading.delete(id);
    // It may have been taken out, or the view moved on, which has asked again.
    if (this.#isClosed || !this.#lanes.peek().has(id) || (this.#view !== view && !this.#shows(span))) return;
    if (answer.ok) {
      this.#put(id, { kind: 'there', timeline: answer.value, span });
      return;
    }
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#readMissing(), RETRY_MS);
    // What was known stays, as far as it is of what is looked at.
    const known = this.#lanes.peek().get(id);
    if (known?.kind !== 'there' || !this.#shows(known.span)) {
      this.#put(id, { kind: 'failed', failure: answer.error });
    }
  }

  #put(id: StreamId, lane: Lane): void {
    this.#lanes.value = new Map([...this.#lanes.peek()].map(([one, was]) => [one, one === id ? lane : was]));
  }

  #shows(span: TimeSpan): boolean {
    return this.#view !== undefined && covers(span, this.#view, this.#nowMs());
  }
}

function covers(span: TimeSpan, view: TimeSpan, nowMs: number): boolean {
  return span.fromMs <= view.fromMs && (span.toMs >= view.toMs || span.toMs >= nowMs);
}
