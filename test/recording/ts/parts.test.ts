import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accessUnits,
  keyFrameUnits,
  PacketReader,
  probeTs,
  unitsTo,
  unwrap33,
  wrap33,
} from '../../../server/recording/ts/index.ts';
import { type MadeUnit, TsMaker } from '../../support/ts-maker.ts';
import { TsRetimer } from '../../support/ts-retimer.ts';

const FRAME_90K = 3600;

function footage(frames: number, from = 0): MadeUnit[] {
  return Array.from({ length: frames }, (_, i): MadeUnit => {
    const id = from + i;
    return { kind: 'video', pts90k: 90_000 + id * FRAME_90K, id, isKeyFrame: id % 10 === 0, sizeBytes: 400 };
  });
}

function stream(units: readonly MadeUnit[], maker = new TsMaker()): Buffer {
  return Buffer.concat([maker.tables(), maker.units(units)]);
}

describe('unwrap33', () => {
  test('finds the time that is nearest, however often it has wrapped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
        fc.integer({ min: -(2 ** 32) + 1, max: 2 ** 32 - 1 }),
        (near, by) => {
          expect(unwrap33(wrap33(near + by), near)).toBe(near + by);
        },
      ),
    );
  });
});

describe('PacketReader', () => {
  test('finds packets again after anything that is not one', () => {
    const good = stream(footage(12));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 500 }),
        fc.integer({ min: 1, max: 900 }),
        (noise, size) => {
          const seen: Buffer[] = [];
          let skipped = 0;
          const reader = new PacketReader(
            (data, at) => seen.push(Buffer.from(data.subarray(at, at + 188))),
            (bytes) => {
              skipped += bytes;
            },
          );
          const bytes = Buffer.concat([good, noise, good]);
          for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
          // The last one is only sure once another byte follows, where sync was lost shortly before.
          expect(seen.length * 188 + skipped).toBeLessThanOrEqual(bytes.length);
          expect(Buffer.concat(seen.slice(0, good.length / 188)).equals(good)).toBe(true);
          const tail = Buffer.concat(seen.slice(-4));
          expect(tail.equals(good.subarray(good.length - tail.length))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('probeTs', () => {
  test('tells what is in a segment', () => {
    const maker = new TsMaker({ hasAudio: true });
    const units = footage(25).flatMap((unit): MadeUnit[] => [
      unit,
      { kind: 'audio', pts90k: unit.pts90k + 7 },
    ]);
    expect(probeTs(stream(units, maker))).toMatchObject({
      startPts90k: 90_000,
      endPts90k: 90_000 + 25 * FRAME_90K,
      frameDuration90k: FRAME_90K,
      pictures: 25,
      audioStartPts90k: 90_007,
      audioEndPts90k: 90_007 + 24 * FRAME_90K,
      isWhole: true,
      format: { width: 240, height: 160, audio: { clockRate: 48_000, channels: 1 } },
    });
  });

  test('a torn file is whole up to where it was torn', () => {
    const bytes = stream(footage(25));
    const torn = probeTs(bytes.subarray(0, bytes.length - 1000));
    expect(torn).toMatchObject({ isWhole: false, startPts90k: 90_000 });
    expect(torn?.wholeBytes).toBe(Math.floor((bytes.length - 1000) / 188) * 188);
    const zeros = Buffer.concat([bytes.subarray(0, 188 * 40), Buffer.alloc(188 * 10)]);
    expect(probeTs(zeros)).toMatchObject({ isWhole: false, wholeBytes: 188 * 40 });
  });

  test('a hole is noticed, and what is no TS too', () => {
    const bytes = stream(footage(25));
    const hole = Buffer.concat([bytes.subarray(0, 188 * 20), bytes.subarray(188 * 22)]);
    expect(probeTs(hole)?.isWhole).toBe(false);
    expect(probeTs(Buffer.alloc(0))).toBeUndefined();
    expect(probeTs(Buffer.from('not a segment'))).toBeUndefined();
    expect(probeTs(stream(footage(5, 1)))).toBeUndefined();
  });

  test('what does not begin with a key frame is not whole', () => {
    expect(probeTs(stream(footage(25, 5)))).toMatchObject({
      isWhole: false,
      startPts90k: 90_000 + 10 * FRAME_90K,
    });
  });
});

describe('TsRetimer', () => {
  test('moves all times and lets the counters go on over joined pieces', () => {
    const retimer = new TsRetimer();
    const shifts = [5, -90_000, 2 ** 33 - 100_000, -(2 ** 34) - 1];
    const pieces = shifts.map((shift90k, i) =>
      retimer.retime(stream(footage(20 + i), new TsMaker({ videoPid: 0x100 })), shift90k),
    );
    pieces.forEach((piece, i) => {
      const shift90k = shifts[i] ?? 0;
      expect(probeTs(piece)?.startPts90k).toBe(wrap33(90_000 + shift90k));
      expect(accessUnits(piece, { nearPts90k: 90_000 + shift90k }).map((unit) => unit.pts90k)).toEqual(
        footage(20 + i).map((unit) => unit.pts90k + shift90k),
      );
      expect(clocks(piece)).toEqual(clocks(stream(footage(20 + i))).map((clock) => wrap33(clock + shift90k)));
    });
    expect(probeTs(Buffer.concat(pieces))?.isWhole).toBe(true);
  });

  test('works in place and keeps everything else', () => {
    const before = stream(footage(30));
    const data = Buffer.from(before);
    const retimer = new TsRetimer();
    expect(retimer.retime(data, 777)).toBe(data);
    expect(data.equals(before)).toBe(false);
    expect(new TsRetimer().retime(data, -777).equals(before)).toBe(true);
  });
});

describe('pictures of a segment', () => {
  test('come in decoding order, complete and in Annex B', () => {
    const units = accessUnits(stream(footage(25)));
    expect(units.map((unit) => unit.isKeyFrame)).toEqual(footage(25).map((unit) => unit.isKeyFrame));
    expect(units.every((unit) => unit.data.subarray(0, 6).equals(Buffer.from([0, 0, 0, 1, 9, 0xf0])))).toBe(
      true,
    );
    expect(keyFrameUnits(stream(footage(25))).map((unit) => unit.pts90k)).toEqual([90_000, 126_000, 162_000]);
  });

  test.each([
    [90_000 + 13 * FRAME_90K, [10, 13]],
    [90_000 + 13 * FRAME_90K + 3599, [10, 13]],
    [90_000 + 10 * FRAME_90K, [10, 10]],
    [90_000 + 99 * FRAME_90K, [20, 24]],
    [0, [0, 0]],
  ])('unitsTo(%i) gives what a decoder needs', (pts90k, [first = 0, last = 0]) => {
    const units = unitsTo(stream(footage(25)), pts90k);
    expect(units[0]?.pts90k).toBe(90_000 + first * FRAME_90K);
    expect(units.at(-1)?.pts90k).toBe(90_000 + last * FRAME_90K);
    expect(units).toHaveLength(last - first + 1);
  });

  test('unitsTo takes pictures along that are decoded earlier and shown later', () => {
    const order = [0, 3, 1, 2];
    const units = order.map(
      (shown, i): MadeUnit => ({
        kind: 'video',
        pts90k: 90_000 + shown * FRAME_90K,
        dts90k: 90_000 + (i - 1) * FRAME_90K,
        isKeyFrame: i === 0,
      }),
    );
    const shown = (at: number) =>
      unitsTo(stream(units), 90_000 + at * FRAME_90K).map((unit) => (unit.pts90k - 90_000) / FRAME_90K);
    expect(shown(0)).toEqual([0]);
    expect(shown(1)).toEqual([0, 3, 1]);
    expect(shown(2)).toEqual([0, 3, 1, 2]);
    expect(shown(3)).toEqual([0, 3]);
  });

  test('a picture with a hole is left out', () => {
    const maker = new TsMaker();
    const bytes = Buffer.concat([maker.tables(), maker.units(footage(3))]);
    // The second packet of the second picture.
    const begins = [...Array(bytes.length / 188).keys()].filter((i) => (bytes[i * 188 + 1] ?? 0) & 0x40);
    const at = ((begins[3] ?? 0) + 1) * 188;
    const holed = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 188)]);
    expect(accessUnits(holed).map((unit) => (unit.pts90k - 90_000) / FRAME_90K)).toEqual([0, 2]);
  });
});

/** All PCRs, in units of 90 kHz. */
function clocks(data: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < data.length; at += 188) {
    if (((data[at + 3] ?? 0) & 0x20) === 0 || (data[at + 4] ?? 0) < 7 || ((data[at + 5] ?? 0) & 0x10) === 0)
      continue;
    found.push(data.readUInt32BE(at + 6) * 2 + ((data[at + 10] ?? 0) >> 7));
  }
  return found;
}
