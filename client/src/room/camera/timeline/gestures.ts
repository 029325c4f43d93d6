import type { TimeSpan } from '../../recordings/api.ts';
import { ROWS } from './draw.ts';
import { lengthOf, moved, pinched, timeAt, zoomed } from './scale.ts';

/** Below that a press was a click. */
const CLICK_PX = 4;
/** At the ends of the time line dragging goes on by itself. */
const EDGE_PX = 28;
const ZOOM_PER_PX = 0.0022;
const LINE_PX = 16;

export interface GestureHost {
  view(): TimeSpan;
  nowMs(): number;
  look(view: TimeSpan): void;
  /** The picture's time is dragged there. */
  scrub(timeMs: number): void;
  /** It is let go there. */
  drop(timeMs: number): void;
  /** It is left where it was. */
  cancel(): void;
  /** What is pointed at, in pixels from the left; undefined where no longer. */
  point(x: number | undefined): void;
  /** Whether a drag that begins so far from the top is of the picture's time; by default on what was recorded. */
  scrubsAt?(y: number): boolean;
}

type Drag =
  | { readonly kind: 'none' }
  | { readonly kind: 'scrub'; x: number; timer: ReturnType<typeof setInterval> | undefined }
  | { readonly kind: 'pan'; readonly view: TimeSpan; readonly fromX: number; x: number; isMoved: boolean }
  | { readonly kind: 'pinch'; readonly view: TimeSpan; readonly before: readonly [number, number] };

/**
 * What fingers, mouse and wheel do on the time line: dragging what was recorded moves the picture's time, dragging the
 * ruler or the small pictures moves the view, the wheel and two fingers zoom. Returns what undoes it.
 */
export function listenForGestures(target: HTMLElement, host: GestureHost): () => void {
  const pointers = new Map<number, number>();
  let drag: Drag = { kind: 'none' };
  const undo = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ): void => target.addEventListener(type, listener, { signal: undo.signal, passive: false });
  const placeOf = (event: MouseEvent): { x: number; y: number; widthPx: number } => {
    const { left, top, width } = target.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top, widthPx: Math.max(1, width) };
  };
  const timeOf = (x: number): number =>
    Math.min(host.nowMs(), timeAt(x, host.view(), Math.max(1, target.clientWidth)));

  const end = (): void => {
    if (drag.kind === 'scrub') clearInterval(drag.timer);
    drag = { kind: 'none' };
  };
  const pinch = (): void => {
    const [a, b] = [...pointers.values()];
    if (a === undefined || b === undefined) return;
    if (drag.kind === 'scrub') host.cancel();
    end();
    drag = { kind: 'pinch', view: host.view(), before: [a, b] };
  };
  const goOn = (): void => {
    if (drag.kind !== 'scrub') return;
    const widthPx = target.clientWidth;
    const over = drag.x < EDGE_PX ? drag.x - EDGE_PX : Math.max(0, drag.x - widthPx + EDGE_PX);
    if (over === 0) return;
    const speed = Math.max(-2, Math.min(2, over / EDGE_PX));
    host.look(moved(host.view(), lengthOf(host.view()) * 0.012 * speed, host.nowMs()));
    host.scrub(timeOf(drag.x));
  };

  on('pointerdown', (event) => {
    if (event.button !== 0) return;
    const { x, y } = placeOf(event);
    // Not in all browsers may a pointer be captured that a test or a tool made up.
    if (event.isTrusted) target.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, x);
    if (pointers.size === 2) {
      pinch();
      return;
    }
    if (pointers.size > 2) return;
    const onBand = host.scrubsAt?.(y) ?? (y >= ROWS.events.y - 2 && y < ROWS.film.y - 2);
    if (onBand) {
      drag = { kind: 'scrub', x, timer: setInterval(goOn, 40) };
      host.scrub(timeOf(x));
    } else {
      drag = { kind: 'pan', view: host.view(), fromX: x, x, isMoved: false };
    }
  });
  on('pointermove', (event) => {
    const { x, widthPx } = placeOf(event);
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, x);
    if (drag.kind === 'none') {
      if (event.pointerType === 'mouse') host.point(x);
      return;
    }
    host.point(undefined);
    if (drag.kind === 'scrub') {
      drag.x = x;
      host.scrub(timeOf(x));
    } else if (drag.kind === 'pan') {
      drag.x = x;
      drag.isMoved ||= Math.abs(x - drag.fromX) > CLICK_PX;
      const byMs = ((drag.fromX - x) / widthPx) * lengthOf(drag.view);
      if (drag.isMoved) host.look(moved(drag.view, byMs, host.nowMs()));
    } else {
      const [a, b] = [...pointers.values()];
      if (a !== undefined && b !== undefined) {
        host.look(pinched(drag.view, widthPx, drag.before, [a, b], host.nowMs()));
      }
    }
  });
  on('pointerup', (event) => {
    pointers.delete(event.pointerId);
    const was = drag;
    if (was.kind === 'pinch' && pointers.size > 0) return;
    end();
    if (was.kind === 'scrub') host.drop(timeOf(was.x));
    else if (was.kind === 'pan' && !was.isMoved) host.drop(timeOf(was.x));
  });
  on('pointercancel', (event) => {
    pointers.delete(event.pointerId);
    if (drag.kind === 'scrub') host.cancel();
    end();
  });
  on('pointerleave', () => host.point(undefined));
  on('wheel', (event) => {
    event.preventDefault();
    const { x, widthPx } = placeOf(event);
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE_PX;
    const sideways = event.shiftKey ? event.deltaY + event.deltaX : event.deltaX;
    const view = host.view();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      host.look(moved(view, ((sideways * unit) / widthPx) * lengthOf(view), host.nowMs()));
    } else {
      const factor = Math.exp(event.deltaY * unit * ZOOM_PER_PX * (event.ctrlKey ? 4 : 1));
      host.look(zoomed(view, factor, timeAt(x, view, widthPx), host.nowMs()));
    }
  });
  return () => {
    end();
    undo.abort();
  };
}
