import { element, setText } from '../base/dom.ts';
import { clockText } from './play-times.ts';
import type { Playhead } from './playback-engine.ts';

/** Fine enough for a frame of an hour, and a number that sliders take. */
const STEP_S = 0.04;

/** The slider of a recorded time. Dragging shows the time it leads to, and goes there when it is let go. */
export class SeekBar {
  readonly root: HTMLElement;
  readonly #slider = element('input', {
    attributes: { type: 'range', min: '0', max: '0', step: String(STEP_S), value: '0', 'aria-label': 'Seek' },
  });
  readonly #bubble = element('output', { class: 'bubble', attributes: { hidden: true } });
  #playhead: Playhead | undefined;
  #dragging = false;

  constructor(onSeek: (timeMs: number) => void) {
    this.root = element('div', { class: 'seek' }, this.#slider, this.#bubble);
    this.#slider.addEventListener('input', () => {
      this.#dragging = true;
      this.#showBubble(this.#slider.valueAsNumber);
      this.#describe();
    });
    this.#slider.addEventListener('change', () => {
      this.#dragging = false;
      this.#bubble.hidden = true;
      if (this.#playhead !== undefined) onSeek(this.#playhead.timeAt(this.#slider.valueAsNumber));
    });
    this.#slider.addEventListener('pointermove', (event) => {
      if (this.#dragging || event.pointerType !== 'mouse') return;
      const { left, width } = this.#slider.getBoundingClientRect();
      this.#showBubble(((event.clientX - left) / width) * Number(this.#slider.max));
    });
    this.#slider.addEventListener('pointerleave', () => {
      if (!this.#dragging) this.#bubble.hidden = true;
    });
  }

  render(playhead: Playhead | undefined): void {
    this.#playhead = playhead;
    this.#slider.disabled = playhead === undefined;
    if (playhead === undefined || this.#dragging) return;
    this.#slider.max = String(playhead.lengthS);
    this.#slider.valueAsNumber = playhead.positionS;
    this.#describe();
  }

  #describe(): void {
    const share = this.#slider.valueAsNumber / (Number(this.#slider.max) || 1);
    this.root.style.setProperty('--played', `${Math.min(100, share * 100)}%`);
    if (this.#playhead === undefined) return;
    this.#slider.setAttribute('aria-valuetext', clockText(this.#playhead.timeAt(this.#slider.valueAsNumber)));
  }

  #showBubble(positionS: number): void {
    const { lengthS } = this.#playhead ?? {};
    if (this.#playhead === undefined || lengthS === undefined || lengthS === 0) return;
    const inside = Math.min(lengthS, Math.max(0, positionS));
    setText(this.#bubble, clockText(this.#playhead.timeAt(inside)));
    this.root.style.setProperty('--pointed', `${(inside / lengthS) * 100}%`);
    this.#bubble.hidden = false;
  }
}
