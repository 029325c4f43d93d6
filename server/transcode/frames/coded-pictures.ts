/** One coded picture. */
export interface CodedPicture {
  /** Without start codes. Parameter sets among them are taken as well. */
  readonly nalUnits: readonly Buffer[];
  readonly pts90k: number;
}

/** Coded pictures, and which of them is to be shown. */
export interface PictureRequest {
  readonly codec: 'h264' | 'h265';
  /** Of H.265 only. */
  readonly vps?: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  /** In decoding order; the first is a key frame, further ones only as far as the last needs them. */
  readonly pictures: readonly CodedPicture[];
  /** The time of the wanted one. */
  readonly pts90k: number;
  /** Of the coded picture. */
  readonly width: number;
  readonly height: number;
  /** Of the JPEG; its height follows. Default, and at most, `width`. */
  readonly scaledWidth?: number;
}

/**
 * Gives pictures times in ms from `fromMs` on, in the order they have: nothing but an order, and the mark of the wanted
 * picture. That one has an even time, all others odd ones, by which FFmpeg's `select` filter knows it. Undefined where the
 * wanted one is not among them. Pure.
 */
export function placePictures(
  pictures: readonly CodedPicture[],
  wantedPts90k: number,
  fromMs: number,
): { readonly timesMs: readonly number[]; readonly wantedMs: number; readonly nextMs: number } | undefined {
  const wanted = pictures.findIndex(({ pts90k }) => pts90k === wantedPts90k);
  if (wanted < 0) return undefined;
  const evenFromMs = fromMs + (fromMs % 2);
  const timesMs = pictures.map((_, index) => evenFromMs + 2 * index + (index === wanted ? 0 : 1));
  return { timesMs, wantedMs: evenFromMs + 2 * wanted, nextMs: evenFromMs + 2 * pictures.length };
}

/** The size of a JPEG: even numbers, the picture's own shape, never larger than the picture. */
export function scaledSize(
  width: number,
  height: number,
  scaledWidth: number = width,
): { readonly width: number; readonly height: number } {
  const even = (value: number) => Math.max(2, 2 * Math.round(value / 2));
  const toWidth = even(Math.min(scaledWidth, width));
  return { width: toWidth, height: even((height * toWidth) / width) };
}
