import { element } from '../../base/dom.ts';
import { streamPath } from '../api/call.ts';
import type { StreamKey } from './recordings-api.ts';

/** Pictures are kept about 10 s apart; closer times than that need not be told apart as finely. */
const STEP_MS = 5_000;
/** A pointer that only passes by asks for nothing. */
const REST_MS = 80;

/** The small picture above the time line for the time that is pointed at; nothing where none was kept. */
export class Thumbnail {
  readonly root = element('img', {
    class: 'thumbnail',
    attributes: { alt: '', hidden: true, decoding: 'async' },
  });
  readonly #stream: StreamKey;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #atMs: number | undefined;

  constructor(stream: StreamKey) {
    this.#stream = stream;
    this.root.addEventListener('load', () => {
      this.root.hidden = this.#atMs === undefined;
    });
    this.root.addEventListener('error', () => {
      this.root.hidden = true;
    });
  }

  /** `share` is where along the time line, 0 to 1. */
  point(timeMs: number, share: number): void {
    this.root.style.setProperty('--at', `${share * 100}%`);
    const atMs = Math.round(timeMs / STEP_MS) * STEP_MS;
    if (atMs === this.#atMs) return;
    this.#atMs = atMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const { app, name } = this.#stream;
      this.root.src = `${streamPath(app, name)}/thumbnail?at=${atMs}`;
    }, REST_MS);
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.#atMs = undefined;
    this.root.hidden = true;
  }
}
