import { signal } from '@preact/signals';

/** A tile that is dragged, by its place, and the place that it is over. */
export const dragged = signal<{ readonly from: number; readonly over: number } | undefined>(undefined);

const MOUSE_SLOP_PX = 6;
const TOUCH_SLOP_PX = 10;
/** A finger that rests so long means the tile, not the page behind it. */
const PRESS_MS = 350;

interface Press {
  readonly pointerId: number;
  readonly from: number;
  readonly tile: HTMLElement;
  readonly x: number;
  readonly y: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Drags tiles by mouse, by pen, and by a finger that rests on one first. Tiles carry their place as `data-place`.
 * Returns the undo.
 */
export function watchDrags(
  grid: HTMLElement,
  { canDrag, onDrop }: { canDrag: () => boolean; onDrop: (from: number, to: number) => void },
): () => void {
  const undo = new AbortController();
  const { signal: ended } = undo;
  let press: Press | undefined;

  const begin = (): void => {
    if (press === undefined) return;
    dragged.value = { from: press.from, over: press.from };
    press.tile.setPointerCapture(press.pointerId);
    navigator.vibrate?.(10);
  };
  const end = (): void => {
    clearTimeout(press?.timer);
    press?.tile.style.removeProperty('translate');
    press = undefined;
    dragged.value = undefined;
  };

  grid.addEventListener(
    'pointerdown',
    (event) => {
      if (!event.isPrimary || event.button !== 0 || press !== undefined || !canDrag()) return;
      const tile = tileOf(event);
      const from = placeOf(tile);
      if (tile === undefined || from === undefined || hitsControl(event)) return;
      press = {
        pointerId: event.pointerId,
        from,
        tile,
        x: event.clientX,
        y: event.clientY,
        timer: undefined,
      };
      if (event.pointerType !== 'mouse') press.timer = setTimeout(begin, PRESS_MS);
    },
    { signal: ended },
  );
  grid.addEventListener(
    'pointermove',
    (event) => {
      if (press?.pointerId !== event.pointerId) return;
      const [dx, dy] = [event.clientX - press.x, event.clientY - press.y];
      if (dragged.value === undefined) {
        const far = Math.hypot(dx, dy);
        if (event.pointerType === 'mouse' && far > MOUSE_SLOP_PX) begin();
        // A finger that moves on scrolls the page.
        else if (event.pointerType !== 'mouse' && far > TOUCH_SLOP_PX) end();
        return;
      }
      press.tile.style.setProperty('translate', `${dx}px ${dy}px`);
      const over = placeAt(grid, press.tile, event) ?? press.from;
      if (over !== dragged.value.over) dragged.value = { from: press.from, over };
    },
    { signal: ended },
  );
  const finish = (event: PointerEvent): void => {
    if (press?.pointerId !== event.pointerId) return;
    const done = dragged.value;
    end();
    if (done === undefined) return;
    swallowClick(grid);
    if (done.over !== done.from) onDrop(done.from, done.over);
  };
  grid.addEventListener('pointerup', finish, { signal: ended });
  grid.addEventListener('pointercancel', end, { signal: ended });
  addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape' || dragged.value === undefined) return;
      event.stopPropagation();
      end();
    },
    { signal: ended, capture: true },
  );
  // Else the page would scroll beneath the finger, and a long press would open the browser's menu.
  const hold = (event: Event): void => {
    if (dragged.value !== undefined) event.preventDefault();
  };
  grid.addEventListener('touchmove', hold, { signal: ended, passive: false });
  grid.addEventListener('contextmenu', hold, { signal: ended });
  grid.addEventListener('dragstart', (event) => event.preventDefault(), { signal: ended });
  return () => {
    end();
    undo.abort();
  };
}

function tileOf(event: Event): HTMLElement | undefined {
  return event.target instanceof Element
    ? (event.target.closest<HTMLElement>('[data-place]') ?? undefined)
    : undefined;
}

function placeOf(tile: HTMLElement | undefined): number | undefined {
  const place = tile?.dataset.place;
  return place === undefined ? undefined : Number(place);
}

/** What is below the pointer, beneath the tile that is dragged. */
function placeAt(
  grid: HTMLElement,
  held: HTMLElement,
  { clientX, clientY }: PointerEvent,
): number | undefined {
  for (const tile of grid.querySelectorAll<HTMLElement>('[data-place]')) {
    if (tile === held) continue;
    const { left, right, top, bottom } = tile.getBoundingClientRect();
    if (clientX >= left && clientX < right && clientY >= top && clientY < bottom) return placeOf(tile);
  }
  return undefined;
}

/** Buttons, also those in the player's shadow, are pressed, not dragged. */
function hitsControl(event: Event): boolean {
  return event
    .composedPath()
    .some((node) => node instanceof Element && node.matches('button, a, input, select, [popover]'));
}

/** The click that follows where a drag ends means nothing. */
function swallowClick(grid: HTMLElement): void {
  const swallow = (event: Event): void => {
    event.stopPropagation();
    event.preventDefault();
  };
  grid.addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => grid.removeEventListener('click', swallow, { capture: true }), 0);
}
