import { element, icon, setIcon, setText } from '../base/dom.ts';
import { ICONS } from './icons.ts';
import { clockText } from './play-times.ts';
import type { Playhead } from './playback-engine.ts';
import { noteText, overlayText, type StateAndReason } from './player-state.ts';
import { SeekBar } from './seek-bar.ts';
import { PLAYER_CSS } from './styles.ts';

/** What the viewer asks for by button, key or double click. */
export interface ViewActions {
  togglePlay(): void;
  toggleMuted(): void;
  toggleFullscreen(): void;
  toggleFloating(): void;
  unmute(): void;
  /** Unix milliseconds. */
  seek(timeMs: number): void;
  goLive(): void;
}

export interface ViewModel {
  readonly shown: StateAndReason;
  readonly controls: boolean;
  readonly muted: boolean;
  /** The browser allowed playback without sound only; a click is needed to hear anything. */
  readonly soundBlocked: boolean;
  readonly fullscreen: boolean;
  readonly label: string;
  /** A recorded time is played. */
  readonly recorded: boolean;
}

const ACTIVE_AFTER_TOUCH_MS = 3_000;
/** What an arrow key goes back or forth. */
const STEP_MS = 10_000;
let sheet: CSSStyleSheet | undefined;

/** The DOM of a player: video, the kept picture, overlay and controls. It decides nothing. */
export class PlayerView {
  readonly video = element('video', { attributes: { playsinline: true, disableremoteplayback: true } });
  readonly #still = element('canvas', {
    class: 'still',
    attributes: { 'aria-hidden': 'true', hidden: true },
  });
  readonly #spinner = element('div', { class: 'spinner' });
  readonly #markIcon = icon(ICONS.noCamera);
  readonly #title = element('div', { class: 'title' });
  readonly #detail = element('div', { class: 'detail' });
  readonly #mark = element('div', { class: 'mark' }, this.#spinner, this.#markIcon);
  readonly #overlay = element(
    'div',
    { class: 'overlay', attributes: { role: 'status', hidden: true } },
    this.#mark,
    this.#title,
    this.#detail,
  );
  readonly #note = element('div', { class: 'note', attributes: { role: 'status', hidden: true } });
  readonly #start: HTMLButtonElement;
  readonly #startIcon = icon(ICONS.play);
  readonly #unmute: HTMLButtonElement;
  readonly #play: IconButton;
  readonly #sound: IconButton;
  readonly #fullscreen: IconButton;
  readonly #badge = element('span', { class: 'badge', text: 'LIVE' });
  readonly #live: HTMLButtonElement;
  readonly #bar: SeekBar;
  readonly #steps: readonly IconButton[];
  #timeMs: number | undefined;
  readonly #controls: HTMLElement;
  readonly #frame: HTMLElement;
  #activeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(root: ShadowRoot, actions: ViewActions) {
    this.#start = element('button', {
      class: 'start',
      attributes: { type: 'button', 'aria-label': 'Play' },
      on: { click: () => actions.togglePlay() },
    });
    this.#start.append(this.#startIcon);
    this.#unmute = element(
      'button',
      { class: 'unmute', attributes: { type: 'button' }, on: { click: () => actions.unmute() } },
      icon(ICONS.muted),
      'Turn on sound',
    );
    this.#play = iconButton('Pause', ICONS.pause, () => actions.togglePlay());
    this.#sound = iconButton('Mute', ICONS.sound, () => actions.toggleMuted());
    this.#live = element('button', {
      class: 'live-button',
      text: 'Back to live',
      attributes: { type: 'button' },
      on: { click: () => actions.goLive() },
    });
    this.#bar = new SeekBar((timeMs) => actions.seek(timeMs));
    this.#steps = [
      iconButton('Back 10 seconds', ICONS.back, () => this.#step(actions, -STEP_MS)),
      iconButton('Forward 10 seconds', ICONS.forward, () => this.#step(actions, STEP_MS)),
    ];
    this.#fullscreen = iconButton('Full screen', ICONS.enterFullscreen, () => actions.toggleFullscreen());
    const floating = iconButton('Floating window', ICONS.floating, () => actions.toggleFloating());
    floating.button.hidden = !document.pictureInPictureEnabled;
    this.#controls = element(
      'div',
      { class: 'controls', attributes: { part: 'controls' } },
      this.#bar.root,
      this.#play.button,
      ...this.#steps.map(({ button }) => button),
      this.#sound.button,
      this.#badge,
      this.#live,
      floating.button,
      this.#fullscreen.button,
    );
    this.#frame = element(
      'div',
      { class: 'frame', attributes: { part: 'frame', role: 'group', tabindex: '0' } },
      this.video,
      this.#still,
      this.#overlay,
      this.#note,
      this.#start,
      this.#unmute,
      this.#controls,
    );
    this.#listen(actions);
    sheet ??= madeSheet();
    root.adoptedStyleSheets = [sheet];
    root.append(this.#frame);
  }

  render(model: ViewModel): void {
    const { shown, controls, muted, soundBlocked, fullscreen, recorded } = model;
    const { state } = shown;
    this.#frame.setAttribute('aria-label', model.label);
    this.#renderOverlay(shown);
    this.#renderNote(shown);
    // A player that is off screen pauses by itself and needs no button to go on.
    const stopped =
      state === 'idle' || state === 'ended' || (state === 'paused' && shown.reason === undefined);
    this.#start.hidden = !stopped;
    this.#start.setAttribute('aria-label', state === 'ended' ? 'Play again' : 'Play');
    setIcon(this.#startIcon, state === 'ended' ? ICONS.again : ICONS.play);
    this.#start.classList.toggle('again', state === 'ended');
    this.#unmute.hidden = !soundBlocked || stopped;
    this.#controls.hidden = !controls;
    this.#play.set(stopped ? 'Play' : 'Pause', stopped ? ICONS.play : ICONS.pause);
    this.#sound.set(muted ? 'Unmute' : 'Mute', muted ? ICONS.muted : ICONS.sound);
    this.#fullscreen.set(
      fullscreen ? 'Leave full screen' : 'Full screen',
      fullscreen ? ICONS.leaveFullscreen : ICONS.enterFullscreen,
    );
    this.#frame.classList.toggle('recorded', recorded);
    this.#bar.root.hidden = !recorded;
    this.#live.hidden = !recorded;
    for (const { button } of this.#steps) button.hidden = !recorded;
    this.#badge.classList.toggle('live', state === 'playing' && !recorded);
    if (recorded) this.#renderTime();
    else setText(this.#badge, state === 'playing' ? 'LIVE' : state.toUpperCase());
  }

  /** Where the picture is, as often as that changes. */
  renderPlayhead(playhead: Playhead | undefined): void {
    this.#timeMs = playhead?.timeMs;
    this.#bar.render(playhead);
    if (!this.#live.hidden) this.#renderTime();
  }

  #renderTime(): void {
    setText(this.#badge, this.#timeMs === undefined ? '' : clockText(this.#timeMs));
  }

  #step(actions: ViewActions, byMs: number): void {
    if (this.#timeMs !== undefined) actions.seek(this.#timeMs + byMs);
  }

  /** Keeps the picture that is on the screen now, because its track is about to go: ended tracks are black. */
  keepPicture(): void {
    const { video } = this;
    if (video.videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#still.width = video.videoWidth;
    this.#still.height = video.videoHeight;
    this.#still.getContext('2d')?.drawImage(video, 0, 0);
    this.#still.hidden = false;
  }

  get keepsPicture(): boolean {
    return !this.#still.hidden;
  }

  /** The video shows something newer. */
  dropPicture(): void {
    this.#still.hidden = true;
    // Gives the memory back.
    this.#still.width = 0;
    this.#still.height = 0;
  }

  #renderOverlay(shown: StateAndReason): void {
    const text = overlayText(shown);
    this.#overlay.hidden = text === undefined;
    if (text === undefined) return;
    const busy = shown.state === 'connecting' || shown.state === 'reconnecting';
    this.#spinner.hidden = !busy;
    this.#markIcon.toggleAttribute('hidden', busy);
    setIcon(this.#markIcon, shown.state === 'failed' ? ICONS.alert : ICONS.noCamera);
    setText(this.#title, text.title);
    setText(this.#detail, text.detail);
    const hasPicture = this.keepsPicture || this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    this.#overlay.classList.toggle('over-picture', hasPicture);
  }

  #renderNote(shown: StateAndReason): void {
    const note = noteText(shown);
    this.#note.hidden = note === undefined;
    setText(this.#note, note?.text ?? '');
    this.#note.title = note?.detail ?? '';
  }

  #keyAction(event: KeyboardEvent, actions: ViewActions): (() => void) | undefined {
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    switch (event.key) {
      case ' ':
        // On a button the space bar presses that button.
        return event.target instanceof HTMLButtonElement ? undefined : () => actions.togglePlay();
      case 'm':
      case 'M':
        return () => actions.toggleMuted();
      case 'f':
      case 'F':
        return () => actions.toggleFullscreen();
      case 'ArrowLeft':
        return this.#timeMs === undefined ? undefined : () => this.#step(actions, -STEP_MS);
      case 'ArrowRight':
        return this.#timeMs === undefined ? undefined : () => this.#step(actions, STEP_MS);
      default:
        return undefined;
    }
  }

  #listen(actions: ViewActions): void {
    this.#frame.addEventListener('keydown', (event) => {
      const action = this.#keyAction(event, actions);
      if (action === undefined) return;
      event.preventDefault();
      action();
    });
    this.#frame.addEventListener('dblclick', (event) => {
      if (event.target === this.video || event.target === this.#still) actions.toggleFullscreen();
    });
    this.#frame.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse') return;
      this.#frame.classList.add('active');
      clearTimeout(this.#activeTimer);
      this.#activeTimer = setTimeout(() => this.#frame.classList.remove('active'), ACTIVE_AFTER_TOUCH_MS);
    });
  }
}

interface IconButton {
  readonly button: HTMLButtonElement;
  set(label: string, path: string): void;
}

function iconButton(label: string, path: string, onClick: () => void): IconButton {
  const button = element('button', { attributes: { type: 'button' }, on: { click: onClick } });
  const picture = icon(path);
  button.append(picture);
  const set = (text: string, shape: string): void => {
    if (button.title !== text) {
      button.title = text;
      button.setAttribute('aria-label', text);
    }
    setIcon(picture, shape);
  };
  set(label, path);
  return { button, set };
}

function madeSheet(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(PLAYER_CSS);
  return made;
}
