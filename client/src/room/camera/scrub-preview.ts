import { type ReadonlySignal, signal } from '@preact/signals';
import { frameUrl, type StreamKey, thumbnailUrl } from '../recordings/api.ts';
import type { Film } from './timeline/film.ts';
import { nearest } from './timeline/layout.ts';

/** A kept picture is good for that long. */
const KEPT_REACH_MS = 10_000;
/** The very picture is asked for when the pointer rests, or as often as one arrives. */
const REST_MS = 40;
const WIDTHS = [640, 960, 1280] as const;

/** What is shown while time is dragged, and until the player is there. */
export interface Preview {
  readonly picture: HTMLImageElement;
  /** The time that was asked for. */
  readonly timeMs: number;
  readonly kind: 'kept' | 'exact';
}

/**
 * Pictures of the time that is dragged to: at once the nearest small one, then the very picture. How long each took is told
 * as a performance measure `sluice scrub kept` and `sluice scrub exact`, from the moment the time was asked for.
 */
export class ScrubPreview {
  readonly #stream: StreamKey;
  readonly #film: Film;
  readonly #keptMs: () => readonly number[];
  readonly #shown = signal<Preview | undefined>(undefined);
  /** In CSS pixels; how wide the pictures are drawn. */
  widthPx = 640;
  #wanted: { readonly timeMs: number; readonly sinceMs: number } | undefined;
  #isLoading = false;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  #told = new Set<string>();
  /** When the time of the picture on the screen was asked for. */
  #presentedSinceMs = 0;

  constructor(stream: StreamKey, film: Film, keptMs: () => readonly number[]) {
    this.#stream = stream;
    this.#film = film;
    this.#keptMs = keptMs;
  }

  get shown(): ReadonlySignal<Preview | undefined> {
    return this.#shown;
  }

  show(timeMs: number): void {
    if (this.#wanted?.timeMs === timeMs) return;
    const wanted = { timeMs, sinceMs: performance.now() };
    this.#wanted = wanted;
    this.#told = new Set();
    const keptMs = nearest(this.#keptMs(), timeMs);
    if (keptMs !== undefined && Math.abs(keptMs - timeMs) <= KEPT_REACH_MS) {
      const picture = this.#film.at(keptMs);
      if (picture !== undefined) this.#present(wanted, { picture, timeMs, kind: 'kept' });
      else void this.#loadKept(wanted, keptMs);
    }
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => void this.#loadExact(), REST_MS);
  }

  hide(): void {
    this.#wanted = undefined;
    clearTimeout(this.#restTimer);
    this.#shown.value = undefined;
  }

  close(): void {
    this.hide();
  }

  async #loadKept(wanted: { timeMs: number; sinceMs: number }, keptMs: number): Promise<void> {
    const picture = await load(thumbnailUrl(this.#stream, keptMs));
    // The very picture may have been quicker.
    if (picture === undefined || this.#shown.value?.timeMs === wanted.timeMs) return;
    if (this.#wanted !== undefined) this.#present(wanted, { picture, timeMs: wanted.timeMs, kind: 'kept' });
  }

  /** One after the other, each for the time that is wanted by then. */
  async #loadExact(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined || this.#isLoading) return;
    this.#isLoading = true;
    const px = this.widthPx * Math.min(2, devicePixelRatio || 1);
    const width = WIDTHS.find((one) => one >= px) ?? 1280;
    const picture = await load(frameUrl(this.#stream, wanted.timeMs, width));
    this.#isLoading = false;
    const now = this.#wanted;
    if (now === undefined) return;
    if (picture !== undefined) this.#present(wanted, { picture, timeMs: wanted.timeMs, kind: 'exact' });
    if (now.timeMs !== wanted.timeMs) void this.#loadExact();
  }

  #present(wanted: { timeMs: number; sinceMs: number }, preview: Preview): void {
    // Pictures do not always come in the order in which they were asked for.
    if (wanted.sinceMs < this.#presentedSinceMs) return;
    this.#presentedSinceMs = wanted.sinceMs;
    this.#shown.value = preview;
    if (this.#told.has(preview.kind) || this.#wanted?.timeMs !== wanted.timeMs) return;
    this.#told.add(preview.kind);
    performance.measure(`sluice scrub ${preview.kind}`, { start: wanted.sinceMs, end: performance.now() });
  }
}

/** Undefined where there is no such picture. */
async function load(url: string): Promise<HTMLImageElement | undefined> {
  const picture = new Image();
  picture.src = url;
  try {
    await picture.decode();
    return picture;
  } catch {
    return undefined;
  }
}
