import { GAP_WORDS } from '../../../../shared/gap-words.ts';
import type { GapReason, RecordingTimeline } from '../../../../shared/recording.ts';
import { element } from '../../base/dom.ts';
import {
  contains,
  durationText,
  joined,
  localIso,
  shareOf,
  type TimeWindow,
  ticksOf,
  timeAtShare,
  timeOfDay,
} from '../camera/time-window.ts';

/** Nothing narrower is drawn, or could be told from its neighbours. */
const MIN_SHARE = 1 / 1000;
const MAX_GAPS = 60;
const PX_PER_TICK = 62;
/** A key that is held down leads to one seek, not to thirty. */
const KEY_SEEK_MS = 350;
const STEP_MS = 10_000;
/** What nobody expected to be recorded is left empty. */
const QUIET_REASONS: ReadonlySet<GapReason> = new Set(['RECORDING_OFF', 'EXPIRED']);

type Gap = RecordingTimeline['gaps'][number];

export interface BarActions {
  /** Unix milliseconds. */
  seek(timeMs: number): void;
  /** What is to be said about the time or the gap that is pointed at; undefined where none is. */
  tell(text: string | undefined): void;
  /** A time is pointed at, there along the bar (0 to 1); undefined where no longer. */
  point(at: { readonly timeMs: number; readonly share: number } | undefined): void;
}

export interface BarModel {
  readonly window: TimeWindow;
  readonly timeline: RecordingTimeline | undefined;
  /** Where the picture is. */
  readonly timeMs: number | undefined;
  /** The part that is marked for an export. */
  readonly marked: { readonly fromMs: number | undefined; readonly toMs: number | undefined };
}

/** What was recorded and what was not, along a stretch of time: to be pointed at, clicked, and moved along by keys. */
export class TimelineBar {
  readonly root: HTMLElement;
  readonly #track: HTMLElement;
  readonly #ranges = element('div', { class: 'ranges', attributes: { 'aria-hidden': 'true' } });
  readonly #gaps = element('div', { class: 'gaps', attributes: { role: 'group', 'aria-label': 'Gaps' } });
  readonly #marked = element('div', { class: 'marked', attributes: { hidden: true } });
  readonly #head = element('div', { class: 'head', attributes: { hidden: true } });
  readonly #pointer = element('div', { class: 'pointer', attributes: { hidden: true } });
  readonly #ticks = element('div', { class: 'ticks', attributes: { 'aria-hidden': 'true' } });
  readonly #actions: BarActions;
  #model: BarModel = {
    window: { fromMs: 0, toMs: 1 },
    timeline: undefined,
    timeMs: undefined,
    marked: { fromMs: undefined, toMs: undefined },
  };
  #drawn: { timeline: RecordingTimeline | undefined; window: TimeWindow; widthPx: number } | undefined;
  #keyTimer: ReturnType<typeof setTimeout> | undefined;
  #keyTimeMs: number | undefined;

  constructor(actions: BarActions) {
    this.#actions = actions;
    this.#track = element(
      'div',
      {
        class: 'track',
        attributes: {
          role: 'slider',
          tabindex: '0',
          'aria-label': 'Recorded time',
          'aria-orientation': 'horizontal',
        },
      },
      this.#ranges,
      this.#marked,
      this.#head,
      this.#pointer,
    );
    this.root = element('div', { class: 'timeline' }, this.#track, this.#gaps, this.#ticks);
    this.#listen();
  }

  render(model: BarModel): void {
    this.#model = model;
    const { window, timeline, timeMs, marked } = model;
    const widthPx = this.root.clientWidth;
    const drawn = this.#drawn;
    const same = drawn?.timeline === timeline && drawn?.window === window && drawn?.widthPx === widthPx;
    if (!same || drawn === undefined) {
      this.#drawn = { timeline, window, widthPx };
      this.#drawRanges();
      this.#drawGaps();
      this.#drawTicks(widthPx);
    }
    const headMs = this.#keyTimeMs ?? timeMs;
    this.#head.hidden = headMs === undefined || !contains(window, headMs);
    if (headMs !== undefined) place(this.#head, shareOf(headMs, window));
    const { fromMs, toMs } = marked;
    this.#marked.hidden = fromMs === undefined && toMs === undefined;
    const fromShare = shareOf(fromMs ?? toMs ?? 0, window);
    place(this.#marked, fromShare, Math.max(0, shareOf(toMs ?? fromMs ?? 0, window) - fromShare));
    this.#describe(headMs);
  }

  #describe(timeMs: number | undefined): void {
    const { window } = this.#model;
    this.#track.setAttribute('aria-valuemin', String(Math.round(window.fromMs / 1000)));
    this.#track.setAttribute('aria-valuemax', String(Math.round(window.toMs / 1000)));
    this.#track.setAttribute('aria-valuenow', String(Math.round((timeMs ?? window.toMs) / 1000)));
    const text = timeMs === undefined ? 'Live' : localIso(timeMs).replace('T', ' ');
    this.#track.setAttribute('aria-valuetext', text);
  }

  #drawRanges(): void {
    const { window, timeline } = this.#model;
    const lengthMs = window.toMs - window.fromMs;
    const pieces = joined(timeline?.ranges ?? [], lengthMs * MIN_SHARE).map(({ start, end }) => {
      const piece = element('div', { class: 'range' });
      const share = shareOf(start, window);
      place(piece, share, Math.max(MIN_SHARE, shareOf(end, window) - share));
      return piece;
    });
    this.#ranges.replaceChildren(...pieces);
  }

  #drawGaps(): void {
    const { window, timeline } = this.#model;
    // Not while somebody is on one of them.
    const focused = [...this.#gaps.children].indexOf(document.activeElement ?? this.root);
    const lengthMs = window.toMs - window.fromMs;
    const shown = (timeline?.gaps ?? [])
      .filter(({ start, end }) => end > window.fromMs && start < window.toMs)
      .filter(({ start, end }) => end - start >= lengthMs * MIN_SHARE)
      .sort((a, b) => b.end - b.start - (a.end - a.start))
      .slice(0, MAX_GAPS)
      .sort((a, b) => a.start - b.start);
    const buttons = shown.map((gap, index) => this.#gapButton(gap, index === Math.max(0, focused)));
    this.#gaps.replaceChildren(...buttons);
    if (focused >= 0) buttons[Math.min(focused, buttons.length - 1)]?.focus();
  }

  #gapButton(gap: Gap, reachable: boolean): HTMLButtonElement {
    const { window } = this.#model;
    const text = gapText(gap);
    const button = element('button', {
      class: QUIET_REASONS.has(gap.reason) ? 'gap quiet' : 'gap',
      attributes: { type: 'button', 'aria-label': text, tabindex: reachable ? '0' : '-1' },
      on: {
        focus: () => this.#actions.tell(text),
        blur: () => this.#actions.tell(undefined),
        pointerenter: () => this.#actions.tell(text),
        pointerleave: () => this.#actions.tell(undefined),
        click: () => this.#actions.seek(gap.end),
      },
    });
    const share = shareOf(gap.start, window);
    place(button, share, shareOf(gap.end, window) - share);
    return button;
  }

  #drawTicks(widthPx: number): void {
    const { window } = this.#model;
    const ticks = ticksOf(window, Math.max(2, Math.floor(widthPx / PX_PER_TICK)));
    this.#ticks.replaceChildren(
      ...ticks.map(({ timeMs, label }) => {
        const tick = element('span', { text: label });
        place(tick, shareOf(timeMs, window));
        return tick;
      }),
    );
  }

  #listen(): void {
    this.#track.addEventListener('pointermove', (event) => {
      const timeMs = this.#pointedMs(event);
      const share = shareOf(timeMs, this.#model.window);
      place(this.#pointer, share);
      this.#pointer.hidden = false;
      this.#actions.point({ timeMs, share });
      this.#actions.tell(localIso(timeMs).replace('T', ' '));
    });
    this.#track.addEventListener('pointerleave', () => {
      this.#pointer.hidden = true;
      this.#actions.point(undefined);
      this.#actions.tell(undefined);
    });
    this.#track.addEventListener('click', (event) => this.#actions.seek(this.#pointedMs(event)));
    this.#track.addEventListener('keydown', (event) => this.#onTrackKey(event));
    this.#gaps.addEventListener('keydown', (event) => this.#onGapKey(event));
  }

  #pointedMs(event: MouseEvent): number {
    const { left, width } = this.#track.getBoundingClientRect();
    return timeAtShare((event.clientX - left) / width, this.#model.window);
  }

  #onTrackKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { window, timeMs } = this.#model;
    const fromMs = this.#keyTimeMs ?? timeMs ?? Date.now();
    const page = (window.toMs - window.fromMs) / 10;
    const step = event.shiftKey ? 6 * STEP_MS : STEP_MS;
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: fromMs - step,
      ArrowDown: fromMs - step,
      ArrowRight: fromMs + step,
      ArrowUp: fromMs + step,
      PageDown: fromMs - page,
      PageUp: fromMs + page,
      Home: window.fromMs,
      End: window.toMs,
    };
    const target = Object.hasOwn(targets, event.key) ? targets[event.key] : undefined;
    if (target === undefined) return;
    event.preventDefault();
    this.#keyTimeMs = Math.round(Math.min(target, Date.now()));
    this.render(this.#model);
    clearTimeout(this.#keyTimer);
    this.#keyTimer = setTimeout(() => {
      const chosenMs = this.#keyTimeMs;
      this.#keyTimeMs = undefined;
      if (chosenMs !== undefined) this.#actions.seek(chosenMs);
    }, KEY_SEEK_MS);
  }

  /** One stop for the Tab key; arrows go from gap to gap. */
  #onGapKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0 || !(event.target instanceof HTMLButtonElement)) return;
    const buttons = [...this.#gaps.children].filter((child) => child instanceof HTMLButtonElement);
    const next = buttons[buttons.indexOf(event.target) + step];
    if (next === undefined) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  }
}

/** `Not recorded 14:05:09 to 14:07:10 (2 min 1 s): the camera could not be reached.` */
export function gapText({ start, end, reason }: Gap): string {
  const days = localIso(start).slice(0, 10) !== localIso(end).slice(0, 10);
  const [from, to] = days
    ? [localIso(start), localIso(end)].map((text) => text.replace('T', ' '))
    : [timeOfDay(start), timeOfDay(end)];
  return `Not recorded ${from} to ${to} (${durationText(end - start)}): ${GAP_WORDS[reason]}.`;
}

/** By the object model: the page's policy allows no style in markup. */
function place(part: HTMLElement, share: number, width?: number): void {
  part.style.setProperty('left', `${share * 100}%`);
  if (width !== undefined) part.style.setProperty('width', `${width * 100}%`);
}
