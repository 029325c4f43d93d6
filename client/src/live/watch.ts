import type { StreamId } from '../../../shared/names.ts';
import type { Quality } from '../../../shared/signaling.ts';
import type { StreamState } from '../../../shared/stream.ts';
import { backoffDelayMs } from '../base/backoff.ts';
import { type LiveError, type Reason, toLiveError } from './live-error.ts';
import type { MediaConsumer } from './media.ts';
import type { Congestion, Qualities, Session, SessionWatch, WatchWishes } from './session.ts';

/** Time between tries to start a watch that the server refused or ended. */
const RETRY = { firstMs: 500, maxMs: 10_000 };
/** A stream that was removed may be added again while a screen on the wall waits for it. */
const HOPELESS_RETRY_MS = 30_000;

export type WatchStatus =
  /** On the way to the server, for the first time or again. */
  | { readonly kind: 'connecting' }
  /** The server is gone; it is tried again by itself. */
  | { readonly kind: 'lost'; readonly error: LiveError }
  /** The server refused or ended the watch; it is started again by itself. */
  | { readonly kind: 'refused'; readonly error: LiveError }
  /** The server does its part; `state` is the camera's. */
  | {
      readonly kind: 'started';
      readonly state: StreamState;
      readonly reason: Reason | undefined;
      /** Where the viewer's own link is too slow for the stream. */
      readonly congestion?: Congestion;
      readonly qualities: Qualities;
    };

export interface WatchListener {
  onStatus(status: WatchStatus): void;
  /** The tracks there are now; told before those that are missing in it go away. */
  onConsumers(consumers: readonly MediaConsumer[]): void;
}

/**
 * Somebody's wish to see a stream. It outlives sessions: in each new one it is started again, paused or not as
 * the viewer left it.
 */
export class Watch {
  readonly stream: StreamId;
  readonly #listener: WatchListener;
  readonly #onStop: () => void;
  #session: Session | undefined;
  #current: SessionWatch | undefined;
  #consumers: readonly MediaConsumer[] = [];
  #paused = false;
  #wishes: WatchWishes;
  #attempt = 0;
  /** Counts starts, so that what an older one still says is not heeded. */
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(stream: StreamId, wishes: WatchWishes, listener: WatchListener, onStop: () => void) {
    this.stream = stream;
    this.#wishes = wishes;
    this.#listener = listener;
    this.#onStop = onStop;
  }

  get consumers(): readonly MediaConsumer[] {
    return this.#consumers;
  }

  /** A new session is there. */
  begin(session: Session): void {
    this.#session = session;
    this.#attempt = 0;
    this.restart();
  }

  /** The session is gone. */
  lost(error: LiveError): void {
    this.#session = undefined;
    this.#drop();
    this.#listener.onStatus({ kind: 'lost', error });
  }

  /** The next try to reach the server begins. */
  dialling(): void {
    this.#listener.onStatus({ kind: 'connecting' });
  }

  /** Stops and starts the watch within its session: new consumers, a new decoder, a new key frame. */
  restart(): void {
    this.#drop();
    if (this.#session === undefined || this.#stopped) return;
    this.#listener.onStatus({ kind: 'connecting' });
    void this.#start(this.#session, this.#generation);
  }

  pause(): void {
    this.#setPaused(true);
  }

  resume(): void {
    this.#setPaused(false);
  }

  tune(wishes: WatchWishes): void {
    if (isSame(wishes, this.#wishes)) return;
    this.#wishes = wishes;
    if (this.#current !== undefined) this.#tell(this.#current.tune(wishes));
  }

  /** Idempotent; the listener hears of its tracks going, then nothing more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#drop();
    this.#session = undefined;
    this.#onStop();
  }

  async #start(session: Session, generation: number): Promise<void> {
    const isCurrent = (): boolean => generation === this.#generation;
    let told: { state: StreamState; reason: Reason | undefined } | undefined;
    let congestion: Congestion | undefined;
    let given: Quality | undefined;
    let offered: readonly Quality[] = ['main'];
    const asked = this.#wishes;
    const tell = (state: StreamState, reason: Reason | undefined): void =>
      this.#listener.onStatus({
        ...{ kind: 'started', state, reason },
        qualities: { offered, given: given ?? 'main' },
        ...(congestion === undefined ? {} : { congestion }),
      });
    const retell = (): void => {
      const { state, reason } = told ?? this.#current ?? { state: 'live', reason: undefined };
      if (this.#current !== undefined) tell(state, reason);
    };
    try {
      const watch = await session.startWatch(this.stream, asked, {
        onStreamState: (state, reason) => {
          if (!isCurrent()) return;
          told = { state, reason };
          if (this.#current !== undefined) tell(state, reason);
        },
        onCongested: (now) => {
          if (!isCurrent()) return;
          congestion = now;
          retell();
        },
        onGiven: (quality) => {
          if (!isCurrent()) return;
          given = quality;
          retell();
        },
        onConsumer: (consumer) => {
          if (!isCurrent()) return;
          this.#setConsumers([...this.#consumers, consumer]);
          // One that comes later is paused, as all are until their track is attached.
          if (this.#current !== undefined && !this.#paused) this.#tell(this.#current.resume());
        },
        onConsumerGone: (id) => {
          if (isCurrent()) this.#setConsumers(this.#consumers.filter((consumer) => consumer.id !== id));
        },
        onClosed: (error) => {
          if (isCurrent()) this.#refused(error);
        },
      });
      if (!isCurrent()) {
        watch.stop();
        return;
      }
      this.#current = watch;
      this.#attempt = 0;
      offered = watch.qualities.offered;
      given ??= watch.qualities.given;
      if (!isSame(asked, this.#wishes)) this.#tell(watch.tune(this.#wishes));
      const { state, reason } = told ?? watch;
      tell(state, reason);
      if (!this.#paused) this.#tell(watch.resume());
    } catch (error) {
      if (isCurrent()) this.#refused(toLiveError(error));
    }
  }

  #refused(error: LiveError): void {
    this.#drop();
    // Where the whole session broke, its owner says so and brings the next one.
    if (this.#session === undefined) return;
    this.#listener.onStatus({ kind: 'refused', error });
    const delayMs = error.retryable ? backoffDelayMs(this.#attempt, RETRY) : HOPELESS_RETRY_MS;
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.restart(), delayMs);
  }

  #setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    if (this.#current === undefined) return;
    this.#tell(paused ? this.#current.pause() : this.#current.resume());
  }

  /** A request whose failure means that the watch is no longer what we think it is. */
  #tell(request: Promise<void>): void {
    const generation = this.#generation;
    request.catch((error: unknown) => {
      if (generation === this.#generation) this.#refused(toLiveError(error));
    });
  }

  #drop(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
    this.#setConsumers([]);
    this.#current?.stop();
    this.#current = undefined;
  }

  #setConsumers(consumers: readonly MediaConsumer[]): void {
    if (consumers.length === 0 && this.#consumers.length === 0) return;
    this.#consumers = consumers;
    this.#listener.onConsumers(consumers);
  }
}

function isSame(one: WatchWishes, other: WatchWishes): boolean {
  return one.quality === other.quality && one.sound === other.sound;
}
