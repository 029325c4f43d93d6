import { backoffDelayMs } from '../base/backoff.ts';
import {
  type EngineOptions,
  NO_PICTURE,
  type PlaybackEngine,
  type Playhead,
  type StartEngine,
  type Wishes,
} from './playback-engine.ts';
import type { PlayerStats } from './stats.ts';

const RETRY = { firstMs: 1_000, maxMs: 15_000 };

/** An engine whose code is fetched when it is first needed. */
export class LazyEngine implements PlaybackEngine {
  readonly #options: EngineOptions;
  readonly #load: () => Promise<StartEngine>;
  #engine: PlaybackEngine | undefined;
  #rest: 'pause' | 'hold' | undefined;
  #wishes: Wishes;
  /** Asked for before there was anybody to do it. */
  #seekToMs: number | undefined;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  static starter(load: () => Promise<StartEngine>): StartEngine {
    return (options) => new LazyEngine(options, load);
  }

  private constructor(options: EngineOptions, load: () => Promise<StartEngine>) {
    this.#options = options;
    this.#wishes = options.wishes;
    this.#load = load;
    void this.#begin(0);
  }

  get playhead(): Playhead | undefined {
    return this.#engine?.playhead;
  }

  pause(): void {
    this.#rest = 'pause';
    this.#engine?.pause();
  }

  hold(): void {
    this.#rest = 'hold';
    this.#engine?.hold();
  }

  resume(): void {
    this.#rest = undefined;
    this.#engine?.resume();
  }

  tune(wishes: Wishes): void {
    this.#wishes = wishes;
    this.#engine?.tune(wishes);
  }

  seek(timeMs: number): void {
    this.#seekToMs = timeMs;
    this.#engine?.seek(timeMs);
  }

  async stats(): Promise<PlayerStats | undefined> {
    return this.#engine?.stats();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#engine === undefined) this.#options.events.onPicture(NO_PICTURE);
    else this.#engine.close();
  }

  async #begin(attempt: number): Promise<void> {
    try {
      const start = await this.#load();
      if (this.#closed) return;
      this.#engine = start({ ...this.#options, wishes: this.#wishes });
      if (this.#rest !== undefined) this.#engine[this.#rest]();
      if (this.#seekToMs !== undefined) this.#engine.seek(this.#seekToMs);
    } catch {
      if (this.#closed) return;
      const message = 'The HLS player could not be loaded from the server; if this lasts, reload the page.';
      this.#options.events.onStatus({ kind: 'connecting', reason: { code: 'PLAYER_NOT_LOADED', message } });
      this.#timer = setTimeout(() => void this.#begin(attempt + 1), backoffDelayMs(attempt, RETRY));
    }
  }
}
