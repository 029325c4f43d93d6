import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Footage } from '../../client/src/room/camera/footage.ts';
import type { CameraEvent } from '../../shared/events.ts';

const NOW_MS = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
let events: CameraEvent[];

beforeEach(() => {
  events = [];
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.stubGlobal('fetch', async (path: string) => Response.json(answer(new URL(path, 'http://gateway'))));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** As the gateway answers: the newest events of a time first. */
function answer({ pathname, searchParams }: URL): object {
  if (pathname.endsWith('/events')) {
    const [from, to, max] = ['from', 'to', 'max'].map((name) => Number(searchParams.get(name)));
    const within = events.filter(({ start }) => start >= (from ?? 0) && start < (to ?? 0));
    return { events: within.sort((a, b) => b.start - a.start).slice(0, max) };
  }
  return pathname.endsWith('/timeline') ? { ranges: [], gaps: [], locks: [], bytes: 0 } : { thumbnails: [] };
}

function eventAt(start: number, isActive = false): CameraEvent {
  const end = isActive ? {} : { end: start + 1 };
  return {
    ...{ id: `${start}`, app: 'live', name: 'cam', kind: 'motion', origin: 'onvif' },
    start,
    isActive,
    ...end,
  };
}

function footage(): Footage {
  return new Footage({ app: 'live', name: 'cam' }, () => NOW_MS);
}

test('hears that what began before many other events is over', async () => {
  const open = eventAt(NOW_MS - HOUR_MS / 2, true);
  events = [open, ...Array.from({ length: 300 }, (_, n) => eventAt(NOW_MS - 1_000 - n))];
  const known = footage();
  known.look({ fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(known.events.value.filter(({ isActive }) => isActive)).toEqual([open]);
  events[events.indexOf(open)] = { ...open, isActive: false, end: NOW_MS };
  await vi.advanceTimersByTimeAsync(10_000);
  known.close();
  expect(known.events.value).toHaveLength(301);
  expect(known.events.value.filter(({ isActive }) => isActive)).toEqual([]);
});

test('knows also the events of a time further back that a refresh reads', async () => {
  events = Array.from({ length: 1_000 }, (_, n) => eventAt(NOW_MS - n * 12_000));
  const known = footage();
  const view = { fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS };
  known.look(view);
  await vi.advanceTimersByTimeAsync(1_000);
  for (let steps = 0; steps < 7; steps++) {
    view.fromMs -= HOUR_MS / 8;
    view.toMs -= HOUR_MS / 8;
    known.look({ ...view });
    await vi.advanceTimersByTimeAsync(10_000);
  }
  known.close();
  const shown = (list: readonly CameraEvent[]) =>
    list.filter(({ start }) => start >= view.fromMs && start < view.toMs).length;
  expect(shown(known.events.value)).toBe(shown(events));
});
