import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptsGzip, matchesEtag, parseRange, rangeCounts } from '../../server/http/byte-range.ts';

describe('Range', () => {
  const whole = { kind: 'whole' };
  const unsatisfiable = { kind: 'unsatisfiable' };
  const part = (start: number, end: number) => ({ kind: 'part', start, end });

  it.each([
    [undefined, whole],
    ['bytes=0-0', part(0, 1)],
    ['bytes=10-19', part(10, 20)],
    ['bytes=10-', part(10, 100)],
    ['bytes=10-5000', part(10, 100)],
    ['bytes=-10', part(90, 100)],
    ['bytes=-5000', part(0, 100)],
    ['bytes=100-', unsatisfiable],
    ['bytes=100-200', unsatisfiable],
    ['bytes=-0', unsatisfiable],
    ['bytes=20-10', whole],
    ['bytes=-', whole],
    ['bytes=0-1,5-6', whole],
    ['bytes=a-b', whole],
    ['items=0-1', whole],
  ])('%s of 100 bytes', (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected);
  });

  it('never leaves the body, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('bytes=', '-', '0', '7', '99', ',', ' ') }),
        fc.nat(300),
        (header, size) => {
          const range = parseRange(header, size);
          if (range.kind !== 'part') return;
          expect(range.start).toBeGreaterThanOrEqual(0);
          expect(range.end).toBeGreaterThan(range.start);
          expect(range.end).toBeLessThanOrEqual(size);
        },
      ),
    );
  });

  it('counts only for the very body that the client has a part of', () => {
    expect(rangeCounts(undefined, '"a"')).toBe(true);
    expect(rangeCounts('"a"', '"a"')).toBe(true);
    expect(rangeCounts('"b"', '"a"')).toBe(false);
    expect(rangeCounts('W/"a"', 'W/"a"')).toBe(false);
    expect(rangeCounts('Wed, 21 Oct 2026 07:28:00 GMT', '"a"')).toBe(false);
  });
});

it.each([
  [undefined, '"a"', false],
  ['"a"', '"a"', true],
  ['W/"a"', '"a"', true],
  ['"x", W/"a"', 'W/"a"', true],
  ['"ab"', '"a"', false],
  ['*', '"a"', true],
])('If-None-Match %s of %s', (header, etag, expected) => {
  expect(matchesEtag(header, etag)).toBe(expected);
});

it.each([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['deflate, gzip;q=0.5', true],
  ['gzip;q=0, *', false],
  ['gzip; q=0.000', false],
  ['*', true],
  ['*;q=0', false],
  ['identity', false],
  ['br, zstd', false],
])('Accept-Encoding %s', (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected);
});
