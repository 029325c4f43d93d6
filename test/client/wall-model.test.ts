import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  autoSize,
  inOrder,
  isChanged,
  isWanted,
  neighbour,
  type Place,
  pageOf,
  putAt,
  resized,
  swapped,
} from '../../client/src/room/wall/model.ts';
import { GRID_SIZES, gridOf, MAX_COLUMNS, MAX_TILES } from '../../shared/layouts.ts';
import type { StreamStatus } from '../../shared/stream.ts';

function camera(name: string, fields: Partial<StreamStatus> = {}): StreamStatus {
  return {
    app: 'live',
    name,
    source: { url: 'rtsp://10.0.0.5/s1', hasPassword: false, transport: 'auto' },
    onDemand: false,
    readOnly: false,
    state: 'live',
    tracks: [],
    viewers: 0,
    readers: 0,
    recorder: { state: 'off' },
    ...fields,
  };
}

const names = (streams: readonly StreamStatus[]) => streams.map(({ name }) => name);
const places = fc
  .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: MAX_TILES })
  .chain((numbers) => fc.tuple(...numbers.map((number) => fc.constantFrom<Place>(`live/c${number}`, null))));

describe('the order of the wall', () => {
  it('is by name, as people count, where nobody chose one', () => {
    const all = [
      camera('door-10'),
      camera('door-2'),
      camera('Yard'),
      camera('x', { labels: { title: 'Attic' } }),
    ];
    expect(names(inOrder(all, []))).toEqual(['x', 'door-2', 'door-10', 'Yard']);
  });

  it('is as chosen; what came since follows, and what went leaves no gap', () => {
    const all = [camera('a'), camera('b'), camera('c'), camera('new')];
    expect(names(inOrder(all, ['live/c', 'live/gone', 'live/a', 'live/b']))).toEqual(['c', 'a', 'b', 'new']);
  });
});

describe('a search', () => {
  const door = camera('front-door', { labels: { title: 'Türe vorn', floor: 'EG' } });
  it.each([
    ['', true],
    ['  ', true],
    ['ture', true],
    ['TÜR', true],
    ['eg vorn', true],
    ['live/front', true],
    ['hinten', false],
    ['vorn hinten', false],
  ])('for "%s": %s', (text, found) => {
    expect(isWanted(door, { text, filter: 'all' })).toBe(found);
  });

  it('for state', () => {
    const waiting = camera('w', { state: 'waiting' });
    const recorded = camera('r', { recorder: { state: 'recording' } });
    const stuck = camera('s', {
      recorder: { state: 'waiting', reason: { code: 'DISK_FULL', message: 'The disk is full.' } },
    });
    const all = [waiting, recorded, stuck];
    const found = (filter: 'live' | 'trouble' | 'recorded') =>
      names(all.filter((one) => isWanted(one, { text: '', filter })));
    expect(found('live')).toEqual(['r', 's']);
    expect(found('trouble')).toEqual(['w', 's']);
    expect(found('recorded')).toEqual(['r', 's']);
  });
});

describe('grids', () => {
  it('hold their tiles in at most six columns, and are never higher than wide', () => {
    for (const size of [...GRID_SIZES, 3, 5, 7, 35]) {
      const { columns, rows } = gridOf(size);
      expect(columns).toBeLessThanOrEqual(MAX_COLUMNS);
      expect(rows).toBeLessThanOrEqual(columns);
      expect(columns * rows).toBeGreaterThanOrEqual(size);
      expect(columns * (rows - 1)).toBeLessThan(size);
    }
  });

  it('are as large as the cameras need where nobody chose', () => {
    expect([0, 1, 2, 3, 5, 16, 17, 200].map((cameras) => autoSize(cameras, false))).toEqual([
      1, 1, 2, 4, 6, 16, 16, 16,
    ]);
    expect(autoSize(200, true)).toBe(12);
  });

  it('show every camera on exactly one page', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 220 }), fc.constantFrom(...GRID_SIZES), (count, size) => {
        const ids = Array.from({ length: count }, (_, index) => `live/c${index}`);
        const { pages } = pageOf(ids, size, 0);
        const shown = Array.from({ length: pages }, (_, page) => pageOf(ids, size, page));
        expect(shown.flatMap((view) => view.places)).toEqual(ids);
        for (const { places: some, offset } of shown)
          expect(ids.indexOf(some[0] ?? '')).toBe(count === 0 ? -1 : offset);
        // A page that is not there any more is the last one.
        expect(pageOf(ids, size, 999)).toEqual(shown.at(-1));
      }),
    );
  });
});

describe('arranging', () => {
  it('loses no camera and doubles none', () => {
    fc.assert(
      fc.property(places, fc.nat(40), fc.nat(40), (before, a, b) => {
        const after = swapped(before, a, b);
        expect([...after].sort()).toEqual([...before].sort());
        expect(swapped(after, a, b)).toEqual(before);
      }),
    );
  });

  it('to fewer places gives up the empty ones first, then the last', () => {
    expect(resized(['a', null, 'b', null, 'c', 'd'], 4)).toEqual(['a', 'b', 'c', 'd']);
    expect(resized(['a', null, 'b', 'c'], 2)).toEqual(['a', 'b']);
    expect(resized(['a'], 4)).toEqual(['a', null, null, null]);
    fc.assert(
      fc.property(places, fc.constantFrom(...GRID_SIZES), (before, size) => {
        const after = resized(before, size);
        const cameras = before.filter((place) => place !== null);
        expect(after).toHaveLength(size);
        expect(after.filter((place) => place !== null)).toEqual(cameras.slice(0, size));
      }),
    );
  });

  it('puts a camera that stands elsewhere to its new place alone', () => {
    expect(putAt(['a', null, 'b'], 1, 'a')).toEqual([null, 'a', 'b']);
    expect(putAt(['a', null, 'b'], 1, 'c')).toEqual(['a', 'c', 'b']);
    expect(putAt(['a', null, 'b'], 2, 'c')).toEqual(['a', null, 'c']);
  });

  it('is seen as a change only where it is one', () => {
    const saved = { columns: 2, tiles: ['live/a', null] as const };
    const as = (tiles: readonly Place[], columns = 2) =>
      isChanged({ ...saved, tiles: [...saved.tiles] }, { columns, tiles: tiles as never });
    expect(as(['live/a', null])).toBe(false);
    expect(as([null, 'live/a'])).toBe(true);
    expect(as(['live/a', null], 1)).toBe(true);
    expect(as(['live/a', null, null])).toBe(true);
  });
});

describe('arrow keys', () => {
  it('stay on the wall, and lead back the way they came', () => {
    const back: Record<string, string> = {
      ArrowLeft: 'ArrowRight',
      ArrowRight: 'ArrowLeft',
      ArrowUp: 'ArrowDown',
      ArrowDown: 'ArrowUp',
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_TILES }),
        fc.nat(MAX_TILES),
        fc.constantFrom(...Object.keys(back)),
        (count, at, key) => {
          const { columns } = gridOf(count);
          const from = at % count;
          const to = neighbour(from, key, columns, count);
          expect(to).toBeGreaterThanOrEqual(0);
          expect(to).toBeLessThan(count);
          if (to !== from) expect(neighbour(to, back[key] ?? '', columns, count)).toBe(from);
        },
      ),
    );
  });
});
