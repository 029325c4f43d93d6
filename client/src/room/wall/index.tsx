import { useEffect, useRef } from 'preact/hooks';
import { CameraDialogs } from '../cameras/dialogs.tsx';
import { idOf, onlyDemo, streams } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { Button, IconButton } from '../ui/index.ts';
import { watchDrags } from './drag.ts';
import { DemoTip, NoCameras, NothingFound } from './empty.tsx';
import { LayoutDialogs } from './layout-dialogs.tsx';
import { neighbour, type WallView } from './model.ts';
import { EmptyPlace, GonePlace } from './places.tsx';
import {
  canArrange,
  enlarge,
  enlargeNext,
  isFiltered,
  large,
  layout,
  page,
  readLayouts,
  shrink,
  swap,
  turnTo,
  view,
} from './state.ts';
import { t } from './texts.ts';
import { Tile } from './tile.tsx';
import { moving, told } from './tile-signals.ts';
import { Toolbar } from './toolbar.tsx';
import { useTurning } from './turning.ts';
import './wall.css';
import './tile.css';
import './large.css';

/** All cameras side by side, or those of a saved wall; one of them may be enlarged. */
export function Wall() {
  const whole = useRef<HTMLDivElement>(null);
  useEffect(() => void readLayouts(), []);
  useTurning();
  const all = streams.value ?? [];
  const shown = view.value;
  return (
    <div class="wall-page" ref={whole} data-large={large.value !== undefined}>
      <h1 class="unseen">{t('wall')}</h1>
      {all.length === 0 ? (
        <NoCameras />
      ) : (
        <>
          <Toolbar onFullScreen={() => void toggleFullScreen(whole.current)} />
          {shown.total === 0 && isFiltered.value && large.value === undefined ? <NothingFound /> : <Grid />}
          {large.value === undefined ? <Pager shown={shown} /> : undefined}
          {onlyDemo.value ? <DemoTip /> : undefined}
        </>
      )}
      <p class="unseen" role="status">
        {told.value}
      </p>
      <LayoutDialogs />
      <CameraDialogs />
    </div>
  );
}

function Grid() {
  const grid = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (grid.current === null) return undefined;
    const { current: list } = grid;
    list.addEventListener('click', onGridClick);
    const endDrags = watchDrags(list, {
      canDrag: () => canArrange.value && large.value === undefined,
      onDrop: (from, to) => put(from, to),
    });
    return () => {
      list.removeEventListener('click', onGridClick);
      endDrags();
    };
  }, []);
  const enlarged = large.value;
  const { columns, rows, places } = view.value;
  useEscape();
  useFocusOfEnlarged(grid, enlarged);
  // The enlarged one may not be on this page, or not fit what is sought.
  const also = enlarged !== undefined && !places.includes(enlarged) ? [enlarged] : [];
  return (
    <>
      {moving.value === undefined ? undefined : <MovingBar />}
      <ul
        ref={grid}
        class="wall-grid"
        aria-label={t('cameras')}
        data-moving={moving.value !== undefined}
        style={{
          '--columns': columns,
          '--rows': rows,
          '--phone-columns': places.length > 4 ? 2 : 1,
        }}
        onKeyDown={onGridKey}
      >
        {[...places, ...also].map((id, index) => (
          <GridPlace key={id ?? `empty ${index}`} id={id} index={index} />
        ))}
      </ul>
      <p class="unseen" id="wall-help">
        {t('help')}
      </p>
    </>
  );
}

function GridPlace({ id, index }: { id: string | null; index: number }) {
  const status = id === null ? undefined : (streams.value ?? []).find((one) => idOf(one) === id);
  if (id === null) return <EmptyPlace index={index} />;
  if (status === undefined) return <GonePlace index={index} id={id} />;
  return <Tile status={status} index={index} isLarge={large.value === id} />;
}

/** Says what is being moved, for those who do not drag: each other tile is a place to put it. */
function MovingBar() {
  const from = moving.value ?? 0;
  const camera = nameAt(from);
  return (
    <div class="wall-moving">
      <p role="status">{t('moving', { camera })}</p>
      <div class="wall-targets">
        {view.value.places.map((id, index) =>
          index === from ? undefined : (
            <Button key={id ?? `empty ${index}`} class="small" onClick={() => put(from, index)}>
              {index + 1}. {id === null ? t('empty-place') : nameAt(index)}
            </Button>
          ),
        )}
      </div>
      <Button
        class="small"
        onClick={() => {
          moving.value = undefined;
          focusPlace(from);
        }}
      >
        {t('cancel')}
      </Button>
    </div>
  );
}

function Pager({ shown }: { shown: WallView }) {
  const { pages, offset, places, total } = shown;
  if (pages < 2 || layout.value !== undefined) return null;
  return (
    <nav class="wall-pager" aria-label={t('pager')}>
      <IconButton icon="back" label={t('page-before')} onClick={() => turnTo(shown.page - 1)} />
      <span role="status">{t('page', { from: offset + 1, to: offset + places.length, total })}</span>
      <IconButton icon="forward" label={t('page-after')} onClick={() => turnTo(shown.page + 1)} />
    </nav>
  );
}

/** Moves a camera, says so, and keeps the keyboard on it. */
function put(from: number, to: number): void {
  const camera = nameAt(from);
  const { offset, places } = view.value;
  swap(from, to);
  moving.value = undefined;
  const perPage = Math.max(1, places.length);
  if (layout.value === undefined && (to < 0 || to >= places.length)) {
    page.value = Math.floor((offset + to) / Math.max(perPage, 1));
  }
  told.value = t('moved', { camera, place: offset + to + 1, total: view.value.total });
  queueMicrotask(() => focusPlace(to));
}

function nameAt(index: number): string {
  const id = view.value.places[index];
  const status = (streams.value ?? []).find((one) => idOf(one) === id);
  return status === undefined ? (id ?? t('no-names')) : titleOf(status);
}

/** A click on a picture enlarges it, as the button beside it does for the keyboard. */
function onGridClick(event: MouseEvent): void {
  if (large.value !== undefined || !(event.target instanceof Element)) return;
  const id = event.target.closest('.wall-picture')?.closest<HTMLElement>('[data-stream]')?.dataset.stream;
  // The player's own buttons lie in its shadow; what was really hit is among the path.
  const hitButton = event.composedPath().some((node) => node instanceof HTMLButtonElement);
  if (id !== undefined && !hitButton) enlarge(id);
}

/** Arrows go from camera to camera; with Shift they move it. */
function onGridKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return;
  if (!event.key.startsWith('Arrow')) return;
  if (large.value !== undefined) {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
      enlargeNext(event.key === 'ArrowLeft' ? -1 : 1);
    return;
  }
  const tile = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-place]') : null;
  if (tile === null) return;
  const from = Number(tile.dataset.place);
  const shownColumns = matchMedia('(max-width: 760px)').matches
    ? view.value.places.length > 4
      ? 2
      : 1
    : view.value.columns;
  const to = neighbour(from, event.key, shownColumns, view.value.places.length);
  if (to === from) return;
  event.preventDefault();
  if (!event.shiftKey) focusPlace(to);
  else if (canArrange.value) put(from, to);
}

function focusPlace(index: number): void {
  document
    .querySelector<HTMLElement>(`.wall-grid [data-place="${index}"] :is(.wall-enlarge, select)`)
    ?.focus();
}

/** Escape ends what is under way: moving, else the enlarged camera. */
function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      // It closes these first.
      if (document.querySelector('dialog[open], :popover-open') !== null) return;
      if (moving.value !== undefined) moving.value = undefined;
      else if (large.value !== undefined && document.fullscreenElement === null) shrink();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

/** The keyboard goes with the camera: to its button that leads back, and from there to the one that enlarges it. */
function useFocusOfEnlarged(
  grid: { readonly current: HTMLElement | null },
  enlarged: string | undefined,
): void {
  const before = useRef(enlarged);
  useEffect(() => {
    const was = before.current;
    before.current = enlarged;
    if (was === enlarged) return;
    const id = enlarged ?? was;
    const tile = [...(grid.current?.children ?? [])].find(
      (one) => one instanceof HTMLElement && one.dataset.stream === id,
    );
    const target = tile?.querySelector<HTMLElement>(
      enlarged === undefined ? '.wall-enlarge' : '.wall-shrink',
    );
    target?.focus({ preventScroll: enlarged === undefined });
  }, [enlarged]);
}

async function toggleFullScreen(whole: HTMLElement | null): Promise<void> {
  try {
    if (document.fullscreenElement === null) await whole?.requestFullscreen();
    else await document.exitFullscreen();
  } catch {
    // The browser may not allow it; then there is nothing to do about it.
  }
}
