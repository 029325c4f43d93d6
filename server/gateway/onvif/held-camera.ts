import type { StreamId } from '../../../shared/names.ts';
import type { MediaProfile } from '../../../shared/onvif.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import {
  deviceError,
  type EventsState,
  type OnvifCamera,
  type OnvifNews,
  type OpenedCamera,
} from './ports.ts';
import type { PtzCamera } from './ptz-desk.ts';

/** What a camera may tell at once and in the long run: one that flaps must not fill a disk. */
const NEWS = { burst: 60, perSecond: 2 };

/** Where events go. */
export interface NewsDesk {
  report(stream: StreamId, news: OnvifNews): void;
  endAll(stream: StreamId): void;
}

export interface HeldCameraOptions {
  readonly opened: OpenedCamera;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: NewsDesk;
  /** It told more than it may. */
  onDropped(): void;
}

/** One ONVIF device and the streams that come from it: it is asked for its events as long as it has any. */
export class HeldCamera {
  readonly camera: OnvifCamera;
  /** What the PTZ desk steers, and knows the camera by. */
  readonly ptz: PtzCamera;
  readonly #options: HeldCameraOptions;
  readonly #news: TokenBucket;
  #streams: ReadonlySet<StreamId> = new Set();
  #profiles: readonly MediaProfile[] | undefined;
  #isReading = false;
  #listening: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  #lastEnded: Promise<void> | undefined;
  #eventsState: EventsState | undefined;

  constructor(options: HeldCameraOptions) {
    this.#options = options;
    const { camera } = options.opened;
    this.camera = camera;
    this.ptz = {
      do: (command) =>
        camera.ptz.do(command).catch((failure: unknown) => {
          throw deviceError(failure);
        }),
    };
    this.#news = new TokenBucket(options.clock, NEWS);
  }

  get isInUse(): boolean {
    return this.#streams.size > 0;
  }

  get isSubscribed(): boolean {
    return this.#eventsState === 'subscribed';
  }

  /** Whether it has a smaller stream beside the main one; known once it was asked. */
  get hasSub(): boolean {
    return this.#profiles?.some(({ usedAs }) => usedAs === 'sub') === true;
  }

  /** From now on it is the camera of these; of none, it is listened to no more. */
  serve(streams: ReadonlySet<StreamId>): void {
    for (const gone of this.#streams) if (!streams.has(gone)) this.#options.events.endAll(gone);
    this.#streams = streams;
    if (streams.size > 0) {
      this.#listening ??= this.#listen();
      return;
    }
    this.#listening?.stop.abort();
    this.#listening = undefined;
    this.#eventsState = undefined;
  }

  /** Listens anew at once, also where it waits for its next try. */
  askAnew(): void {
    if (this.#listening === undefined) return;
    this.#listening.stop.abort();
    this.#listening = this.#listen();
  }

  /** Never rejects. */
  async readProfiles(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      this.#profiles = await this.camera.profiles();
    } catch (failure) {
      this.#options.log.debug({ err: failure }, 'the profiles of a camera are not known');
    } finally {
      this.#isReading = false;
    }
  }

  /** Its subscription is given back, for which there is a little time. */
  async end(): Promise<void> {
    this.#listening?.stop.abort();
    await this.#listening?.ended;
    this.camera.close();
  }

  #listen(): { readonly stop: AbortController; readonly ended: Promise<void> } {
    const stop = new AbortController();
    const { opened, log } = this.#options;
    const listening: Parameters<OpenedCamera['listen']>[0] = {
      onEvent: (news) => this.#onNews(news),
      onStateChange: (state, message) => {
        if (stop.signal.aborted) return;
        this.#eventsState = state;
        // Also of a camera that is on demand: its tiles take the smaller stream. Not before it has let us in, for a password
        // that is wrong must not be tried often.
        if (state !== 'waiting' && this.#profiles === undefined) void this.readProfiles();
        if (state === 'waiting') log.debug({ message }, 'a camera tells no events just now');
      },
      signal: stop.signal,
    };
    // The ends that an earlier subscription still tells must not end what this one begins.
    const ended =
      this.#lastEnded === undefined
        ? opened.listen(listening)
        : this.#lastEnded.then(() => (stop.signal.aborted ? undefined : opened.listen(listening)));
    this.#lastEnded = ended;
    return { stop, ended };
  }

  #onNews(news: OnvifNews): void {
    // How things stand matters only where something is going on.
    if (news.isInitial && news.state !== 'start') return;
    // An end is always taken: else what was begun would go on for ever.
    if (news.state !== 'end' && !this.#news.take()) {
      this.#options.onDropped();
      return;
    }
    for (const stream of this.#streams) this.#options.events.report(stream, news);
  }
}
