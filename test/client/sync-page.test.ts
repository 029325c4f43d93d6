import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnsFor, narrowColumns, tileWidthPx } from '../../client/src/room/sync/columns.ts';

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
