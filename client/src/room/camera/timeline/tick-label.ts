import { day, timeOfDay } from '../../i18n/formats.ts';
import type { Tick } from './ticks.ts';

const GAP_PX = 5;

/** Day without its year, which is the same as of the days beside it, or the time of day. */
export function tickText({ timeMs, form }: Tick): string {
  // "22. Nov. 2026", "Nov 22, 2026"
  if (form === 'day') return day(timeMs).replace(/,?\s?\d{4}$/, '');
  const time = timeOfDay(timeMs);
  return form === 'minutes' ? time.slice(0, 5) : time;
}

/**
 * Where a tick's words begin: to the right of it, or, where they would be cut off by the end of the ruler, to the left.
 * Undefined where they would run into the words before, which end at `takenPx`.
 */
export function labelX(tickX: number, textPx: number, widthPx: number, takenPx: number): number | undefined {
  const right = tickX + GAP_PX;
  const x = right + textPx <= widthPx ? right : tickX - GAP_PX - textPx;
  return x < takenPx + (takenPx > 0 ? GAP_PX : 0) ? undefined : x;
}
