import type { StreamStatus } from '../../../shared/stream.ts';
import { element, setText } from '../base/dom.ts';
import { addForm } from './add-form.ts';
import { type Failure, listStreams, logOut, readSession } from './api.ts';
import { editCamera } from './edit-dialog.ts';
import { tallyText } from './format.ts';
import { loginView } from './login-view.ts';
import { confirmRemoval } from './remove-dialog.ts';
import { StreamGrid } from './stream-grid.ts';

const POLL_MS = 5_000;
/** While the gateway is away it is asked more often, to be there when it comes back. */
const POLL_AWAY_MS = 2_000;
/** After a player changed its state, which is when the list has something new to tell. */
const POLL_SOON_MS = 600;

/** The places of `index.html` that the room fills. */
export interface RoomPlaces {
  readonly header: HTMLElement;
  readonly tally: HTMLElement;
  readonly tools: HTMLElement;
  readonly notice: HTMLElement;
  readonly main: HTMLElement;
}

type View = 'none' | 'login' | 'empty' | 'streams';

/** The control room: asks for the streams again and again, and shows what is to be shown for the answer. */
export class Room {
  readonly #places: RoomPlaces;
  readonly #grid: StreamGrid;
  readonly #add = element('button', {
    class: 'button primary',
    text: 'Add camera',
    attributes: { type: 'button' },
  });
  readonly #logOut = element('button', { class: 'button', text: 'Log out', attributes: { type: 'button' } });
  readonly #tip = element('p', {
    class: 'tip',
    text: 'This is a test picture. It makes room as soon as you add a camera of your own.',
    attributes: { hidden: true },
  });
  #view: View = 'none';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #polls = 0;

  constructor(places: RoomPlaces) {
    this.#places = places;
    const actions = {
      edit: (status: StreamStatus) => editCamera(status, () => void this.#poll()),
      remove: (status: StreamStatus) => confirmRemoval(status, () => void this.#poll()),
      changed: () => this.#pollIn(POLL_SOON_MS),
    };
    this.#grid = new StreamGrid(actions, [places.header]);
    this.#add.addEventListener('click', () => this.#openAddDialog());
    this.#logOut.addEventListener('click', async () => {
      await logOut();
      void this.#poll();
    });
    this.#add.hidden = true;
    this.#logOut.hidden = true;
    places.tools.append(this.#logOut, this.#add);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.#poll();
    });
    addEventListener('online', () => void this.#poll());
  }

  async start(): Promise<void> {
    const session = await readSession();
    // Where a token is needed and not there, asking for the streams would only be refused.
    if (session.ok && session.value.authRequired && !session.value.authenticated) {
      this.#enter('login');
      return;
    }
    void this.#poll();
    void this.#offerLogOut();
  }

  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#polls += 1;
    const poll = this.#polls;
    const answer = await listStreams();
    // A later one is under way, and knows better.
    if (poll !== this.#polls) return;
    if (answer.ok) this.#show(answer.value);
    else this.#showFailure(answer.error);
    // A hidden page asks again when it is seen.
    if (document.visibilityState === 'hidden') return;
    this.#pollIn(answer.ok ? POLL_MS : POLL_AWAY_MS);
  }

  #pollIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), delayMs);
  }

  #show(streams: readonly StreamStatus[]): void {
    this.#places.notice.hidden = true;
    const [first] = streams;
    const onlyDemo = streams.length === 1 && first?.demo === true;
    this.#tip.hidden = !onlyDemo;
    setText(this.#places.tally, tallyText(streams));
    this.#enter(streams.length === 0 ? 'empty' : 'streams');
    this.#grid.update(streams);
  }

  #showFailure(failure: Failure): void {
    if (failure.code === 'UNAUTHORIZED') {
      this.#grid.clear();
      setText(this.#places.tally, '');
      this.#places.notice.hidden = true;
      this.#enter('login');
      return;
    }
    const away = failure.code === 'UNREACHABLE';
    if (away) {
      setText(this.#places.tally, '');
      this.#grid.outOfReach();
    }
    setText(this.#places.notice, away ? `${failure.message} Trying again…` : failure.message);
    this.#places.notice.hidden = false;
  }

  #enter(view: View): void {
    if (this.#view === view) return;
    this.#view = view;
    const { main } = this.#places;
    this.#add.hidden = view !== 'streams';
    if (view === 'login') this.#logOut.hidden = true;
    switch (view) {
      case 'login':
        main.replaceChildren(
          loginView(() => {
            void this.#poll();
            void this.#offerLogOut();
          }),
        );
        return;
      case 'empty':
        main.replaceChildren(emptyView(() => void this.#poll()));
        return;
      case 'streams':
        main.replaceChildren(element('h1', { class: 'unseen', text: 'Cameras' }), this.#tip, this.#grid.root);
        return;
      case 'none':
        main.replaceChildren();
        return;
    }
  }

  async #offerLogOut(): Promise<void> {
    const answer = await readSession();
    this.#logOut.hidden = !(answer.ok && answer.value.authRequired && answer.value.authenticated);
  }

  #openAddDialog(): void {
    const dialog = element('dialog', { class: 'dialog', attributes: { 'aria-labelledby': 'add-title' } });
    const form = addForm(
      () => {
        dialog.close();
        void this.#poll();
      },
      () => dialog.close(),
    );
    dialog.append(element('h2', { text: 'Add a camera', attributes: { id: 'add-title' } }), form);
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
}

function emptyView(onAdded: () => void): HTMLElement {
  return element(
    'section',
    { class: 'panel empty', attributes: { 'aria-labelledby': 'empty-title' } },
    element('h1', { text: 'No cameras yet', attributes: { id: 'empty-title' } }),
    element('p', {
      text: 'Give the gateway the address of a camera; it dials it once and shows it here, and to everybody else who watches.',
    }),
    addForm(onAdded),
  );
}
