import type { RecordingTimeline } from '../../../../shared/recording.ts';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { element, setText } from '../../base/dom.ts';
import type { SluicePlayer } from '../../player/index.ts';
import {
  contains,
  localIso,
  neighbour,
  SPANS,
  type Span,
  type TimeWindow,
  windowAround,
} from '../camera/time-window.ts';
import { ExportPanel, type Marked } from './export-panel.ts';
import { keptText } from './format.ts';
import { RecordSwitch } from './record-switch.ts';
import { readTimeline, type StreamKey } from './recordings-api.ts';
import { Thumbnail } from './thumbnail.ts';
import { TimelineBar } from './timeline-bar.ts';

const HEAD_MS = 500;
const TIMELINE_MS = 10_000;
const [DAY] = SPANS as readonly [Span, ...Span[]];

/** The recorded past of an enlarged camera: what there is, going there and back to live, and taking a piece along. */
export class RecordingPanel {
  readonly root: HTMLElement;
  readonly #stream: StreamKey;
  readonly #player: SluicePlayer;
  readonly #switch: RecordSwitch;
  readonly #export: ExportPanel;
  readonly #kept = element('p', { class: 'quiet' });
  readonly #told = element('p', { class: 'told', attributes: { role: 'status' } });
  readonly #jump = element('input', {
    class: 'date-field',
    attributes: { type: 'datetime-local', step: '1', 'aria-label': 'Date and time', required: true },
  });
  readonly #live = element('button', { class: 'button live', text: 'Live', attributes: { type: 'button' } });
  readonly #spans: readonly HTMLButtonElement[];
  readonly #bar: TimelineBar;
  readonly #thumbnail: Thumbnail;
  #span: Span = DAY;
  #window: TimeWindow = windowAround(Date.now(), DAY);
  #timeline: RecordingTimeline | undefined;
  #trouble: string | undefined;
  #marked: Marked = { fromMs: undefined, toMs: undefined };
  #timers: readonly ReturnType<typeof setInterval>[] = [];
  #reads = 0;
  /** What the viewer looks at is left alone, even when the picture goes on beyond it. */
  #following = true;

  constructor(player: SluicePlayer, stream: StreamKey, onChanged: () => void) {
    this.#player = player;
    this.#stream = stream;
    this.#switch = new RecordSwitch(stream, onChanged);
    this.#thumbnail = new Thumbnail(stream);
    this.#bar = new TimelineBar({
      seek: (timeMs) => this.#goTo(timeMs),
      tell: (text) => this.#tell(text),
      point: (at) => {
        if (at === undefined) this.#thumbnail.leave();
        else this.#thumbnail.point(at.timeMs, at.share);
      },
    });
    this.#export = new ExportPanel({
      stream,
      timeNow: () => Math.round(this.#timeMs ?? Date.now()),
      onMarked: (marked) => {
        this.#marked = marked;
        this.#render();
      },
    });
    this.#live.addEventListener('click', () => this.#goLive());
    this.#spans = SPANS.map((span) => this.#spanButton(span));
    this.root = this.#build();
  }

  update(status: StreamStatus): void {
    this.#switch.update(status);
    setText(this.#kept, keptText(status.recorder));
  }

  set visible(visible: boolean) {
    this.root.hidden = !visible;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#export.visible = visible;
    if (!visible) {
      // The card in the grid shows live.
      this.#player.goLive();
      return;
    }
    this.#following = true;
    this.#window = windowAround(Date.now(), this.#span);
    this.#timers = [
      setInterval(() => this.#follow(), HEAD_MS),
      setInterval(() => void this.#read(), TIMELINE_MS),
    ];
    void this.#read();
  }

  /** Undefined while live is watched. */
  get #timeMs(): number | undefined {
    return this.#player.startTime === '' ? undefined : (this.#player.time ?? Number(this.#player.startTime));
  }

  #build(): HTMLElement {
    const go = element('button', { class: 'button', text: 'Go', attributes: { type: 'submit' } });
    const form = element('form', { class: 'jump', attributes: { novalidate: true } }, this.#jump, go);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const timeMs = new Date(this.#jump.value).getTime();
      if (!Number.isNaN(timeMs)) this.#goTo(timeMs, true);
    });
    return element(
      'section',
      { class: 'recording', attributes: { 'aria-label': 'Recording', hidden: true } },
      element('div', { class: 'recording-head' }, this.#switch.root, this.#kept),
      element(
        'div',
        { class: 'recording-tools' },
        this.#live,
        form,
        element(
          'div',
          { class: 'spans', attributes: { role: 'group', 'aria-label': 'Shown time' } },
          this.#moveButton('Earlier', '‹', -1),
          ...this.#spans,
          this.#moveButton('Later', '›', 1),
        ),
      ),
      element('div', { class: 'timeline-box' }, this.#bar.root, this.#thumbnail.root),
      this.#told,
      element(
        'details',
        { class: 'export-box' },
        element('summary', { text: 'Export a piece as MP4' }),
        this.#export.root,
      ),
    );
  }

  #spanButton(span: Span): HTMLButtonElement {
    const made = element('button', {
      class: 'button small',
      text: span.label,
      attributes: { type: 'button' },
    });
    made.addEventListener('click', () => {
      this.#span = span;
      this.#following = true;
      this.#look(windowAround(this.#timeMs ?? Math.min(Date.now(), this.#window.toMs), span));
    });
    return made;
  }

  #moveButton(label: string, sign: string, direction: -1 | 1): HTMLButtonElement {
    return element('button', {
      class: 'button small',
      text: sign,
      attributes: { type: 'button', title: label, 'aria-label': label },
      on: {
        click: () => {
          this.#following = false;
          this.#look(neighbour(this.#window, this.#span, direction));
        },
      },
    });
  }

  #look(window: TimeWindow): void {
    this.#window = window;
    this.#timeline = undefined;
    this.#render();
    void this.#read();
  }

  #goTo(timeMs: number, show = false): void {
    if (timeMs >= Date.now()) {
      this.#goLive();
      return;
    }
    this.#player.seek(timeMs);
    this.#following = true;
    if (show || !contains(this.#window, timeMs)) this.#look(windowAround(timeMs, this.#span));
    else this.#render();
  }

  #goLive(): void {
    this.#player.goLive();
    this.#following = true;
    if (!contains(this.#window, Date.now())) this.#look(windowAround(Date.now(), this.#span));
    else this.#render();
  }

  #follow(): void {
    const timeMs = this.#timeMs ?? Date.now();
    if (this.#following && !contains(this.#window, timeMs)) this.#look(windowAround(timeMs, this.#span));
    else this.#render();
  }

  async #read(): Promise<void> {
    this.#reads += 1;
    const read = this.#reads;
    const window = this.#window;
    const answer = await readTimeline(this.#stream, window);
    // A later one is under way, for what is looked at now.
    if (read !== this.#reads) return;
    if (answer.ok) this.#timeline = answer.value;
    this.#trouble = answer.ok ? undefined : answer.error.message;
    this.#render();
    this.#tell(undefined);
  }

  #tell(text: string | undefined): void {
    const empty = this.#timeline !== undefined && this.#timeline.ranges.length === 0;
    const rest = this.#trouble ?? (empty ? 'Nothing was recorded in this time.' : '');
    setText(this.#told, text ?? rest);
  }

  #render(): void {
    const timeMs = this.#timeMs;
    this.#bar.render({
      window: this.#window,
      timeline: this.#timeline,
      timeMs: timeMs ?? Date.now(),
      marked: this.#marked,
    });
    this.#live.setAttribute('aria-pressed', String(timeMs === undefined));
    this.#spans.forEach((made, index) => {
      made.setAttribute('aria-pressed', String(SPANS[index] === this.#span));
    });
    if (document.activeElement !== this.#jump) this.#jump.value = localIso(timeMs ?? Date.now());
  }
}
