/** Of pictures, as most cameras send them. */
const RATIO = 16 / 9;

/** In how many columns so many pictures become the largest in that room. */
export function columnsFor(
  count: number,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): number {
  let best = 1;
  let bestPx = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const tilePx = tileWidthPx(count, columns, { widthPx, heightPx });
    // As few columns as do: a row that is full looks better than one that is not.
    if (tilePx > bestPx + 1) [best, bestPx] = [columns, tilePx];
  }
  return best;
}

/** How wide one is then. */
export function tileWidthPx(
  count: number,
  columns: number,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): number {
  const rows = Math.ceil(count / columns);
  return Math.min(widthPx / columns, (heightPx / rows) * RATIO);
}

/** The same on a phone, where a page scrolls. */
export function narrowColumns(count: number): number {
  if (count <= 2) return 1;
  return count <= 8 ? 2 : 3;
}
