import { computed, signal } from '@preact/signals';
import { GRID_SIZES, gridOf, type Layout } from '../../../../shared/layouts.ts';
import type { Result } from '../../../../shared/result.ts';
import type { Failure } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { go, place } from '../app/router.ts';
import { idOf, streams } from '../store/streams.ts';
import { toast } from '../ui/index.ts';
import { changeLayout, createLayout, listLayouts, removeLayout } from './layouts-api.ts';
import {
  autoSize,
  type Filter,
  inOrder,
  isChanged,
  isWanted,
  type Place,
  pageOf,
  putAt,
  resized,
  swapped,
  viewOfLayout,
  type WallView,
} from './model.ts';
import { readStored, writeStored } from './stored.ts';
import { t } from './texts.ts';

const STORED_SIZE = 'sluice.wall.size';
const STORED_ORDER = 'sluice.wall.order';

const phone = matchMedia('(max-width: 760px)');
export const isPhone = signal(phone.matches);
phone.addEventListener('change', ({ matches }) => {
  isPhone.value = matches;
});

/** How many tiles all cameras are shown in; 0 is chosen by their number. Each browser has its own. */
export const size = signal(readStored(STORED_SIZE, (value) => GRID_SIZES.find((one) => one === value)) ?? 0);
/** All cameras as somebody arranged them in this browser. */
const order = signal<readonly string[]>(
  readStored(STORED_ORDER, (value) =>
    Array.isArray(value) ? value.filter((id) => typeof id === 'string') : undefined,
  ) ?? [],
);
export const isArranged = computed(() => order.value.length > 0);
export const page = signal(0);
export const text = signal('');
export const filter = signal<Filter>('all');
export const isFiltered = computed(() => text.value.trim() !== '' || filter.value !== 'all');

/** The saved walls; undefined before they were read. */
export const layouts = signal<readonly Layout[] | undefined>(undefined);
/** A saved wall as it was changed here and not saved yet. */
const draft = signal<Layout | undefined>(undefined);

const wallPlace = computed(() => (place.value.page === 'wall' ? place.value : { page: 'wall' as const }));
/** The saved wall that is shown, as it was saved. */
export const savedLayout = computed(() => {
  const id = 'layout' in wallPlace.value ? wallPlace.value.layout : undefined;
  return id === undefined ? undefined : layouts.value?.find((one) => one.id === id);
});
/** The saved wall as it is shown. */
export const layout = computed(() => {
  const saved = savedLayout.value;
  return draft.value !== undefined && draft.value.id === saved?.id ? draft.value : saved;
});
export const layoutIsChanged = computed(() => {
  const saved = savedLayout.value;
  return saved !== undefined && layout.value !== undefined && isChanged(saved, layout.value);
});
/** `app/name` of the enlarged camera. */
export const large = computed(() => ('large' in wallPlace.value ? wallPlace.value.large : undefined));

const sorted = computed(() => inOrder(streams.value ?? [], order.value));
const found = computed(() =>
  sorted.value.filter((stream) => isWanted(stream, { text: text.value, filter: filter.value })),
);

const tileCount = computed(() => {
  const chosen = layout.value?.tiles.length ?? size.value;
  return chosen === 0 ? autoSize(found.value.length, isPhone.value) : chosen;
});

export const view = computed<WallView>(() =>
  layout.value === undefined
    ? pageOf(found.value.map(idOf), tileCount.value, page.value)
    : viewOfLayout(layout.value),
);

/** Cameras that a saved wall does not show. */
export const notShown = computed(() =>
  sorted.value.filter((stream) => !view.value.places.includes(idOf(stream))),
);

export const canArrange = computed(() => layout.value !== undefined || !isFiltered.value);

export function setSize(chosen: number): void {
  const now = layout.value;
  if (now === undefined) {
    size.value = chosen;
    writeStored(STORED_SIZE, chosen);
    page.value = 0;
    return;
  }
  draft.value = { ...now, columns: gridOf(chosen).columns, tiles: resizedTiles(now.tiles, chosen) };
}

/** Two tiles of the shown page change places; `to` may lie on another page of all cameras. */
export function swap(from: number, to: number): void {
  const now = layout.value;
  if (now !== undefined) {
    draft.value = { ...now, tiles: swapped(now.tiles, from, to) };
    return;
  }
  const { offset } = view.value;
  order.value = swapped(sorted.value.map(idOf), offset + from, offset + to);
  writeStored(STORED_ORDER, order.value);
}

export function resetOrder(): void {
  order.value = [];
  writeStored(STORED_ORDER, undefined);
}

/** Of a saved wall: the camera comes to that place; null empties it. */
export function setPlace(index: number, id: string | null): void {
  const now = layout.value;
  if (now === undefined) return;
  const tiles: readonly Place[] =
    id === null ? now.tiles.map((tile, at) => (at === index ? null : tile)) : putAt(now.tiles, index, id);
  draft.value = { ...now, tiles: asTiles(tiles) };
}

export function dropChanges(): void {
  draft.value = undefined;
}

export function turnTo(to: number): void {
  const { pages } = view.value;
  page.value = ((to % pages) + pages) % pages;
}

export function showAll(): void {
  text.value = '';
  filter.value = 'all';
  page.value = 0;
}

export function chooseLayout(id: string | undefined): void {
  draft.value = undefined;
  page.value = 0;
  go({ page: 'wall', ...(id === undefined ? {} : { layout: id }) });
}

/** The next saved wall, and the first after the last. */
export function turnLayout(): void {
  const ids = (layouts.value ?? []).map(({ id }) => id);
  const at = ids.indexOf(savedLayout.value?.id ?? '');
  const next = ids[(at + 1) % ids.length];
  if (next !== undefined) go({ page: 'wall', layout: next }, { replace: true });
}

export function enlarge(id: string): void {
  go({ page: 'wall', ...layoutOfPlace(), large: id });
}

export function shrink(): void {
  go({ page: 'wall', ...layoutOfPlace() });
}

/** The camera that stands that many places further on the wall. */
export function enlargeNext(step: number): void {
  const ids = view.value.places.filter((id) => id !== null);
  const at = ids.indexOf(large.value ?? '');
  const next = ids[(at + step + ids.length) % ids.length];
  if (next !== undefined) go({ page: 'wall', ...layoutOfPlace(), large: next }, { replace: true });
}

export async function readLayouts(): Promise<void> {
  const answer = await listLayouts();
  if (!answer.ok) {
    // Whoever is asked to log in is told of that already.
    if (answer.error.code !== 'UNAUTHORIZED') toast(t('layouts-failed', { why: failureText(answer.error) }));
    return;
  }
  layouts.value = answer.value;
  const wished = layoutOfPlace().layout;
  if (wished === undefined || savedLayout.value !== undefined) return;
  toast(t('layout-gone'));
  go({ page: 'wall' }, { replace: true });
}

/** Saves what is shown under a name of its own; undefined where that went well, else what is to be said. */
export async function saveAs(title: string): Promise<string | undefined> {
  const { columns, places } = view.value;
  const tiles = resizedTiles(asTiles(places), tileCount.value);
  return settle(await createLayout({ title, columns, tiles }), (made) => chooseLayout(made.id));
}

export async function saveChanges(): Promise<void> {
  const now = layout.value;
  if (now === undefined) return;
  const { id, columns, tiles } = now;
  const trouble = await settle(await changeLayout(id, { columns, tiles }), () => dropChanges());
  if (trouble !== undefined) toast(trouble);
}

/** Undefined where that went well, else what is to be said. */
export async function rename(id: string, title: string): Promise<string | undefined> {
  return settle(await changeLayout(id, { title }), () => {});
}

/** Undefined where that went well, else what is to be said. */
export async function remove({ id, title }: Layout): Promise<string | undefined> {
  const answer = await removeLayout(id);
  if (!answer.ok && answer.error.code !== 'LAYOUT_NOT_FOUND') return failureText(answer.error);
  layouts.value = (layouts.value ?? []).filter((one) => one.id !== id);
  toast(t('layout-removed', { title }));
  chooseLayout(undefined);
  return undefined;
}

async function settle(
  answer: Result<Layout, Failure>,
  then: (saved: Layout) => void,
): Promise<string | undefined> {
  if (!answer.ok) return failureText(answer.error);
  const saved = answer.value;
  layouts.value = [...(layouts.value ?? []).filter(({ id }) => id !== saved.id), saved].sort((a, b) =>
    a.title.localeCompare(b.title, undefined, { numeric: true }),
  );
  then(saved);
  toast(t('layout-saved', { title: saved.title }));
  return undefined;
}

function layoutOfPlace(): { layout?: string } {
  const { value } = wallPlace;
  return 'layout' in value && value.layout !== undefined ? { layout: value.layout } : {};
}

/** Ids of streams, as the API gave them. */
function asTiles(places: readonly Place[]): Layout['tiles'] {
  return places as Layout['tiles'];
}

function resizedTiles(tiles: Layout['tiles'], count: number): Layout['tiles'] {
  return asTiles(resized(tiles, count));
}
