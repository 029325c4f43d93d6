import type { Quality } from '../../../shared/signaling.ts';
import { followWidth, widthOf } from './known-width.ts';

/** What the attribute `quality` may ask for. */
export type QualityChoice = 'auto' | Quality;

/** Second streams of cameras are mostly 640 pixels wide: up to there nobody sees the difference. */
const SMALL_PX = 640;
/** Some way beyond, so that a size near the limit does not flap. */
const LARGE_PX = 720;
/** More pixels than that in a point of the screen are finer than video is looked at. */
const MAX_RATIO = 1.5;
/** A window that is being dragged is of many sizes. */
const SETTLE_MS = 400;

export function qualityChoice(attribute: string | null): QualityChoice {
  return attribute === 'auto' || attribute === 'sub' ? attribute : 'main';
}

/** Which picture suits a player of that width; `before` is kept in between. */
export function qualityFor(widthPx: number, pixelRatio: number, before: Quality | undefined): Quality {
  const wide = widthPx * Math.min(MAX_RATIO, Math.max(1, pixelRatio));
  if (widthPx === 0) return before ?? 'main';
  if (wide <= SMALL_PX) return 'sub';
  return wide > LARGE_PX ? 'main' : (before ?? 'main');
}

/** Follows the size of an element, and tells when another picture suits it. */
export class SizeQuality {
  readonly #element: HTMLElement;
  readonly #onChange: () => void;
  #unfollow: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #quality: Quality | undefined;

  constructor(element: HTMLElement, onChange: () => void) {
    this.#element = element;
    this.#onChange = onChange;
  }

  get quality(): Quality {
    this.#quality ??= this.#measured();
    return this.#quality;
  }

  watch(): void {
    this.#unfollow ??= followWidth(this.#element, () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#update(), SETTLE_MS);
    });
  }

  unwatch(): void {
    clearTimeout(this.#timer);
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#quality = undefined;
  }

  #update(): void {
    // Nobody has asked for it yet.
    if (this.#quality === undefined) return;
    const now = this.#measured();
    if (now === this.#quality) return;
    this.#quality = now;
    this.#onChange();
  }

  #measured(): Quality {
    return qualityFor(widthOf(this.#element), devicePixelRatio, this.#quality);
  }
}
