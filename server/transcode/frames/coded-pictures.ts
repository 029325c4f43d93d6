/** One coded picture. */
export interface CodedPicture {
  /** Without start codes. Parameter sets among them are taken as well. */
  readonly nalUnits: readonly Buffer[];
  readonly pts90k: number;
}

/** Coded pictures of H.264, and which of them is to be shown. */
export interface PictureRequest {
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  /** In decoding order; the first is an IDR picture, further ones only as far as the last needs them. */
  readonly pictures: readonly CodedPicture[];
  /** The time of the wanted one. */
  readonly pts90k: number;
  /** Of the coded picture. */
  readonly width: number;
  readonly height: number;
  /** Of the JPEG; its height follows. Default, and at most, `width`. */
  readonly scaledWidth?: number;
}

/** Times that FFmpeg is told, in ms; nothing but an order, and the mark of the wanted picture. */
export interface PlacedPicture {
  readonly ptsMs: number;
  readonly dtsMs: number;
}

/**
 * Gives pictures times from `fromMs` on, in the order in which they are shown: the wanted one an even time, all others odd
 * ones, by which FFmpeg's `select` filter knows it. Undefined where the wanted one is not among them. Pure.
 */
export function placePictures(
  pictures: readonly CodedPicture[],
  wantedPts90k: number,
  fromMs: number,
):
  | { readonly places: readonly PlacedPicture[]; readonly wantedMs: number; readonly nextMs: number }
  | undefined {
  const shown = [...pictures.keys()].sort(
    (a, b) => (pictures[a]?.pts90k ?? 0) - (pictures[b]?.pts90k ?? 0) || a - b,
  );
  const ranks = new Array<number>(pictures.length);
  for (const [rank, index] of shown.entries()) ranks[index] = rank;
  const wanted = pictures.findIndex(({ pts90k }) => pts90k === wantedPts90k);
  if (wanted < 0) return undefined;
  const evenFromMs = fromMs + (fromMs % 2);
  // Decoding times go before, since no picture is shown before it is decoded.
  const ptsFromMs = evenFromMs + 2 * Math.ceil(pictures.length / 2);
  const ptsOf = (index: number) => ptsFromMs + 2 * (ranks[index] ?? 0) + (index === wanted ? 0 : 1);
  const places = pictures.map((_, index) => ({ ptsMs: ptsOf(index), dtsMs: evenFromMs + index }));
  return { places, wantedMs: ptsOf(wanted), nextMs: ptsFromMs + 2 * pictures.length };
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
