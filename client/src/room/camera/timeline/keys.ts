import { useEffect, useRef } from 'preact/hooks';
import type { TimeSpan } from '../../recordings/api.ts';
import { lengthOf, zoomed } from './scale.ts';
import type { TimeModel } from './time-model.ts';

/** A key that is held down leads to one seek, not to thirty. */
const KEY_SEEK_MS = 350;
const STEP_MS = 10_000;

/** Arrows, pages, home and end move the time, + and - zoom. */
export function useTimeKeys(model: TimeModel): (event: KeyboardEvent) => void {
  const held = useRef<{ timeMs: number | undefined; timer: ReturnType<typeof setTimeout> | undefined }>({
    timeMs: undefined,
    timer: undefined,
  });
  useEffect(() => () => clearTimeout(held.current.timer), []);
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const view = model.view.peek();
    const nowMs = model.nowMs.peek();
    const fromMs = held.current.timeMs ?? model.headMs.peek();
    const factor = zoomOf(event.key);
    if (factor !== undefined) {
      event.preventDefault();
      model.look(zoomed(view, factor, Math.min(view.toMs, Math.max(view.fromMs, fromMs)), nowMs));
      return;
    }
    const target = keyTarget(event, fromMs, view);
    if (target === undefined) return;
    event.preventDefault();
    const timeMs = Math.round(Math.min(target, nowMs));
    held.current.timeMs = timeMs;
    model.scrub(timeMs);
    clearTimeout(held.current.timer);
    held.current.timer = setTimeout(() => {
      held.current.timeMs = undefined;
      model.drop(timeMs);
    }, KEY_SEEK_MS);
  };
}

function zoomOf(key: string): number | undefined {
  if (key === '-') return 2;
  return key === '+' || key === '=' ? 0.5 : undefined;
}

function keyTarget(event: KeyboardEvent, fromMs: number, view: TimeSpan): number | undefined {
  const step = event.shiftKey ? 6 * STEP_MS : STEP_MS;
  const page = lengthOf(view) / 10;
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return fromMs - step;
    case 'ArrowRight':
    case 'ArrowUp':
      return fromMs + step;
    case 'PageDown':
      return fromMs - page;
    case 'PageUp':
      return fromMs + page;
    case 'Home':
      return view.fromMs;
    case 'End':
      return view.toMs;
    default:
      return undefined;
  }
}
