const SHOWN_MS = 4_000;

/** A few words to the viewer, which go away by themselves. */
export class FlashWords {
  readonly #onChange: () => void;
  #text = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get text(): string {
    return this.#text;
  }

  say(text: string): void {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.clear(), SHOWN_MS);
    this.#onChange();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#text = '';
    this.#onChange();
  }
}
