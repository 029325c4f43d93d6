import { parseStreamId, type StreamId } from '../../../shared/names.ts';
import type { Reason } from '../live/index.ts';
import type { PlaybackEngine, StartEngine } from './playback-engine.ts';
import { type EngineStatus, type PlayerState, playerState, type StateAndReason } from './player-state.ts';
import { PlayerView } from './player-view.ts';
import { Screen } from './screen.ts';
import { defaultServer, serverBase } from './server-base.ts';
import type { PlayerStats } from './stats.ts';
import { watchVisibility } from './visibility.ts';
import { WebRtcEngine } from './webrtc-engine.ts';

/** The ways to play that `mode` can name; the first is the default. */
const ENGINES: ReadonlyMap<string, StartEngine> = new Map([['webrtc', WebRtcEngine.start]]);

/** These say what is played; a change starts anew. */
const SOURCE_ATTRIBUTES = new Set(['src', 'server', 'token', 'mode']);

const CONNECTING: EngineStatus = { kind: 'connecting', reason: undefined };

/** iPhones have full screen for video elements only, by a method of their own. */
function enterVideoFullscreen(video: HTMLVideoElement & { webkitEnterFullscreen?: () => void }): void {
  video.webkitEnterFullscreen?.();
}

/** `detail` of `statechange`. */
export interface StateChangeDetail extends StateAndReason {
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
}

/**
 * `<sluice-player src="/live/front-door">`: live video of one stream of a Sluice gateway, as low in latency as the
 * browser can, which finds its way back by itself whatever was gone.
 *
 * Attributes: `src` (`/app/name`), `server` (the gateway's URL; that of this script by default), `token`, `muted`,
 * `autoplay`, `controls`, `mode`. Events: `statechange` ({@link StateChangeDetail}) and `error`
 * (`{code, message}`). Neither bubbles.
 */
export class SluicePlayer extends HTMLElement {
  static readonly observedAttributes = ['src', 'server', 'token', 'mode', 'muted', 'autoplay', 'controls'];

  readonly #view: PlayerView;
  readonly #screen: Screen;
  #engine: PlaybackEngine | undefined;
  #status: EngineStatus = CONNECTING;
  #wanted = false;
  #hidden = false;
  #hasPicture = false;
  #everPlayed = false;
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
      toggleFullscreen: () => void this.#toggleFullscreen(),
      toggleFloating: () => void this.#toggleFloating(),
      unmute: () => this.#setMuted(false),
    });
    this.#screen = new Screen(this.#view, () => this.#onPicture());
    this.#view.video.addEventListener('volumechange', () => this.#render());
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

  /** The figures of this moment; undefined while nothing is set up. */
  get stats(): Promise<PlayerStats | undefined> {
    return this.#engine?.stats() ?? Promise.resolve(undefined);
  }

  /** Plays, or goes on after `pause()`. What stands in the way is told by `statechange` and `error`. */
  play(): void {
    this.#wanted = true;
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
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === 'muted') this.#setMuted(after !== null);
    else if (name === 'controls') this.#render();
    else {
      if (SOURCE_ATTRIBUTES.has(name)) this.#closeEngine();
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
    const start = ENGINES.get(this.getAttribute('mode') ?? 'webrtc') ?? WebRtcEngine.start;
    if (stream === undefined) return;
    this.#engine = start({
      target: { server: serverBase(this.server), token: this.token === '' ? undefined : this.token },
      stream,
      events: {
        onStatus: (status) => this.#setStatus(status),
        onTracks: (tracks) => {
          this.#hasPicture &&= tracks.length > 0;
          if (this.#screen.show(tracks) && this.#wanted) void this.#playVideo();
        },
        onProgress: () => {
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
    this.#screen.clear();
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
    this.#status = status;
    this.#render();
    this.#tellError(status);
  }

  /** Each trouble is told once, not at each of the tries that follow. */
  #tellError(status: EngineStatus): void {
    const reason = status.kind === 'live' ? undefined : status.reason;
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
    if (this.#wanted && !rests) this.#engine?.resume();
    else this.#engine?.pause();
    this.#render();
  }

  async #playVideo(): Promise<void> {
    const { video } = this.#view;
    if (video.srcObject === null) return;
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

  async #toggleFullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement !== null) await document.exitFullscreen();
      else if (document.fullscreenEnabled) await this.requestFullscreen();
      else enterVideoFullscreen(this.#view.video);
    } catch {
      // The page may not be allowed to; then there is nothing to do about it.
    }
  }

  async #toggleFloating(): Promise<void> {
    try {
      if (document.pictureInPictureElement !== null) await document.exitPictureInPicture();
      else await this.#view.video.requestPictureInPicture();
    } catch {
      // As above.
    }
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
    this.#shown = shown;
    this.#view.render({
      shown,
      controls: this.controls,
      muted: this.muted,
      soundBlocked: this.#soundBlocked && this.muted,
      fullscreen: document.fullscreenElement === this,
      label: `Live video ${this.src.replace(/^\//, '')}`,
    });
    const same =
      before.state === shown.state &&
      before.reason?.code === shown.reason?.code &&
      before.reason?.message === shown.reason?.message;
    if (!same) this.dispatchEvent(new CustomEvent<StateChangeDetail>('statechange', { detail: shown }));
  }
}
