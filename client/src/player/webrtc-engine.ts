import type { Quality } from '../../../shared/signaling.ts';
import {
  connectionTo,
  type MediaConsumer,
  type Reason,
  type Watch,
  type WatchStatus,
} from '../live/index.ts';
import {
  type EngineEvents,
  type EngineOptions,
  NO_PICTURE,
  type PlaybackEngine,
  type Wishes,
} from './playback-engine.ts';
import { type EngineStatus, engineStatusOf } from './player-state.ts';
import { lostShare, type PlayerStats, playerStats, type StatsSample, sampleStats } from './stats.ts';
import { Watchdog } from './watchdog.ts';

const TICK_MS = 1_000;
/** Tracks come, and ICE finds a path over UDP or TCP, within a second or two, or not at all. */
const PATIENCE_TICKS = 5;
/** Who loses more than this has a link that is too slow, not a stuck player: the server sees it too, and sends less. */
const LOSING_SHARE = 0.1;
const NO_VIDEO: Reason = {
  code: 'NO_COMMON_CODEC',
  message: "This browser cannot take the camera's video over WebRTC; it may lack H.264 there.",
};
const NO_PATH: Reason = {
  code: 'NO_MEDIA_PATH',
  message:
    'No media have come over UDP or TCP yet. A firewall or a wrong announced address is the usual cause.',
};

/** Plays over WebRTC, on the connection that all players of the page share. */
export class WebRtcEngine implements PlaybackEngine {
  readonly #events: EngineEvents;
  readonly #watch: Watch;
  readonly #watchdog = new Watchdog();
  readonly #ticker: ReturnType<typeof setInterval>;
  #status: EngineStatus = { kind: 'connecting', reason: undefined };
  #lastReason: Reason | undefined;
  #samples: readonly StatsSample[] = [];
  /** What seems to be in the way, and for how many ticks. */
  #obstacle: { readonly reason: Reason; readonly ticks: number } | undefined;
  #given: Quality | undefined;
  #paused = false;
  #closed = false;

  static start(options: EngineOptions): PlaybackEngine {
    return new WebRtcEngine(options);
  }

  private constructor({ target, stream, wishes, events }: EngineOptions) {
    this.#events = events;
    this.#watch = connectionTo(target).watch(
      stream,
      { quality: wishes.quality, sound: wishes.sound },
      {
        onStatus: (status) => this.#onWatchStatus(status),
        onConsumers: (consumers) =>
          events.onPicture(
            consumers.length === 0
              ? NO_PICTURE
              : { kind: 'tracks', tracks: consumers.map(({ track }) => track) },
          ),
      },
    );
    this.#ticker = setInterval(() => void this.#tick(), TICK_MS);
  }

  /** It is always now. */
  get playhead(): undefined {
    return undefined;
  }

  seek(): void {
    // There is no other time to go to.
  }

  tune({ quality, sound }: Wishes): void {
    this.#watch.tune({ quality, sound });
  }

  hold(): void {
    this.pause();
  }

  pause(): void {
    this.#paused = true;
    this.#watch.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#watch.resume();
  }

  async stats(): Promise<PlayerStats> {
    const sample = await this.#sample(this.#watch.consumers);
    // The older of the two kept samples is at least a second old: a rate over less would only jitter.
    const before = this.#samples.find(({ atMs }) => sample.atMs - atMs > TICK_MS / 2);
    return { ...playerStats(sample, before), quality: this.#given };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#watch.stop();
  }

  #onWatchStatus(status: WatchStatus): void {
    if (status.kind === 'lost' || status.kind === 'refused') this.#lastReason = status.error.reason;
    if (status.kind === 'started') {
      this.#lastReason = undefined;
      this.#given = status.qualities.given;
      if (!this.#closed) this.#events.onQualities?.(status.qualities);
    }
    this.#setStatus(engineStatusOf(status, this.#lastReason));
  }

  #setStatus(status: EngineStatus): void {
    this.#status = status;
    if (!this.#closed) this.#events.onStatus(status);
  }

  async #tick(): Promise<void> {
    const { consumers } = this.#watch;
    const sample = await this.#sample(consumers);
    if (this.#closed || consumers !== this.#watch.consumers) return;
    const isLosing = lostShare(sample, this.#samples[0]) > LOSING_SHARE;
    this.#samples = [sample, ...this.#samples].slice(0, 2);
    const expected = !this.#paused && this.#status.kind === 'live';
    this.#mind(expected ? obstacleOf(consumers, sample) : undefined);
    switch (this.#watchdog.tick(sample.atMs, sample.framesDecoded, expected && !isLosing)) {
      case 'progress':
        this.#events.onProgress();
        return;
      case 'stalled':
        this.#lastReason = { code: 'NO_PICTURE', message: 'No picture is arriving.' };
        this.#watch.restart();
        return;
      case 'quiet':
      case 'resting':
        return;
    }
  }

  /** Says early what the connection itself finds out late or never: that no picture can come this way. */
  #mind(reason: Reason | undefined): void {
    const before = this.#obstacle;
    const ticks = before !== undefined && before.reason === reason ? before.ticks + 1 : 1;
    this.#obstacle = reason === undefined ? undefined : { reason, ticks };
    if (reason !== undefined && ticks === PATIENCE_TICKS) {
      this.#events.onStatus({ kind: 'connecting', reason });
    } else if (reason === undefined && before !== undefined && before.ticks >= PATIENCE_TICKS) {
      this.#events.onStatus(this.#status);
    }
  }

  async #sample(consumers: readonly MediaConsumer[]): Promise<StatsSample> {
    const reports = await Promise.all(
      consumers.map((consumer) =>
        // A consumer that was closed meanwhile has nothing more to say.
        consumer.getStats().then(
          (report) => report as unknown as ReadonlyMap<string, unknown>,
          () => new Map<string, unknown>(),
        ),
      ),
    );
    return sampleStats(reports, performance.now());
  }
}

function obstacleOf(consumers: readonly MediaConsumer[], sample: StatsSample): Reason | undefined {
  if (consumers.length === 0) return undefined;
  if (sample.transport === undefined) return NO_PATH;
  // The gateway offers only what the browser said it can take; sound alone is no picture.
  return consumers.some(({ kind }) => kind === 'video') ? undefined : NO_VIDEO;
}
