import { GRID_SIZES, gridOf, type Layout, MAX_TILES } from '../../../../shared/layouts.ts';
import type { StreamStatus } from '../../../../shared/stream.ts';
import { idOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';

/** A place of the wall: a stream's `app/name`, or nothing. */
export type Place = string | null;

export const FILTERS = ['all', 'live', 'trouble', 'recorded'] as const;
export type Filter = (typeof FILTERS)[number];

/** What is sought on the wall of all cameras. */
export interface Wanted {
  readonly text: string;
  readonly filter: Filter;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** The streams in the order that was chosen; those that came since follow by name. */
export function inOrder(streams: readonly StreamStatus[], order: readonly string[]): StreamStatus[] {
  const rank = new Map(order.map((id, index) => [id, index]));
  const rankOf = (stream: StreamStatus): number => rank.get(idOf(stream)) ?? order.length;
  return [...streams].sort(
    (a, b) =>
      rankOf(a) - rankOf(b) || collator.compare(titleOf(a), titleOf(b)) || (idOf(a) < idOf(b) ? -1 : 1),
  );
}

/** Every word has to be found in what the stream is called, or in one of its labels. */
export function isWanted(stream: StreamStatus, { text, filter }: Wanted): boolean {
  if (!FILTER_TESTS[filter](stream)) return false;
  const words = plain(text)
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return true;
  const about = plain([titleOf(stream), idOf(stream), ...Object.values(stream.labels ?? {})].join(' '));
  return words.every((word) => about.includes(word));
}

const FILTER_TESTS: Readonly<Record<Filter, (stream: StreamStatus) => boolean>> = {
  all: () => true,
  live: ({ state }) => state === 'live',
  trouble: ({ state, recorder }) => state === 'waiting' || recorder.state === 'waiting',
  recorded: ({ recorder }) => recorder.state === 'recording' || recorder.state === 'waiting',
};

/** `Tür` is found by `tur` too. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** How many tiles to show where nobody chose: as many as there are cameras, as far as that is a wall one can watch. */
export function autoSize(cameras: number, isPhone: boolean): number {
  const most = isPhone ? 12 : 16;
  return Math.min(most, GRID_SIZES.find((size) => size >= cameras) ?? most);
}

/** What the wall shows. */
export interface WallView {
  readonly columns: number;
  readonly rows: number;
  readonly places: readonly Place[];
  /** From 0. */
  readonly page: number;
  readonly pages: number;
  /** Of the first place among all. */
  readonly offset: number;
  readonly total: number;
}

/** One page of all cameras. */
export function pageOf(ids: readonly string[], size: number, page: number): WallView {
  const pages = Math.max(1, Math.ceil(ids.length / size));
  const at = Math.min(Math.max(0, page), pages - 1);
  return {
    ...gridOf(size),
    places: ids.slice(at * size, (at + 1) * size),
    page: at,
    pages,
    offset: at * size,
    total: ids.length,
  };
}

/** A saved wall stands on one page. */
export function viewOfLayout({ columns, tiles }: Pick<Layout, 'columns' | 'tiles'>): WallView {
  return {
    columns,
    rows: Math.max(1, Math.ceil(tiles.length / columns)),
    places: tiles,
    page: 0,
    pages: 1,
    offset: 0,
    total: tiles.length,
  };
}

/** The two change places. */
export function swapped<T>(all: readonly T[], a: number, b: number): T[] {
  const made = [...all];
  const [first, second] = [all[a], all[b]];
  if (first === undefined || second === undefined) return made;
  made[a] = second;
  made[b] = first;
  return made;
}

/**
 * The places of a wall that is to have so many. Where it gets smaller, empty places go first, then the last cameras.
 */
export function resized(places: readonly Place[], size: number): Place[] {
  const kept = [...places];
  for (let index = kept.length - 1; index >= 0 && kept.length > size; index -= 1) {
    if (kept[index] === null) kept.splice(index, 1);
  }
  kept.length = Math.min(kept.length, size);
  while (kept.length < Math.min(size, MAX_TILES)) kept.push(null);
  return kept;
}

/** The stream comes to that place; where it stood before there is what it takes the place of. */
export function putAt(places: readonly Place[], index: number, id: string): Place[] {
  const before = places.indexOf(id);
  if (before >= 0) return swapped(places, before, index);
  return places.map((place, at) => (at === index ? id : place));
}

/** The place that an arrow key leads to; the same one at the edge. */
export function neighbour(index: number, key: string, columns: number, count: number): number {
  const column = index % columns;
  switch (key) {
    case 'ArrowLeft':
      return column > 0 ? index - 1 : index;
    case 'ArrowRight':
      return column < columns - 1 && index + 1 < count ? index + 1 : index;
    case 'ArrowUp':
      return index >= columns ? index - columns : index;
    case 'ArrowDown':
      return index + columns < count ? index + columns : index;
    default:
      return index;
  }
}

/** Whether a wall is another one than the one that was saved. */
export function isChanged(
  saved: Pick<Layout, 'columns' | 'tiles'>,
  draft: Pick<Layout, 'columns' | 'tiles'>,
): boolean {
  return (
    saved.columns !== draft.columns ||
    saved.tiles.length !== draft.tiles.length ||
    saved.tiles.some((place, index) => place !== draft.tiles[index])
  );
}
