import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { columnsFor, narrowColumns, tileWidthPx } from '../../client/src/room/sync/columns.ts';
import { LanesReader } from '../../client/src/room/sync/lanes-reader.ts';
import { streamId } from '../../shared/names.ts';

describe('pictures side by side', () => {
  it.each([
    [1, 1280, 500, 1],
    [2, 1280, 500, 2],
    [2, 600, 900, 1],
    [3, 1240, 390, 3],
    [4, 1280, 720, 2],
    [9, 1920, 900, 3],
    [16, 1920, 1080, 4],
  ])('of %i in %i x %i pixels are in %i columns', (count, widthPx, heightPx, columns) => {
    expect(columnsFor(count, { widthPx, heightPx })).toBe(columns);
  });

  it('are as large as can be, and all in the room there is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 36 }),
        fc.integer({ min: 100, max: 4_000 }),
        fc.integer({ min: 100, max: 3_000 }),
        (count, widthPx, heightPx) => {
          const room = { widthPx, heightPx };
          const columns = columnsFor(count, room);
          const tilePx = tileWidthPx(count, columns, room);
          expect(columns * tilePx).toBeLessThanOrEqual(widthPx + 1e-6);
          expect((Math.ceil(count / columns) * tilePx * 9) / 16).toBeLessThanOrEqual(heightPx + 1e-6);
          for (let other = 1; other <= count; other += 1) {
            expect(tileWidthPx(count, other, room)).toBeLessThanOrEqual(tilePx + 1);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are few in a row on a phone', () => {
    expect([1, 2, 3, 8, 9, 16].map(narrowColumns)).toEqual([1, 1, 2, 2, 3, 3]);
  });
});

describe('what was recorded of cameras that play together', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('stays while the gateway is away, and what is missing is asked for until it is there', async () => {
    vi.useFakeTimers();
    let isAway = false;
    vi.stubGlobal('fetch', async (path: string) => {
      if (isAway) throw new TypeError('Failed to fetch');
      const { searchParams } = new URL(path, 'http://gateway');
      const [start, end] = [Number(searchParams.get('from')), Number(searchParams.get('to'))];
      return Response.json({ ranges: [{ start, end }], gaps: [], locks: [], bytes: 0 });
    });
    const nowMs = Date.UTC(2026, 0, 2);
    const reader = new LanesReader(() => nowMs);
    try {
      const [door, yard] = [streamId('live', 'door'), streamId('live', 'yard')];
      const kinds = () => [...reader.lanes.value.values()].map(({ kind }) => kind);
      reader.look({ fromMs: nowMs - 3_600_000, toMs: nowMs });
      reader.choose([door]);
      await vi.advanceTimersByTimeAsync(10);
      expect(kinds()).toEqual(['there']);
      isAway = true;
      reader.choose([door, yard]);
      await vi.advanceTimersByTimeAsync(3_000);
      expect(kinds()).toEqual(['there', 'failed']);
      isAway = false;
      await vi.advanceTimersByTimeAsync(3_000);
      expect(kinds()).toEqual(['there', 'there']);
    } finally {
      reader.close();
    }
  });
});
