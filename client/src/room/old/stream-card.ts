import type { StreamStatus } from '../../../../shared/stream.ts';
import { element, icon, setText } from '../../base/dom.ts';
import type { SluicePlayer } from '../../player/index.ts';
import { displayName, factsLine, notesOf, STATE_NAMES, viewersText } from './format.ts';
import { RecordingPanel } from './recording-panel.ts';
import { ReportPanel } from './report-panel.ts';
import { StatsPanel } from './stats-panel.ts';

const ENLARGE = 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7';
const SHRINK = 'M6 6l12 12M18 6L6 18';
const PENCIL = 'M5 19l1-4L16 5l3 3L9 18l-4 1M14 7l3 3';
const BIN = 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 11v5M13.5 11v5';

export interface CardActions {
  enlarge(id: string): void;
  shrink(): void;
  edit(status: StreamStatus): void;
  remove(status: StreamStatus): void;
  /** The player sees something that the list does not tell yet. */
  changed(): void;
}

/** One stream in the grid. It is updated in place, so that its player never stops for a refresh. */
export class StreamCard {
  readonly id: string;
  readonly root: HTMLLIElement;
  readonly player: SluicePlayer;
  readonly #actions: CardActions;
  readonly #name = element('h2');
  readonly #state = element('span', { class: 'state' });
  readonly #facts = element('p', { class: 'facts' });
  readonly #why = element('p', { class: 'why', attributes: { hidden: true } });
  /** What is not as it could be, though it plays; for the one camera that is looked at. */
  readonly #notes = element('ul', { class: 'notes', attributes: { role: 'list' } });
  readonly #enlarge: HTMLButtonElement;
  readonly #shrink: HTMLButtonElement;
  readonly #edit: HTMLButtonElement;
  readonly #remove: HTMLButtonElement;
  readonly #stats: StatsPanel;
  readonly #report: ReportPanel;
  /** Made when the card is first enlarged: a page may have hundreds of them. */
  #recording: RecordingPanel | undefined;
  readonly #recordingPlace = element('div');
  readonly #recorder = element('span', { class: 'recorder', attributes: { hidden: true } });
  #status: StreamStatus;
  #large = false;

  constructor(status: StreamStatus, actions: CardActions) {
    this.id = `${status.app}/${status.name}`;
    this.#status = status;
    this.#actions = actions;
    this.player = document.createElement('sluice-player');
    this.player.src = `/${this.id}`;
    this.player.server = document.baseURI;
    this.player.toggleAttribute('muted', true);
    this.player.autoplay = true;
    this.player.addEventListener('statechange', () => actions.changed());
    this.#report = new ReportPanel(status);
    this.#stats = new StatsPanel(this.player, this.id, this.#report.root);
    this.#enlarge = iconButton(`Enlarge ${this.id}`, ENLARGE, () => actions.enlarge(this.id));
    this.#enlarge.classList.add('enlarge');
    this.#shrink = iconButton('Back to all cameras', SHRINK, () => actions.shrink());
    this.#shrink.classList.add('shrink');
    this.#edit = iconButton(`Change ${this.id}`, PENCIL, () => actions.edit(this.#status));
    this.#edit.classList.add('edit');
    this.#remove = iconButton(`Remove ${this.id}`, BIN, () => actions.remove(this.#status));
    this.root = this.#build();
    this.update(status);
  }

  update(status: StreamStatus): void {
    this.#status = status;
    setText(this.#name, displayName(status));
    this.#name.title = this.id;
    setText(this.#state, STATE_NAMES[status.state]);
    this.#state.dataset.state = status.state;
    const facts = [factsLine(status), viewersText(status.viewers)].filter((part) => part !== '');
    setText(this.#facts, facts.join(' · '));
    setText(this.#why, status.reason?.message ?? '');
    this.#why.hidden = status.reason === undefined;
    this.#showNotes();
    this.#edit.hidden = status.readOnly;
    this.#remove.hidden = status.readOnly;
    const { state, reason } = status.recorder;
    this.#recorder.hidden = state !== 'recording' && state !== 'waiting';
    this.#recorder.dataset.state = state;
    setText(this.#recorder, 'REC');
    this.#recorder.title = state === 'waiting' ? `Recording waits: ${reason?.message ?? ''}` : 'Recording';
    this.#recording?.update(status);
  }

  /** The gateway is away, so what it said last may no longer be true. */
  outOfReach(): void {
    setText(this.#state, 'Out of reach');
    this.#state.dataset.state = 'unknown';
    this.#why.hidden = true;
  }

  get large(): boolean {
    return this.#large;
  }

  set large(large: boolean) {
    if (this.#large === large) return;
    this.#large = large;
    this.root.classList.toggle('large', large);
    this.#enlarge.hidden = large;
    this.#shrink.hidden = !large;
    this.player.controls = large;
    // Sound is for the one camera that is looked at.
    if (!large) this.player.muted = true;
    this.#showNotes();
    this.#stats.visible = large;
    this.#report.visible = large;
    if (large) this.#recording ??= this.#makeRecording();
    if (this.#recording !== undefined) this.#recording.visible = large;
    (large ? this.#shrink : this.#enlarge).focus();
  }

  #showNotes(): void {
    const notes = this.#large ? notesOf(this.#status) : [];
    this.#notes.hidden = notes.length === 0;
    if (notes.join('\n') === [...this.#notes.children].map(({ textContent }) => textContent).join('\n'))
      return;
    this.#notes.replaceChildren(...notes.map((text) => element('li', { text })));
  }

  /** The card is gone from the page. */
  close(): void {
    this.#stats.visible = false;
    this.#report.visible = false;
    if (this.#recording !== undefined) this.#recording.visible = false;
    this.root.remove();
  }

  #makeRecording(): RecordingPanel {
    const { app, name } = this.#status;
    const panel = new RecordingPanel(this.player, { app, name }, () => this.#actions.changed());
    panel.update(this.#status);
    this.#recordingPlace.replaceWith(panel.root);
    return panel;
  }

  #build(): HTMLLIElement {
    this.#shrink.hidden = true;
    const picture = element('div', { class: 'picture' }, this.player, this.#enlarge);
    picture.addEventListener('click', (event) => {
      // The player's own buttons lie in its shadow; what was really hit is the first of the path.
      const hitButton = event.composedPath().some((node) => node instanceof HTMLButtonElement);
      if (!hitButton && !this.#large) this.#actions.enlarge(this.id);
    });
    return element(
      'li',
      { class: 'card' },
      picture,
      element(
        'div',
        { class: 'about' },
        element(
          'div',
          { class: 'line' },
          this.#name,
          this.#state,
          this.#recorder,
          this.#edit,
          this.#remove,
          this.#shrink,
        ),
        this.#facts,
        this.#why,
        this.#notes,
        this.#recordingPlace,
        this.#stats.root,
      ),
    );
  }
}

function iconButton(label: string, path: string, onClick: () => void): HTMLButtonElement {
  return element(
    'button',
    {
      class: 'icon-button',
      attributes: { type: 'button', title: label, 'aria-label': label },
      on: { click: onClick },
    },
    icon(path),
  );
}
