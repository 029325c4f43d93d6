import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accessUnits,
  type CutSegment,
  keyFrameUnits,
  probeTs,
  Segmenter,
  TABLES_BYTES,
  unitsTo,
} from '../../../server/recording/ts/index.ts';
import { type MadeUnit, TsMaker } from '../../support/ts-maker.ts';
import { TsRetimer } from '../../support/ts-retimer.ts';

const START_90K = 2 ** 33 - 400_000;

type MutableUnit = { -readonly [K in keyof MadeUnit]: MadeUnit[K] };

/** Groups of pictures of any length, pictures of any size and distance, sound in between. */
const footage = fc
  .record({
    groups: fc.array(
      fc.array(fc.record({ size: fc.nat(1500), after: fc.integer({ min: 900, max: 40_000 }) }), {
        minLength: 1,
        maxLength: 12,
      }),
      {
        minLength: 1,
        maxLength: 14,
      },
    ),
    hasAudio: fc.boolean(),
    isReordered: fc.boolean(),
  })
  .map(({ groups, hasAudio, isReordered }) => {
    const units: MadeUnit[] = [];
    let pts90k = START_90K;
    let id = 0;
    for (const group of groups) {
      group.forEach(({ size, after }, i) => {
        units.push({ kind: 'video', pts90k, isKeyFrame: i === 0, sizeBytes: size, id });
        if (hasAudio) units.push({ kind: 'audio', pts90k: pts90k + 5, sizeBytes: size % 400, id });
        pts90k += after;
        id += 1;
      });
    }
    return { units: isReordered ? reordered(units) : units, hasAudio };
  });

/** Decodes every other picture before the one that is shown in front of it, as with B-frames. */
function reordered(units: readonly MadeUnit[]): MadeUnit[] {
  const result: MutableUnit[] = units.map((unit) =>
    unit.kind === 'video' ? { ...unit, dts90k: unit.pts90k - 40_000 } : unit,
  );
  const pictures = result.filter((unit) => unit.kind === 'video');
  for (let i = 0; i + 1 < pictures.length; i += 1) {
    const [early, late] = [pictures[i], pictures[i + 1]];
    if (early === undefined || late === undefined || early.isKeyFrame || late.isKeyFrame) continue;
    [early.pts90k, late.pts90k] = [late.pts90k, early.pts90k];
    i += 1;
  }
  return result;
}

const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 12 });

function push(segmenter: Segmenter, bytes: Buffer, sizes: readonly number[]): void {
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    // A copy that is spoiled afterwards: nothing of what came in may be kept.
    const piece = Buffer.from(bytes.subarray(at, at + size));
    segmenter.push(piece);
    piece.fill(0);
    at += size;
  }
}

function stream(units: readonly MadeUnit[], hasAudio: boolean): Buffer {
  const maker = new TsMaker({ hasAudio });
  return Buffer.concat([maker.tables(), maker.units(units)]);
}

function ids(data: Buffer): number[] {
  return accessUnits(data).map((unit) => {
    const at = unit.data.lastIndexOf(Buffer.from([0, 0, 0, 1]));
    return Number.parseInt(unit.data.toString('latin1', at + 6, at + 12), 16);
  });
}

/** What holds for all that a segmenter gives out. */
function expectSound(cuts: readonly CutSegment[]): void {
  cuts.forEach((cut, i) => {
    const next = cuts[i + 1];
    const probe = probeTs(cut.data, { nearPts90k: cut.startPts90k });
    expect(probe).toMatchObject({ isWhole: true, startPts90k: cut.startPts90k, format: cut.format });
    expect(probe?.keyFrames).toEqual(cut.keyFrames);
    expect(cut.keyFrames[0]?.offset).toBe(TABLES_BYTES);
    expect(cut.duration90k).toBeGreaterThan(0);
    if (next === undefined) return;
    const end90k = cut.startPts90k + cut.duration90k;
    if (next.begins === undefined) expect(end90k).toBe(next.startPts90k);
    else expect(end90k).toBeLessThanOrEqual(next.startPts90k);
  });
  // One byte stream, no counter broken.
  const whole = cuts.every((cut, i) => i === 0 || cut.begins === undefined);
  if (whole && cuts.length > 0)
    expect(probeTs(Buffer.concat(cuts.map((cut) => cut.data)))?.isWhole).toBe(true);
}

function record(segmentMs: number) {
  const cuts: CutSegment[] = [];
  const segmenter = new Segmenter({ segmentMs, onSegment: (cut) => cuts.push(cut) });
  return { cuts, segmenter };
}

describe('Segmenter, whatever the footage', () => {
  test('gives out every picture once, in whole segments that join without a seam', () => {
    fc.assert(
      fc.property(
        footage,
        pieces,
        fc.integer({ min: 1000, max: 5000 }),
        ({ units, hasAudio }, sizes, segmentMs) => {
          const { cuts, segmenter } = record(segmentMs);
          segmenter.begin({ expectedPts90k: START_90K, cause: 'started' });
          push(segmenter, stream(units, hasAudio), sizes);
          segmenter.end();
          expectSound(cuts);
          const pictures = units.filter((unit) => unit.kind === 'video');
          expect(cuts.flatMap((cut) => ids(cut.data))).toEqual(pictures.map((unit) => unit.id));
          expect(cuts.slice(1).every((cut) => cut.begins === undefined)).toBe(true);
          // Only the last may be shorter than half of what was asked for.
          for (const cut of cuts.slice(0, -1))
            expect(cut.duration90k).toBeGreaterThanOrEqual(segmentMs * 45 - 9000);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('loses no picture and doubles none when a run breaks off anywhere and the next one replays', () => {
    fc.assert(
      fc.property(
        footage,
        pieces,
        fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), back: fc.nat(2) }), {
          maxLength: 4,
        }),
        ({ units, hasAudio }, sizes, breaks) => {
          const { cuts, segmenter } = record(2000);
          const keys = units.flatMap((unit, i) => (unit.isKeyFrame === true ? [i] : []));
          let from = 0;
          for (const { at, back } of breaks) {
            segmenter.begin({ expectedPts90k: START_90K, cause: 'recorder-restarted' });
            const maker = new TsMaker({ hasAudio });
            const parts = [maker.tables(), ...units.slice(from).map((unit) => maker.unit(unit))];
            const bytes = Buffer.concat(parts);
            const stop = Math.floor(bytes.length * at);
            push(segmenter, bytes.subarray(0, stop), sizes);
            segmenter.interrupt({ isWhole: false });
            // The replay begins with the group of pictures that holds the last picture of which anything came out; at a key
            // frame with the group before, since that one's last picture may not be whole.
            let end = 0;
            const begun = parts.filter((part) => {
              end += part.length;
              return end - part.length + 188 <= stop;
            });
            const reached = from + begun.length - 2;
            const before = keys.filter((key) => key < reached);
            from = before[Math.max(0, before.length - 1 - back)] ?? 0;
          }
          segmenter.begin({ expectedPts90k: START_90K, cause: 'recorder-restarted' });
          push(segmenter, stream(units.slice(from), hasAudio), sizes);
          segmenter.end();
          expectSound(cuts);
          const pictures = units.filter((unit) => unit.kind === 'video');
          expect(cuts.flatMap((cut) => ids(cut.data))).toEqual(pictures.map((unit) => unit.id));
          const sounds = cuts.reduce((sum, cut) => sum + countSounds(cut.data), 0);
          // One frame of sound may be lost where a run broke off within it.
          if (hasAudio) expect(pictures.length - sounds).toBeLessThanOrEqual(2 * breaks.length);
          if (hasAudio) expect(sounds).toBeLessThanOrEqual(pictures.length);
          expect(cuts.slice(1).every((cut) => cut.begins === undefined)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('damage costs pictures, never more: what comes out is packets that begin with tables and a key frame', () => {
    const damage = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        kind: fc.constantFrom('flip' as const, 'cut' as const, 'noise' as const),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 600 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(footage, pieces, damage, ({ units, hasAudio }, sizes, damages) => {
        const { cuts, segmenter } = record(1000);
        let bytes = stream(units, hasAudio);
        for (const { at, kind, bytes: noise } of damages) {
          const offset = Math.floor(bytes.length * at);
          const rest = kind === 'noise' ? offset : offset + noise.length;
          bytes = Buffer.concat([
            bytes.subarray(0, offset),
            kind === 'cut' ? Buffer.alloc(0) : noise,
            bytes.subarray(rest),
          ]);
        }
        segmenter.begin({ expectedPts90k: START_90K, cause: 'started' });
        push(segmenter, bytes, sizes);
        segmenter.end();
        for (const cut of cuts) {
          expect(cut.data.length % 188).toBe(0);
          expect(cut.duration90k).toBeGreaterThan(0);
          const probe = probeTs(cut.data, { nearPts90k: cut.startPts90k });
          expect(probe?.startPts90k).toBe(cut.startPts90k);
          expect(probe?.keyFrames[0]?.offset).toBe(TABLES_BYTES);
          expect(probe?.wholeBytes).toBe(cut.data.length);
          for (const near of [0, cut.startPts90k]) unitsTo(cut.data, near);
        }
        expect(segmenter.openBytes).toBeLessThan(8 * 1024 * 1024);
      }),
      { numRuns: 200 },
    );
  });

  test('nothing throws on noise', () => {
    const noise = fc.uint8Array({ maxLength: 4000 }).map((bytes) => {
      const data = Buffer.from(bytes);
      for (let at = 0; at < data.length; at += 188) data[at] = 0x47;
      return data;
    });
    fc.assert(
      fc.property(noise, fc.integer(), (data, shift90k) => {
        const { segmenter } = record(1000);
        segmenter.begin({ expectedPts90k: 0, cause: 'started', shift90k });
        segmenter.push(data);
        segmenter.end();
        probeTs(data);
        keyFrameUnits(data);
        unitsTo(data, shift90k);
        new TsRetimer().retime(Buffer.from(data), shift90k);
      }),
      { numRuns: 500 },
    );
  });
});

function countSounds(data: Buffer): number {
  let count = 0;
  for (let at = 0; at < data.length; at += 188) {
    if ((data.readUInt16BE(at + 1) & 0x5fff) === 0x4101) count += 1;
  }
  return count;
}
