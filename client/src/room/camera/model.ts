import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import type { SluicePlayer } from '../../player/index.ts';
import type { StreamKey, TimeSpan } from '../recordings/api.ts';
import { gatewayNow, readGatewayClock } from '../store/clock.ts';
import { Footage } from './footage.ts';
import { ScrubPreview } from './scrub-preview.ts';
import { Film } from './timeline/film.ts';
import type { Marked } from './timeline/layout.ts';
import { lengthOf, showing, viewAround, zoomed } from './timeline/scale.ts';
import type { TimelineModel } from './timeline/time-model.ts';

const FIRST_VIEW_MS = 2 * 3_600_000;
const TICK_MS = 250;
/** Where a second is as wide as a thumb, time moves smoothly. */
const FINE_TICK_MS = 50;
const FINE_VIEW_MS = 120_000;
/** Nearer to now than that there is nothing recorded yet. */
const LIVE_EDGE_MS = 1_500;
/** The player says at last where it is, or does not get there. */
const ARRIVE_TIMEOUT_MS = 10_000;
const NEAR_MS = 15_000;

/** Where one is in a camera's time, live and recorded in one; the page's parts read it and act on it. */
export class CameraModel implements TimelineModel {
  readonly stream: StreamKey;
  readonly film: Film;
  readonly footage: Footage;
  readonly preview: ScrubPreview;
  readonly #view = signal<TimeSpan>({ fromMs: 0, toMs: 1 });
  readonly #nowMs = signal(gatewayNow());
  /** Of the picture on the screen, where it is recorded. */
  readonly #shownMs = signal<number | undefined>(undefined);
  readonly #isLive = signal(true);
  readonly #scrubMs = signal<number | undefined>(undefined);
  /** Where the player is on its way to. */
  readonly #goal = signal<{ readonly timeMs: number; readonly sinceMs: number } | undefined>(undefined);
  readonly #isRecording = signal(false);
  readonly #marked = signal<Marked>({ fromMs: undefined, toMs: undefined });
  readonly #isMarked = computed(() => {
    const { fromMs, toMs } = this.#marked.value;
    return fromMs !== undefined && toMs !== undefined;
  });
  readonly #speed = signal(1);
  readonly #isPaused = signal(false);
  readonly #isMuted = signal(true);
  /** What the viewer looks at is left alone, even when the picture goes on beyond it. */
  #isFollowing = true;
  /** A camera that was removed has no now. */
  isGone = false;
  #player: SluicePlayer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onPlace: (timeMs: number | undefined) => void;

  readonly headMs: ReadonlySignal<number> = computed(
    () =>
      this.#scrubMs.value ??
      this.#goal.value?.timeMs ??
      (this.#isLive.value ? this.#nowMs.value : (this.#shownMs.value ?? this.#nowMs.value)),
  );

  /** The same to the second, for what is written: it changes no oftener. */
  readonly headSecondMs: ReadonlySignal<number> = computed(() => Math.floor(this.headMs.value / 1000) * 1000);

  /** Whether what is seen is now: not while an earlier time is dragged to. */
  readonly isLive: ReadonlySignal<boolean> = computed(
    () => this.#isLive.value && this.#scrubMs.value === undefined,
  );

  /** `onPlace` is told where the picture went, for the address; undefined is live. */
  constructor(stream: StreamKey, onPlace: (timeMs: number | undefined) => void) {
    this.stream = stream;
    this.#onPlace = onPlace;
    this.film = new Film(stream);
    this.footage = new Footage(stream, () => this.#nowMs.peek());
    this.preview = new ScrubPreview(stream, this.film, () => this.footage.keptMs.peek());
    const nowMs = this.#nowMs.value;
    // Mostly what was; now is near the right.
    this.#view.value = showing({ fromMs: nowMs - FIRST_VIEW_MS, toMs: nowMs }, nowMs, nowMs);
    this.footage.look(this.#view.value);
    void readGatewayClock().then(() => this.#tick());
  }

  get view(): ReadonlySignal<TimeSpan> {
    return this.#view;
  }
  get nowMs(): ReadonlySignal<number> {
    return this.#nowMs;
  }
  get isRecording(): ReadonlySignal<boolean> {
    return this.#isRecording;
  }
  get timeline(): Footage['timeline'] {
    return this.footage.timeline;
  }
  get events(): Footage['events'] {
    return this.footage.events;
  }
  get keptMs(): Footage['keptMs'] {
    return this.footage.keptMs;
  }
  get marked(): ReadonlySignal<Marked> {
    return this.#marked;
  }
  /** Both ends of a piece are marked. */
  get isMarked(): ReadonlySignal<boolean> {
    return this.#isMarked;
  }
  get speed(): ReadonlySignal<number> {
    return this.#speed;
  }
  get isPaused(): ReadonlySignal<boolean> {
    return this.#isPaused;
  }
  get isMuted(): ReadonlySignal<boolean> {
    return this.#isMuted;
  }
  /** Undefined before the page is drawn. */
  get player(): SluicePlayer | undefined {
    return this.#player;
  }

  /** From now on it is this player's time that is told. */
  attach(player: SluicePlayer | undefined): void {
    this.#player = player;
    this.#tick();
  }

  set recording(isRecording: boolean) {
    this.#isRecording.value = isRecording;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#player = undefined;
    this.footage.close();
    this.film.close();
    this.preview.close();
  }

  look(view: TimeSpan): void {
    this.#isFollowing = false;
    this.#show(view);
  }

  /** Half or twice as long, about the picture's time where that is to be seen. */
  zoom(factor: number): void {
    const view = this.#view.value;
    const headMs = this.headMs.value;
    const isSeen = headMs >= view.fromMs && headMs <= view.toMs;
    this.look(zoomed(view, factor, isSeen ? headMs : (view.fromMs + view.toMs) / 2, this.#nowMs.value));
    this.#isFollowing = isSeen;
  }

  /** That much time, around the picture. */
  span(ms: number): void {
    const nowMs = this.#nowMs.value;
    // Around the picture, but never more of what is to come than there has to be.
    const around = viewAround(this.headMs.value, ms, nowMs);
    const aheadMs = Math.max(0, around.toMs - nowMs - ms * 0.08);
    this.#show({ fromMs: around.fromMs - aheadMs, toMs: around.toMs - aheadMs });
    this.#isFollowing = true;
  }

  scrub(timeMs: number): void {
    this.#scrubMs.value = Math.min(timeMs, this.#nowMs.peek());
    this.preview.show(this.#scrubMs.value);
  }

  drop(timeMs: number): void {
    this.#scrubMs.value = undefined;
    this.goTo(timeMs);
  }

  cancel(): void {
    this.#scrubMs.value = undefined;
    this.preview.hide();
  }

  /** Plays what was recorded then; where that is as good as now, live. */
  goTo(timeMs: number): void {
    if (timeMs >= this.#nowMs.peek() - LIVE_EDGE_MS) {
      this.goLive();
      return;
    }
    const at = Math.round(timeMs);
    batch(() => {
      this.#isFollowing = true;
      this.#isLive.value = false;
      this.#goal.value = { timeMs: at, sinceMs: Date.now() };
      this.#show(showing(this.#view.value, at, this.#nowMs.value));
    });
    // Until the player is there the picture of that time is shown.
    this.preview.show(at);
    this.#player?.seek(at);
    this.#onPlace(at);
  }

  goLive(): void {
    if (this.isGone) return;
    batch(() => {
      this.#isFollowing = true;
      this.#isLive.value = true;
      this.#goal.value = undefined;
      this.#scrubMs.value = undefined;
      this.#shownMs.value = undefined;
      this.#show(showing(this.#view.value, this.#nowMs.value, this.#nowMs.value));
    });
    this.preview.hide();
    this.#player?.goLive();
    this.#onPlace(undefined);
  }

  togglePlay(): void {
    const player = this.#player;
    if (player === undefined) return;
    if (player.paused) player.play();
    else player.pause();
    this.#tick();
  }

  toggleMuted(): void {
    const player = this.#player;
    if (player === undefined) return;
    player.muted = !player.muted;
    this.#tick();
  }

  /** Of live there is only one. */
  setSpeed(speed: number): void {
    this.#speed.value = speed;
    if (this.#player !== undefined) this.#player.speed = speed;
  }

  /** One picture forth (1) or back (-1); live only stops. */
  step(direction: 1 | -1): void {
    const player = this.#player;
    if (player === undefined) return;
    void player.step(direction).then(() => this.#tick());
  }

  /** So many milliseconds forth or back of where the picture is. */
  jump(byMs: number): void {
    this.goTo(this.headMs.value + byMs);
  }

  mark(marked: Marked): void {
    this.#marked.value = marked;
  }

  markIn(): void {
    this.mark({ ...this.#marked.value, fromMs: Math.round(this.headMs.value) });
  }

  markOut(): void {
    this.mark({ ...this.#marked.value, toMs: Math.round(this.headMs.value) });
  }

  #show(view: TimeSpan): void {
    this.#view.value = view;
    this.footage.look(view);
  }

  /** Looks where the player is, now and soon again. */
  #tick(): void {
    clearTimeout(this.#timer);
    batch(() => {
      this.#nowMs.value = gatewayNow();
      this.#readPlayer();
      if (this.#isFollowing && this.#scrubMs.value === undefined) {
        const view = showing(this.#view.value, this.headMs.value, this.#nowMs.value);
        if (view !== this.#view.value) this.#show(view);
      }
    });
    if (this.#player === undefined) return;
    const isFine =
      this.#goal.value !== undefined || (lengthOf(this.#view.value) < FINE_VIEW_MS && !this.#isPaused.value);
    this.#timer = setTimeout(() => this.#tick(), isFine ? FINE_TICK_MS : TICK_MS);
  }

  #readPlayer(): void {
    const player = this.#player;
    if (player === undefined) return;
    this.#isPaused.value = player.paused;
    this.#isMuted.value = player.muted;
    this.#speed.value = player.speed;
    const isLive = player.startTime === '';
    this.#isLive.value = isLive;
    if (isLive) {
      this.#shownMs.value = undefined;
      return;
    }
    const timeMs = player.time;
    if (timeMs !== undefined) this.#shownMs.value = timeMs;
    const goal = this.#goal.value;
    if (goal === undefined) return;
    const { video, state } = player;
    const hasPicture =
      timeMs !== undefined && !video.seeking && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    // Where nothing was recorded then, it goes on at what came next.
    const isThere = hasPicture && (Math.abs(timeMs - goal.timeMs) < NEAR_MS || timeMs > goal.timeMs);
    const isOver = state === 'failed' || state === 'ended' || Date.now() - goal.sinceMs > ARRIVE_TIMEOUT_MS;
    if (!isThere && !isOver) return;
    this.#goal.value = undefined;
    if (this.#scrubMs.value === undefined) this.preview.hide();
  }
}
