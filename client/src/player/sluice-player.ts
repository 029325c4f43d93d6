import { parseStreamId, type StreamId } from '../../../shared/names.ts';
import type { Reason } from '../live/index.ts';
import { engineFor } from './engines.ts';
import { askedTime } from './play-times.ts';
import type { PlaybackEngine } from './playback-engine.ts';
import { type EngineStatus, type PlayerState, playerState, type StateAndReason } from './player-state.ts';
import { PlayerView } from './player-view.ts';
import { toggleFloating, toggleFullscreen } from './presentation.ts';
import { Screen } from './screen.ts';
import { defaultServer, serverBase } from './server-base.ts';
import type { PlayerStats } from './stats.ts';
import { watchVisibility } from './visibility.ts';

/** These say what is played; a change starts anew. */
const TIME_ATTRIBUTES = new Set(['start-time', 'end-time']);
const SOURCE_ATTRIBUTES = new Set(['src', 'server', 'token', 'mode', ...TIME_ATTRIBUTES]);

const CONNECTING: EngineStatus = { kind: 'connecting', reason: undefined };

/** `detail` of `statechange`. */
export interface StateChangeDetail extends StateAndReason {
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
}

/**
 * `<sluice-player src="/live/front-door">`: video of one stream of a Sluice gateway, live as low in latency as the
 * browser can, or of a recorded time. It finds its way back by itself whatever was gone.
 *
 * Attributes: `src` (`/app/name`), `server` (the gateway's URL; that of this script by default), `token`, `muted`,
 * `autoplay`, `controls`, `mode` (`auto`, `webrtc`, `hls`), `start-time`, `end-time`. Events: `statechange` ({@link StateChangeDetail}) and `error`
 * (`{code, message}`). Neither bubbles.
 */
export class SluicePlayer extends HTMLElement {
  static readonly observedAttributes = [...SOURCE_ATTRIBUTES, 'muted', 'autoplay', 'controls'];

  readonly #view: PlayerView;
  readonly #screen: Screen;
  #engine: PlaybackEngine | undefined;
  #status: EngineStatus = CONNECTING;
  #wanted = false;
  #hidden = false;
  #hasPicture = false;
  #everPlayed = false;
  /** It played, or was about to, before. */
  #everWanted = false;
  #soundBlocked = false;
  #shown: StateAndReason = { state: 'idle', reason: undefined };
  #lastError = '';
  #unwatch: (() => void) | undefined;
  #updatePlanned = false;

  constructor() {
    super();
    this.#view = new PlayerView(this.attachShadow({ mode: 'open', delegatesFocus: true }), {
      togglePlay: () => (this.paused ? this.play() : this.pause()),
      toggleMuted: () => this.#setMuted(!this.muted),
      toggleFullscreen: () => void toggleFullscreen(this, this.#view.video),
      toggleFloating: () => void toggleFloating(this.#view.video),
      unmute: () => this.#setMuted(false),
      seek: (timeMs) => this.seek(timeMs),
      goLive: () => this.goLive(),
    });
    this.#screen = new Screen(this.#view, () => this.#onPicture());
    this.#view.video.addEventListener('volumechange', () => this.#render());
    for (const type of ['timeupdate', 'seeking', 'progress']) {
      this.#view.video.addEventListener(type, () => this.#renderPlayhead());
    }
    this.#view.video.addEventListener('leavepictureinpicture', () => this.#applyRest());
    this.addEventListener('fullscreenchange', () => this.#render());
  }

  get src(): string {
    return this.getAttribute('src') ?? '';
  }
  set src(value: string) {
    this.setAttribute('src', value);
  }

  get server(): string {
    return this.getAttribute('server') ?? defaultServer();
  }
  set server(value: string) {
    this.setAttribute('server', value);
  }

  get token(): string {
    return this.getAttribute('token') ?? '';
  }
  set token(value: string) {
    this.setAttribute('token', value);
  }

  /** `auto` (WebRTC, and HLS where that fails), `webrtc` or `hls`. */
  get mode(): string {
    return this.getAttribute('mode') ?? 'auto';
  }
  set mode(value: string) {
    this.setAttribute('mode', value);
  }

  /** Where a recorded time begins: Unix milliseconds or an ISO 8601 date. Empty plays live. */
  get startTime(): string {
    return this.getAttribute('start-time') ?? '';
  }
  set startTime(value: string | number) {
    this.#setTime('start-time', value);
  }

  /** Where it ends; empty goes on, into live where it gets there. */
  get endTime(): string {
    return this.getAttribute('end-time') ?? '';
  }
  set endTime(value: string | number) {
    this.#setTime('end-time', value);
  }

  get autoplay(): boolean {
    return this.hasAttribute('autoplay');
  }
  set autoplay(value: boolean) {
    this.toggleAttribute('autoplay', value);
  }

  get controls(): boolean {
    return this.hasAttribute('controls');
  }
  set controls(value: boolean) {
    this.toggleAttribute('controls', value);
  }

  get muted(): boolean {
    return this.#view.video.muted;
  }
  set muted(value: boolean) {
    this.#setMuted(value);
  }

  /** The element that shows the picture, for snapshots and time. */
  get video(): HTMLVideoElement {
    return this.#view.video;
  }

  get state(): PlayerState {
    return this.#shown.state;
  }

  /** Why the state is what it is, where there is something to say. */
  get reason(): Reason | undefined {
    return this.#shown.reason;
  }

  /** Whether playback was not asked for, or was stopped by the viewer. */
  get paused(): boolean {
    return !this.#wanted;
  }

  /** Unix milliseconds of the picture on the screen, where that is known: over HLS, live or recorded. */
  get time(): number | undefined {
    return this.#engine?.playhead?.timeMs;
  }

  /** The figures of this moment; undefined while nothing is set up. */
  get stats(): Promise<PlayerStats | undefined> {
    return this.#engine?.stats() ?? Promise.resolve(undefined);
  }

  /** Plays, or goes on after `pause()`. What stands in the way is told by `statechange` and `error`. */
  play(): void {
    this.#wanted = true;
    this.#everWanted = true;
    this.#ensureEngine();
    this.#applyRest();
    void this.#playVideo();
    this.#render();
  }

  /** Stops the picture; what is set up stays, so that `play()` is quick. */
  pause(): void {
    this.#wanted = false;
    this.#view.video.pause();
    this.#applyRest();
    this.#render();
  }

  /**
   * Plays what was recorded at that time, in Unix milliseconds; where nothing was, what came next. Within the times
   * of `start-time` and `end-time` it moves to it, else, as from live, it sets `start-time`.
   */
  seek(timeMs: number): void {
    const asked = this.#askedTime();
    if (asked.kind === 'recorded' && this.#engine !== undefined) {
      this.#engine.seek(timeMs);
      if (this.#status.kind === 'ended') this.play();
      this.#renderPlayhead();
    } else {
      this.removeAttribute('end-time');
      this.startTime = timeMs;
    }
  }

  /** Leaves the recorded time. */
  goLive(): void {
    this.removeAttribute('start-time');
    this.removeAttribute('end-time');
  }

  connectedCallback(): void {
    this.#view.video.muted = this.#view.video.muted || this.hasAttribute('muted');
    this.#unwatch ??= watchVisibility(this, (visible) => {
      this.#hidden = !visible;
      this.#applyRest();
    });
    this.#planUpdate();
    this.#render();
  }

  disconnectedCallback(): void {
    // An element that is only moved within the page is back before this runs.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#unwatch?.();
      this.#unwatch = undefined;
      this.#closeEngine();
      this.#screen.clear();
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === 'muted') this.#setMuted(after !== null);
    else if (name === 'controls') this.#render();
    else {
      if (SOURCE_ATTRIBUTES.has(name)) this.#closeEngine();
      // Another time of the same stream need not begin with a black screen.
      if (SOURCE_ATTRIBUTES.has(name) && !TIME_ATTRIBUTES.has(name)) this.#screen.clear();
      if (TIME_ATTRIBUTES.has(name) && this.#everWanted) this.#wanted = true;
      this.#planUpdate();
    }
  }

  /** Several attributes are often set in a row; they take effect together. */
  #planUpdate(): void {
    if (this.#updatePlanned) return;
    this.#updatePlanned = true;
    queueMicrotask(() => {
      this.#updatePlanned = false;
      if (!this.isConnected) return;
      if (this.autoplay && !this.#everPlayed) this.#wanted = true;
      if (this.#wanted) this.play();
      else this.#render();
    });
  }

  #ensureEngine(): void {
    if (this.#engine !== undefined || !this.isConnected) return;
    const stream = this.#streamId();
    if (stream === undefined) return;
    const asked = this.#askedTime();
    if (asked.kind === 'bad') {
      this.#setStatus({ kind: 'failed', reason: { code: 'BAD_TIME', message: asked.message } });
      return;
    }
    const range = asked.kind === 'recorded' ? asked.range : undefined;
    const start = engineFor(this.getAttribute('mode'), range !== undefined);
    this.#engine = start({
      target: { server: serverBase(this.server), token: this.token === '' ? undefined : this.token },
      stream,
      range,
      events: {
        onStatus: (status) => this.#setStatus(status),
        onPicture: (picture) => {
          this.#hasPicture &&= picture.kind !== 'none';
          if (this.#screen.show(picture) && this.#wanted) void this.#playVideo();
        },
        onProgress: () => {
          this.#renderPlayhead();
          if (!this.#hasPicture && this.#status.kind === 'live') this.#screen.pictureArrived();
          if (this.#wanted && this.#view.video.paused) void this.#playVideo();
        },
      },
    });
  }

  #streamId(): StreamId | undefined {
    if (this.src === '') return undefined;
    const parsed = parseStreamId(this.src.replace(/^\//, ''));
    if (parsed === undefined) {
      const message = `"${this.src}" names no stream; expected something like /live/front-door.`;
      this.#setStatus({ kind: 'failed', reason: { code: 'BAD_REQUEST', message } });
    }
    return parsed?.id;
  }

  #closeEngine(): void {
    this.#engine?.close();
    this.#engine = undefined;
    this.#status = CONNECTING;
    this.#hasPicture = false;
    this.#everPlayed = false;
    this.#render();
  }

  #setStatus(status: EngineStatus): void {
    if (status.kind === 'live' && this.#status.kind !== 'live') {
      // The picture that is there is old; only a new one makes this live again.
      this.#hasPicture = false;
      this.#screen.awaitPicture();
    }
    if (status.kind !== 'live') this.#hasPicture = false;
    if (status.kind === 'ended') this.#wanted = false;
    this.#status = status;
    this.#render();
    this.#tellError(status);
  }

  /** Each trouble is told once, not at each of the tries that follow. */
  #tellError(status: EngineStatus): void {
    const reason = 'reason' in status ? status.reason : undefined;
    const told = reason === undefined || status.kind === 'waiting' ? '' : `${reason.code} ${reason.message}`;
    if (told === this.#lastError) return;
    if (told === '' && status.kind === 'connecting') return;
    this.#lastError = told;
    if (told !== '') this.dispatchEvent(new CustomEvent('error', { detail: { ...reason } }));
  }

  #onPicture(): void {
    if (this.#status.kind !== 'live') return;
    this.#hasPicture = true;
    this.#everPlayed = true;
    this.#render();
  }

  /** Asks for media only while somebody can see or hear them. */
  #applyRest(): void {
    const floating =
      document.pictureInPictureElement === this || this.#view.video.matches(':picture-in-picture');
    const audible = !this.muted && this.#screen.hasAudio;
    const rests = this.#hidden && !audible && !floating;
    if (this.#wanted && !rests) {
      this.#engine?.resume();
      // What is recorded stands still while nobody looks.
      if (this.#view.video.paused) void this.#playVideo();
    } else {
      this.#engine?.pause();
    }
    this.#render();
  }

  async #playVideo(): Promise<void> {
    const { video } = this.#view;
    if (!this.#screen.isFilled) return;
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      if (video.muted) {
        // Not even silent playback is allowed without a click, for example while saving power.
        this.pause();
        return;
      }
      this.#soundBlocked = true;
      video.muted = true;
      this.#render();
      await video.play().catch(() => this.pause());
    }
  }

  #setMuted(muted: boolean): void {
    this.#view.video.muted = muted;
    if (!muted) this.#soundBlocked = false;
    if (!muted && this.#wanted) void this.#playVideo();
    this.#applyRest();
  }

  #askedTime(): ReturnType<typeof askedTime> {
    return askedTime(this.getAttribute('start-time'), this.getAttribute('end-time'));
  }

  #setTime(name: string, value: string | number): void {
    if (value === '') this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }

  #renderPlayhead(): void {
    this.#view.renderPlayhead(this.#engine?.playhead);
  }

  #render(): void {
    const hidden = this.#hidden && (this.muted || !this.#screen.hasAudio);
    const shown = playerState({
      wanted: this.#wanted,
      hidden,
      status: this.#status,
      hasPicture: this.#hasPicture,
      everPlayed: this.#everPlayed,
    });
    const before = this.#shown;
    const recorded = this.hasAttribute('start-time');
    this.#shown = shown;
    this.#view.render({
      shown,
      controls: this.controls,
      muted: this.muted,
      soundBlocked: this.#soundBlocked && this.muted,
      fullscreen: document.fullscreenElement === this,
      label: `${recorded ? 'Recorded' : 'Live'} video ${this.src.replace(/^\//, '')}`,
      recorded,
    });
    const same =
      before.state === shown.state &&
      before.reason?.code === shown.reason?.code &&
      before.reason?.message === shown.reason?.message;
    if (!same) this.dispatchEvent(new CustomEvent<StateChangeDetail>('statechange', { detail: shown }));
  }
}
