import type { StreamStatus } from '../../../shared/stream.ts';
import { element } from '../base/dom.ts';
import { StreamCard } from './stream-card.ts';

export interface GridActions {
  edit(status: StreamStatus): void;
  remove(status: StreamStatus): void;
  changed(): void;
}

/** All streams as cards. Which one is enlarged stands in the address, so it can be linked and left by "back". */
export class StreamGrid {
  readonly root = element('ul', { class: 'grid', attributes: { role: 'list', 'aria-label': 'Cameras' } });
  readonly #cards = new Map<string, StreamCard>();
  readonly #actions: GridActions;
  readonly #outside: readonly HTMLElement[];

  /** `outside` is what cannot be used while a card fills the page. */
  constructor(actions: GridActions, outside: readonly HTMLElement[]) {
    this.#actions = actions;
    this.#outside = outside;
    addEventListener('hashchange', () => this.#applyAddress());
    addEventListener('keydown', (event) => {
      const inDialog = document.querySelector('dialog[open]') !== null;
      if (event.key === 'Escape' && !inDialog && document.fullscreenElement === null) this.#leaveLarge();
    });
  }

  get size(): number {
    return this.#cards.size;
  }

  update(streams: readonly StreamStatus[]): void {
    const ids = new Set(streams.map(({ app, name }) => `${app}/${name}`));
    for (const [id, card] of this.#cards) {
      if (ids.has(id)) continue;
      this.#cards.delete(id);
      card.close();
    }
    let before: Element | null = null;
    for (const status of streams) {
      const card = this.#cardOf(status);
      card.update(status);
      // Cards that are in their place are not touched: a moved player would stop.
      const place: Element | null = before === null ? this.root.firstElementChild : before.nextElementSibling;
      if (card.root !== place) this.root.insertBefore(card.root, place);
      before = card.root;
    }
    this.#applyAddress();
  }

  outOfReach(): void {
    for (const card of this.#cards.values()) card.outOfReach();
  }

  clear(): void {
    this.update([]);
  }

  #cardOf(status: StreamStatus): StreamCard {
    const id = `${status.app}/${status.name}`;
    const known = this.#cards.get(id);
    if (known !== undefined) return known;
    const card = new StreamCard(status, {
      enlarge: (which) => {
        location.hash = `/${which}`;
      },
      shrink: () => this.#leaveLarge(),
      edit: (which) => this.#actions.edit(which),
      remove: (which) => this.#actions.remove(which),
      changed: () => this.#actions.changed(),
    });
    this.#cards.set(id, card);
    return card;
  }

  #leaveLarge(): void {
    if (location.hash.length > 1) location.hash = '';
  }

  #applyAddress(): void {
    const wanted = location.hash.replace(/^#\/?/, '');
    const large = this.#cards.get(wanted);
    for (const card of this.#cards.values()) {
      if (card !== large) card.root.inert = large !== undefined;
    }
    for (const other of this.#outside) other.inert = large !== undefined;
    document.documentElement.classList.toggle('has-large', large !== undefined);
    // First the one that shrinks, so that the focus ends on the one that grows.
    for (const card of this.#cards.values()) if (card !== large) card.large = false;
    if (large !== undefined) {
      large.root.inert = false;
      large.large = true;
    }
  }
}
