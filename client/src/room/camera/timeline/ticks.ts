import type { TimeSpan } from '../../recordings/api.ts';
import { dayOf, lengthOf } from './scale.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A mark of the ruler, with how it is to be written. */
export interface Tick {
  readonly timeMs: number;
  /** A midnight is written as its day, whatever stands beside it. */
  readonly form: 'seconds' | 'minutes' | 'day';
}

/** They divide a quarter of an hour, and all clocks of the world differ by quarters: so these are round everywhere. */
const EVEN_STEPS_MS = [1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS);
const MINUTE_STEPS_MS = [1, 5, 15].map((minutes) => minutes * MINUTE_MS);
const HOUR_STEPS = [0.5, 1, 2, 3, 6, 12];
const DAY_STEPS = [1, 2, 7];

/** Marks at round times of the viewer's clock, at most about `most` of them. */
export function ticksOf(view: TimeSpan, most: number): readonly Tick[] {
  const fits = (stepMs: number): boolean => lengthOf(view) / stepMs <= most;
  const even = [...EVEN_STEPS_MS, ...MINUTE_STEPS_MS].find(fits);
  if (even !== undefined) return evenTicks(view, even);
  const hours = HOUR_STEPS.find((step) => fits(step * HOUR_MS));
  if (hours !== undefined) return hourTicks(view, hours * 60);
  return dayTicks(view, DAY_STEPS.find((step) => fits(step * DAY_MS)) ?? 7);
}

function evenTicks(view: TimeSpan, stepMs: number): Tick[] {
  const ticks: Tick[] = [];
  for (let timeMs = Math.ceil(view.fromMs / stepMs) * stepMs; timeMs < view.toMs; timeMs += stepMs) {
    const form = isMidnight(timeMs) ? 'day' : stepMs < MINUTE_MS ? 'seconds' : 'minutes';
    ticks.push({ timeMs, form });
  }
  return ticks;
}

/** Day by day, and by the hands of the clock: so marks stay round where the clocks change. */
function hourTicks(view: TimeSpan, stepMinutes: number): Tick[] {
  const ticks: Tick[] = [];
  for (let day = dayOf(view.fromMs); day.fromMs < view.toMs; day = dayOf(day.toMs)) {
    const date = new Date(day.fromMs);
    for (let minute = 0; minute < 24 * 60; minute += stepMinutes) {
      const at = new Date(date.getFullYear(), date.getMonth(), date.getDate(), 0, minute);
      const timeMs = at.getTime();
      // An hour that the clocks leap over has no marks.
      const exists = at.getMinutes() === minute % 60 && at.getHours() === Math.floor(minute / 60);
      if (!exists || timeMs < view.fromMs || timeMs >= view.toMs) continue;
      ticks.push({ timeMs, form: minute === 0 ? 'day' : 'minutes' });
    }
  }
  return ticks;
}

function dayTicks(view: TimeSpan, step: number): Tick[] {
  const ticks: Tick[] = [];
  for (let day = dayOf(view.fromMs); day.fromMs < view.toMs; day = dayOf(day.toMs)) {
    const date = new Date(day.fromMs);
    // Counted by the calendar, so that the same days have marks however the view is moved.
    const count = Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS);
    if (count % step === 0 && day.fromMs >= view.fromMs) ticks.push({ timeMs: day.fromMs, form: 'day' });
  }
  return ticks;
}

function isMidnight(timeMs: number): boolean {
  return dayOf(timeMs).fromMs === timeMs;
}
