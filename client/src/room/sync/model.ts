import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import { parseStreamId, type StreamId } from '../../../../shared/names.ts';
import type { SluicePlayer } from '../../player/index.ts';
import { showing, viewAround, zoomed } from '../camera/timeline/scale.ts';
import type { TimeModel } from '../camera/timeline/time-model.ts';
import type { TimeSpan } from '../recordings/api.ts';
import { SPEEDS } from '../recordings/speeds.ts';
import { gatewayNow, readGatewayClock } from '../store/clock.ts';
import { streamOf } from '../store/streams.ts';
import { loadGroup, type MakeGroup, type PlayerGroup } from './group.ts';
import { LanesReader } from './lanes-reader.ts';

/** More pictures than that few machines decode at once. */
export const MAX_CAMERAS = 16;
const FIRST_VIEW_MS = 30 * 60_000;
/** Where nobody said where to begin: there is surely something recorded of it. */
const FIRST_BACK_MS = 60_000;
/** Nearer to now than that there is nothing recorded yet. */
const LIVE_EDGE_MS = 5_000;
const TICK_MS = 100;

/** Where to begin, and whom to tell where one is. Times are Unix milliseconds. */
export interface SyncStart {
  readonly streams: readonly StreamId[];
  readonly timeMs: number | undefined;
  /** For the address; undefined is live. */
  onPlace(streams: readonly StreamId[], timeMs: number | undefined): void;
}

/** Several cameras on one clock; the page's parts read it and act on it. */
export class SyncModel implements TimeModel {
  readonly lanes: LanesReader;
  readonly #onPlace: SyncStart['onPlace'];
  readonly #chosen = signal<readonly StreamId[]>([]);
  readonly #view = signal<TimeSpan>({ fromMs: 0, toMs: 1 });
  readonly #nowMs = signal(gatewayNow());
  readonly #timeMs = signal(0);
  readonly #scrubMs = signal<number | undefined>(undefined);
  readonly #isLive = signal(false);
  readonly #isPaused = signal(false);
  readonly #speed = signal(1);
  readonly #heard = signal<StreamId | undefined>(undefined);
  readonly #isBroken = signal(false);
  readonly #players = new Map<StreamId, SluicePlayer>();
  readonly #timer: ReturnType<typeof setInterval>;
  #makeGroup: MakeGroup | undefined;
  #group: PlayerGroup | undefined;
  #isPlanned = false;
  #isClosed = false;
  /** Somebody said where in time. */
  #isPlaced: boolean;
  /** What the viewer looks at is left alone, even when the picture goes on beyond it. */
  #isFollowing = true;

  /** Of the pictures, or where they are being dragged to. */
  readonly headMs: ReadonlySignal<number> = computed(
    () => this.#scrubMs.value ?? (this.#isLive.value ? this.#nowMs.value : this.#timeMs.value),
  );

  /** The same to the second, for what is read out: it changes no oftener. */
  readonly headSecondMs: ReadonlySignal<number> = computed(() => Math.floor(this.headMs.value / 1000) * 1000);

  constructor({ streams, timeMs, onPlace }: SyncStart) {
    this.#onPlace = onPlace;
    this.lanes = new LanesReader(() => this.#nowMs.peek());
    const nowMs = this.#nowMs.peek();
    this.#isPlaced = timeMs !== undefined;
    this.#timeMs.value = Math.min(timeMs ?? nowMs - FIRST_BACK_MS, nowMs);
    this.#view.value = viewAround(this.#timeMs.peek(), FIRST_VIEW_MS, nowMs);
    this.lanes.look(this.#view.peek());
    this.choose(streams);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    void readGatewayClock();
    loadGroup().then(
      (makeGroup) => {
        this.#makeGroup = makeGroup;
        this.#planGroup();
      },
      () => {
        this.#isBroken.value = true;
      },
    );
  }

  get chosen(): ReadonlySignal<readonly StreamId[]> {
    return this.#chosen;
  }
  get view(): ReadonlySignal<TimeSpan> {
    return this.#view;
  }
  get nowMs(): ReadonlySignal<number> {
    return this.#nowMs;
  }
  get isLive(): ReadonlySignal<boolean> {
    return this.#isLive;
  }
  get isPaused(): ReadonlySignal<boolean> {
    return this.#isPaused;
  }
  get speed(): ReadonlySignal<number> {
    return this.#speed;
  }
  /** The one camera whose sound is on. */
  get heard(): ReadonlySignal<StreamId | undefined> {
    return this.#heard;
  }
  /** There is no player to be had. */
  get isBroken(): ReadonlySignal<boolean> {
    return this.#isBroken;
  }

  /** `newestMs`: of what is kept of one that was removed, which no list of streams tells. */
  choose(streams: readonly StreamId[], newestMs?: number): void {
    const chosen = [...new Set(streams)].slice(0, MAX_CAMERAS);
    this.#chosen.value = chosen;
    this.lanes.choose(chosen);
    if (this.#heard.peek() !== undefined && !chosen.includes(this.#heard.peek() ?? '/')) {
      this.#heard.value = undefined;
    }
    if (!this.#isPlaced && chosen.length > 0) this.#placeAtNewest(newestMs);
    this.#tellPlace();
  }

  /** The player of a camera is there, or, undefined, gone. */
  attach(stream: StreamId, player: SluicePlayer | undefined): void {
    if (player === undefined) this.#players.delete(stream);
    else this.#players.set(stream, player);
    this.#planGroup();
  }

  hear(stream: StreamId | undefined): void {
    this.#heard.value = stream;
  }

  look(view: TimeSpan): void {
    this.#isFollowing = false;
    this.#show(view);
  }

  zoom(factor: number): void {
    const view = this.#view.peek();
    const headMs = this.headMs.peek();
    const isSeen = headMs >= view.fromMs && headMs <= view.toMs;
    this.look(zoomed(view, factor, isSeen ? headMs : (view.fromMs + view.toMs) / 2, this.#nowMs.peek()));
    this.#isFollowing = isSeen;
  }

  /** That much time, around the pictures. */
  span(ms: number): void {
    this.#isFollowing = true;
    this.#show(viewAround(this.headMs.peek(), ms, this.#nowMs.peek()));
  }

  scrub(timeMs: number): void {
    this.#scrubMs.value = Math.min(timeMs, this.#nowMs.peek());
  }

  cancel(): void {
    this.#scrubMs.value = undefined;
  }

  drop(timeMs: number): void {
    this.#scrubMs.value = undefined;
    this.goTo(timeMs);
  }

  /** Shows what all cameras recorded then; where that is as good as now, live. */
  goTo(timeMs: number): void {
    if (timeMs >= this.#nowMs.peek() - LIVE_EDGE_MS) {
      this.goLive();
      return;
    }
    const at = Math.max(0, Math.round(timeMs));
    this.#isPlaced = true;
    batch(() => {
      this.#isFollowing = true;
      this.#isLive.value = false;
      this.#timeMs.value = at;
      this.#show(showing(this.#view.peek(), at, this.#nowMs.peek()));
    });
    if (this.#group === undefined) this.#planGroup();
    else this.#group.seek(at);
    this.#tellPlace();
  }

  jump(byMs: number): void {
    this.goTo(this.headMs.peek() + byMs);
  }

  goLive(): void {
    batch(() => {
      this.#isFollowing = true;
      this.#isLive.value = true;
      this.#isPaused.value = false;
      this.#speed.value = 1;
      this.#scrubMs.value = undefined;
      this.#show(showing(this.#view.peek(), this.#nowMs.peek(), this.#nowMs.peek()));
    });
    this.#planGroup();
    this.#tellPlace();
  }

  togglePlay(): void {
    const isPaused = !this.#isPaused.peek();
    this.#isPaused.value = isPaused;
    if (this.#isLive.peek()) {
      // Live does not wait: who stops it is from then on in the past.
      if (isPaused) this.goTo(this.#nowMs.peek() - LIVE_EDGE_MS - 1_000);
      return;
    }
    if (isPaused) this.#group?.pause();
    else this.#group?.play();
  }

  /** One picture forth (1) or back (-1); live stops first. */
  step(by: 1 | -1): void {
    if (this.#isLive.peek()) {
      this.togglePlay();
      return;
    }
    this.#isPaused.value = true;
    this.#group?.step(by);
  }

  setSpeed(speed: number): void {
    if (this.#isLive.peek()) return;
    this.#speed.value = speed;
    if (this.#group !== undefined) this.#group.speed = speed;
  }

  /** The next faster (1) or slower (-1) one of those that are offered. */
  nudgeSpeed(by: 1 | -1): void {
    const now = this.#speed.peek();
    const next = by === 1 ? SPEEDS.find((one) => one > now) : SPEEDS.findLast((one) => one < now);
    if (next !== undefined) this.setSpeed(next);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.lanes.close();
    this.#group?.close();
    this.#group = undefined;
  }

  /** Where the last minute is that was recorded of any of them: they may all be away. */
  #placeAtNewest(newestMs: number | undefined): void {
    const nowMs = this.#nowMs.peek();
    const newest = this.#chosen.peek().flatMap((id) => newestOf(id) ?? []);
    if (newestMs !== undefined) newest.push(newestMs);
    const at = Math.min(nowMs, ...(newest.length === 0 ? [] : [Math.max(...newest)])) - FIRST_BACK_MS;
    this.#timeMs.value = at;
    this.#show(viewAround(at, FIRST_VIEW_MS, nowMs));
  }

  #show(view: TimeSpan): void {
    if (view === this.#view.peek()) return;
    this.#view.value = view;
    this.lanes.look(view);
  }

  #tellPlace(): void {
    this.#onPlace(this.#chosen.peek(), this.#isLive.peek() ? undefined : Math.round(this.#timeMs.peek()));
  }

  /** Players come and go one by one; the group is made when that has settled. */
  #planGroup(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (!this.#isClosed) this.#regroup();
    });
  }

  #regroup(): void {
    this.#group?.close();
    this.#group = undefined;
    const chosen = this.#chosen.peek();
    const players = chosen.flatMap((id) => this.#players.get(id) ?? []);
    if (players.length < chosen.length || players.length === 0) return;
    if (this.#isLive.peek()) {
      for (const player of players) {
        player.goLive();
        player.play();
      }
      return;
    }
    if (this.#makeGroup === undefined) return;
    const group = this.#makeGroup(players);
    this.#group = group;
    group.speed = this.#speed.peek();
    group.seek(this.#timeMs.peek());
    if (this.#isPaused.peek()) group.pause();
    else group.play();
  }

  /** Looks where the clock of the group is. */
  #tick(): void {
    batch(() => {
      this.#nowMs.value = gatewayNow();
      const timeMs = this.#isLive.peek() ? undefined : this.#group?.time;
      if (timeMs !== undefined) this.#timeMs.value = timeMs;
      if (this.#group?.state === 'ended') this.#isPaused.value = true;
      if (this.#isFollowing && this.#scrubMs.peek() === undefined && !this.#isPaused.peek()) {
        this.#show(showing(this.#view.peek(), this.headMs.peek(), this.#nowMs.peek()));
      }
    });
  }
}

function newestOf(id: StreamId): number | undefined {
  const parsed = parseStreamId(id);
  return parsed === undefined ? undefined : streamOf(parsed.app, parsed.name)?.recorder.newestMs;
}
