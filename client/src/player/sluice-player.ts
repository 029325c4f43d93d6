import { parseStreamId, type StreamId } from '../../../shared/names.ts';
import type { Qualities, Reason } from '../live/index.ts';
import { runCommand } from './commands.ts';
import { engineFor } from './engines.ts';
import { ErrorTeller } from './error-teller.ts';
import { FlashWords } from './flash-words.ts';
import { FrameStepper } from './frame-stepper.ts';
import { widthOf } from './known-width.ts';
import type { PlaybackEngine, Playhead, Wishes } from './playback-engine.ts';
import {
  askedTimeOf,
  isRecorded,
  PlayerAttributes,
  PROPERTIES,
  SOURCE_ATTRIBUTES,
  streamNameOf,
  TIME_ATTRIBUTES,
  TUNING_ATTRIBUTES,
  targetOf,
} from './player-attributes.ts';
import {
  HOLD,
  type HoldCause,
  type SeekableRange,
  type StateChangeDetail,
  type TimeChangeDetail,
} from './player-events.ts';
import {
  type EngineStatus,
  NOT_THEN,
  type PlayerState,
  playerState,
  type StateAndReason,
} from './player-state.ts';
import { showPoster } from './poster.ts';
import { SizeQuality } from './quality.ts';
import { RewindWindow } from './rewind-window.ts';
import { Screen } from './screen.ts';
import { serverBase } from './server-base.ts';
import { SkipGoal } from './skip-goal.ts';
import { NoPictureError, saveFile, takeSnapshot } from './snapshot.ts';
import type { PlayerStats } from './stats.ts';
import { StatsPoll } from './stats-poll.ts';
import { Surface } from './surface.ts';
import { takeUpProperties } from './take-up.ts';
import { languageAt, translator } from './texts.ts';
import { VideoStart } from './video-start.ts';
import type { ViewModel } from './view/model.ts';
import { PlayerView } from './view/player-view.tsx';
import { watchVisibility } from './visibility.ts';

const CONNECTING: EngineStatus = { kind: 'connecting', reason: undefined };
/** Who skips on to there is live: nothing later is recorded yet. */
const LIVE_EDGE_MS = 3_000;
const ONLY_MAIN: Qualities = { offered: ['main'], given: 'main' };

/**
 * `<sluice-player src="/live/front-door">`: video of one stream of a Sluice gateway, live as low in latency as the
 * browser can, or of a recorded time. It finds its way back by itself whatever was gone.
 *
 * Attributes: `src` (`/app/name`), `server` (the gateway's URL; that of this script by default), `token`, `muted`,
 * `autoplay`, `controls`, `bare` (the picture alone), `mode` (`auto`, `webrtc`, `hls`), `quality` (`main`, `sub`, `auto`), `poster` (an address, or
 * `auto`), `stats`, `start-time`, `end-time`, `speed`. Events: `statechange` ({@link StateChangeDetail}), `timechange`
 * ({@link TimeChangeDetail}) and `error` (`{code, message}`). None of them bubbles.
 */
export class SluicePlayer extends PlayerAttributes {
  readonly #surface = new Surface();
  readonly #view: PlayerView;
  readonly #screen: Screen;
  readonly #stepper = new FrameStepper(this.#surface.video);
  readonly #size = new SizeQuality(this, () => this.#tune());
  readonly #start = new VideoStart(this.#surface.video, () => this.#render());
  readonly #rewind = new RewindWindow();
  readonly #skips = new SkipGoal();
  readonly #flash = new FlashWords(() => this.#render());
  readonly #stats = new StatsPoll(
    () => this.stats,
    () => this.#render(),
  );
  readonly #errors = new ErrorTeller((reason) => {
    this.dispatchEvent(new CustomEvent('error', { detail: { ...reason } }));
  });
  #engine: PlaybackEngine | undefined;
  #status: EngineStatus = CONNECTING;
  #wanted = false;
  #hidden = false;
  #hasPicture = false;
  #everPlayed = false;
  /** It played, or was about to, before. */
  #everWanted = false;
  /** Sound that nobody hears is not asked for; once it was, turning it off and on is to be quick. */
  #soundWanted = false;
  /** A group of players waits for its clock. */
  #held: HoldCause | undefined;
  #qualities = ONLY_MAIN;
  #shown: StateAndReason = { state: 'idle', reason: undefined };
  #toldTime: TimeChangeDetail | undefined;
  #help = false;
  #unwatch: (() => void) | undefined;
  #dropPoster: (() => void) | undefined;
  #updatePlanned = false;
  #viewPlanned = false;

  constructor() {
    super();
    const { video } = this.#surface;
    const ways = {
      skip: (byMs: number) => this.#skip(byMs),
      toggleHelp: () => {
        this.#help = !this.#help;
        this.#render();
      },
    };
    this.#view = new PlayerView(this.attachShadow({ mode: 'open', delegatesFocus: true }), this.#surface, {
      do: (command) => runCommand(command, this, ways),
      unmute: () => this.#setMuted(false),
      seek: (timeMs) => this.seek(timeMs),
      setSpeed: (speed) => {
        this.speed = speed;
      },
      setQuality: (choice) => {
        this.quality = choice;
      },
      tryAgain: () => this.#tryAgain(),
      approached: () => void this.#learnRewind(),
    });
    this.#screen = new Screen(this.#surface, () => this.#onPicture());
    video.addEventListener('volumechange', () => this.#render());
    for (const type of ['timeupdate', 'seeking', 'seeked', 'progress']) {
      video.addEventListener(type, () => this.#onTime());
    }
    video.addEventListener('leavepictureinpicture', () => this.#applyRest());
    this.addEventListener('fullscreenchange', () => this.#render());
  }

  get muted(): boolean {
    return this.video.muted;
  }
  set muted(value: boolean) {
    this.#setMuted(value);
  }

  /** The element that shows the picture. */
  get video(): HTMLVideoElement {
    return this.#surface.video;
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

  /** The times that can be sought without loading anew, or from live; undefined where none are known. */
  get seekable(): SeekableRange | undefined {
    const playhead = this.#seekPlayhead();
    if (playhead === undefined) return undefined;
    return { startMs: playhead.timeAt(0), endMs: playhead.timeAt(playhead.lengthS) };
  }

  /** The camera's pictures that may be asked for: `main`, and `sub` where it has a second stream. */
  get qualities(): readonly string[] {
    return this.#qualities.offered;
  }

  /** The figures of this moment; undefined while nothing is set up. Set, it is the attribute: frameworks do so. */
  get stats(): Promise<PlayerStats | undefined> {
    return this.#engine?.stats() ?? Promise.resolve(undefined);
  }
  set stats(shown: boolean) {
    this.toggleAttribute('stats', Boolean(shown));
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
    this.video.pause();
    this.#applyRest();
    this.#render();
  }

  /**
   * Plays what was recorded at that time, in Unix milliseconds; where nothing was, what came next. Within the times
   * of `start-time` and `end-time` it moves to it, else, as from live, it sets `start-time`.
   */
  seek(timeMs: number): void {
    const asked = askedTimeOf(this);
    if (asked.kind === 'recorded' && this.#engine !== undefined) {
      const hasEnded = this.#status.kind === 'ended';
      this.#engine.seek(timeMs);
      if (hasEnded) this.play();
      this.#onTime();
    } else {
      this.removeAttribute('end-time');
      this.startTime = Math.round(timeMs);
    }
  }

  /** Leaves the recorded time. */
  goLive(): void {
    this.#skips.forget();
    this.removeAttribute('start-time');
    this.removeAttribute('end-time');
    this.removeAttribute('speed');
    if (this.#everWanted) this.play();
  }

  /** Stops a recorded time, and shows the next frame or, with -1, the one before. Resolves when it is shown. */
  async step(by: 1 | -1 = 1): Promise<void> {
    if (!isRecorded(this)) {
      this.pause();
      return;
    }
    if (this.#wanted) this.pause();
    // Between key frames there are none to step to.
    if (this.speed > 1) this.speed = 1;
    await this.#stepper.step(by);
  }

  /** The picture on the screen, in its full size, as a JPEG whose name tells stream and time. Rejects where there is none. */
  snapshot(): Promise<File> {
    return takeSnapshot(this.#surface, streamNameOf(this), this.time ?? Date.now());
  }

  /** Has the browser save {@link snapshot} as a file, and tells the viewer. */
  async saveSnapshot(): Promise<void> {
    const t = translator(languageAt(this));
    try {
      const file = await this.snapshot();
      saveFile(file);
      this.#flash.say(t('snapshotSaved', { name: file.name }));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#flash.say(error instanceof NoPictureError ? t('noPicture') : t('notSaved', { message }));
    }
  }

  /** Shows or hides the figures over the picture, as the attribute `stats` does. */
  toggleStats(): void {
    this.toggleAttribute('stats');
  }

  /** For groups of players: the picture stands still until the group's clock gets there. */
  [HOLD](cause: HoldCause | undefined): void {
    if (this.#held === cause) return;
    this.#held = cause;
    if (cause === undefined) {
      if (this.#wanted) void this.#playVideo();
    } else this.video.pause();
    this.#render();
  }

  connectedCallback(): void {
    takeUpProperties(this, PROPERTIES);
    this.video.muted = this.video.muted || this.hasAttribute('muted');
    this.#unwatch ??= this.#watchSurroundings();
    this.#planUpdate();
    this.#stats.turn(this.isConnected && this.hasAttribute('stats'));
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
      this.#stats.turn(this.isConnected && this.hasAttribute('stats'));
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    // A page's own address with another `#...` is the same gateway.
    if (name === 'server' && before !== null && after !== null && serverBase(before) === serverBase(after))
      return;
    if (name === 'muted') this.#setMuted(after !== null);
    else if (name === 'stats') this.#stats.turn(this.isConnected && this.hasAttribute('stats'));
    else if (name === 'controls' || name === 'bare' || name === 'lang') this.#render();
    else if (TUNING_ATTRIBUTES.has(name)) this.#tune();
    else {
      if (SOURCE_ATTRIBUTES.has(name)) this.#closeEngine();
      // Another time of the same stream need not begin with a black screen.
      if (SOURCE_ATTRIBUTES.has(name) && !TIME_ATTRIBUTES.has(name)) {
        this.#screen.clear();
        this.#rewind.forget();
        this.#skips.forget();
      }
      if (TIME_ATTRIBUTES.has(name) && this.#everWanted) this.#wanted = true;
      this.#planUpdate();
    }
  }

  #watchSurroundings(): () => void {
    const unwatchVisibility = watchVisibility(this, (visible) => {
      this.#hidden = !visible;
      this.#applyRest();
    });
    const language = new MutationObserver(() => this.#render());
    language.observe(document.documentElement, { attributeFilter: ['lang'] });
    this.#size.watch();
    return () => {
      unwatchVisibility();
      language.disconnect();
      this.#size.unwatch();
      this.#flash.clear();
    };
  }

  get #wishes(): Wishes {
    const { quality } = this;
    return {
      quality: quality === 'auto' ? this.#size.quality : quality,
      sound: this.#soundWanted,
      speed: this.speed,
    };
  }

  #tune(): void {
    this.#engine?.tune(this.#wishes);
    this.#render();
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
      else this.#showPoster();
    });
  }

  #ensureEngine(): void {
    if (this.#engine !== undefined || !this.isConnected) return;
    const stream = this.#streamId();
    if (stream === undefined) return;
    const asked = askedTimeOf(this);
    if (asked.kind === 'bad') {
      this.#setStatus({ kind: 'failed', reason: { code: 'BAD_TIME', message: asked.message } });
      return;
    }
    const range = asked.kind === 'recorded' ? asked.range : undefined;
    this.#soundWanted ||= !this.muted;
    this.#showPoster();
    if (range !== undefined) this.#stepper.watch();
    const start = engineFor(this.getAttribute('mode'), range !== undefined);
    this.#engine = start({
      target: targetOf(this),
      stream,
      range,
      wishes: this.#wishes,
      events: {
        onStatus: (status) => this.#setStatus(status),
        onPicture: (picture) => {
          this.#hasPicture &&= picture.kind !== 'none';
          if (this.#screen.show(picture) && this.#wanted) void this.#playVideo();
        },
        onProgress: () => {
          this.#onTime();
          if (!this.#hasPicture && this.#status.kind === 'live') this.#screen.pictureArrived();
          if (this.#wanted && this.video.paused) void this.#playVideo();
        },
        onQualities: (qualities) => {
          this.#qualities = qualities;
          this.#render();
        },
        onSpeed: (speed) => {
          this.speed = speed;
        },
      },
    });
  }

  /** Also for a player that was not asked to play yet. */
  #showPoster(): void {
    this.#render();
    const { poster } = this;
    if (poster === '' || this.#surface.hasPicture || this.#dropPoster !== undefined) return;
    const stream = parseStreamId(streamNameOf(this))?.id;
    const asked = askedTimeOf(this);
    if (stream === undefined || asked.kind === 'bad') return;
    const atMs = asked.kind === 'recorded' ? asked.range.startMs : undefined;
    const widthPx = widthOf(this) * Math.min(2, devicePixelRatio);
    this.#dropPoster = showPoster(
      { target: targetOf(this), stream, poster, atMs, widthPx },
      this.#surface,
      () => this.#render(),
    );
  }

  #streamId(): StreamId | undefined {
    if (this.src === '') return undefined;
    const parsed = parseStreamId(streamNameOf(this));
    if (parsed === undefined) {
      const message = `"${this.src}" names no stream; expected something like /live/front-door.`;
      this.#setStatus({ kind: 'failed', reason: { code: 'BAD_REQUEST', message } });
    }
    return parsed?.id;
  }

  #closeEngine(): void {
    this.#dropPoster?.();
    this.#dropPoster = undefined;
    this.#stepper.unwatch();
    this.#engine?.close();
    this.#engine = undefined;
    this.#status = CONNECTING;
    this.#hasPicture = false;
    this.#everPlayed = false;
    this.#qualities = ONLY_MAIN;
    this.#held = undefined;
    this.#stats.forget();
    this.#render();
  }

  #tryAgain(): void {
    this.#closeEngine();
    this.play();
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
    this.#errors.look(status);
  }

  #onPicture(): void {
    this.#dropPoster?.();
    this.#dropPoster = undefined;
    if (this.#status.kind !== 'live') return;
    this.#hasPicture = true;
    this.#everPlayed = true;
    this.#render();
  }

  /** Asks for media only while somebody can see or hear them. */
  #applyRest(): void {
    const floating = document.pictureInPictureElement === this || this.video.matches(':picture-in-picture');
    const audible = !this.muted && this.#screen.hasAudio;
    const unseen = this.#hidden && !audible && !floating;
    if (unseen) this.#engine?.pause();
    else if (!this.#wanted) this.#engine?.hold();
    else {
      this.#engine?.resume();
      // What is recorded stands still while nobody looks.
      if (this.video.paused) void this.#playVideo();
    }
    this.#render();
  }

  async #playVideo(): Promise<void> {
    if (!this.#screen.isFilled || this.#held !== undefined) return;
    if ((await this.#start.play()) === 'refused') this.pause();
  }

  #setMuted(muted: boolean): void {
    this.video.muted = muted;
    if (!muted) {
      this.#start.soundAllowed();
      if (!this.#soundWanted) {
        this.#soundWanted = true;
        this.#tune();
      }
    }
    if (!muted && this.#wanted) void this.#playVideo();
    this.#applyRest();
  }

  async #skip(byMs: number): Promise<void> {
    if (!isRecorded(this)) {
      if (byMs > 0) return;
      await this.#learnRewind();
      if (this.#rewind.playhead(Date.now()) === undefined) {
        this.#flash.say(translator(languageAt(this))('nothingRecorded'));
        return;
      }
    }
    // Meanwhile another key may have left live.
    const shownMs = this.time ?? (isRecorded(this) ? undefined : Date.now());
    const toMs = this.#skips.next(byMs, shownMs, performance.now());
    if (toMs === undefined) return;
    if (byMs > 0 && !this.hasAttribute('end-time') && toMs > Date.now() - LIVE_EDGE_MS) this.goLive();
    else this.seek(toMs);
  }

  /** Learns what there is to go back to, before the viewer asks for it. */
  async #learnRewind(): Promise<void> {
    const stream = isRecorded(this) ? undefined : parseStreamId(streamNameOf(this))?.id;
    if (stream === undefined || this.#engine === undefined) return;
    await this.#rewind.ask(targetOf(this), stream);
    this.#render();
  }

  #seekPlayhead(): Playhead | undefined {
    if (isRecorded(this)) return this.#engine?.playhead;
    return this.#engine === undefined ? undefined : this.#rewind.playhead(Date.now());
  }

  #onTime(): void {
    const before = this.#toldTime;
    const now = { timeMs: this.time, live: !isRecorded(this) };
    if (isRecorded(this)) this.#render();
    if (before?.timeMs === now.timeMs && before?.live === now.live) return;
    this.#toldTime = now;
    this.dispatchEvent(new CustomEvent<TimeChangeDetail>('timechange', { detail: now }));
  }

  #state(): StateAndReason {
    const hidden = this.#hidden && (this.muted || !this.#screen.hasAudio);
    const shown = playerState({
      // Nothing is on its way to a player out of the page, or without a stream.
      wanted: this.#wanted && this.isConnected && this.src !== '',
      hidden,
      status: this.#status,
      hasPicture: this.#hasPicture,
      everPlayed: this.#everPlayed,
    });
    if (this.#held !== 'not recorded' || shown.state !== 'playing') return shown;
    return {
      state: 'waiting',
      reason: { code: NOT_THEN, message: 'Nothing of this camera was recorded at this time.' },
    };
  }

  #render(): void {
    const shown = this.#state();
    const before = this.#shown;
    this.#shown = shown;
    this.#planView();
    const same =
      before.state === shown.state &&
      before.reason?.code === shown.reason?.code &&
      before.reason?.message === shown.reason?.message;
    if (!same) this.dispatchEvent(new CustomEvent<StateChangeDetail>('statechange', { detail: shown }));
  }

  /** Much happens at once, and is shown together. */
  #planView(): void {
    if (this.#viewPlanned) return;
    this.#viewPlanned = true;
    queueMicrotask(() => {
      this.#viewPlanned = false;
      this.#view.render(this.#model());
    });
  }

  #model(): ViewModel {
    return {
      shown: this.#shown,
      bare: this.hasAttribute('bare'),
      language: languageAt(this),
      stream: streamNameOf(this),
      controls: this.controls,
      muted: this.muted,
      soundBlocked: this.#start.soundBlocked && this.muted,
      fullscreen: document.fullscreenElement === this,
      hasPicture: this.#surface.hasPicture,
      recorded: isRecorded(this),
      playhead: this.#seekPlayhead(),
      speed: this.speed,
      quality: this.quality,
      qualities: this.#qualities,
      stats: this.hasAttribute('stats') ? (this.#stats.latest ?? 'none yet') : undefined,
      help: this.#help,
      flash: this.#flash.text,
    };
  }
}
