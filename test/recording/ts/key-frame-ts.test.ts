import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessUnits,
  KeyFrameTs,
  keyFrameUnits,
  probeTs,
  wrap33,
} from '../../../server/recording/ts/index.ts';
import { codedFootage } from '../../support/coded-footage.ts';
import { type MadeUnit, TsMaker } from '../../support/ts-maker.ts';

const run = promisify(execFile);
const FFPROBE = process.env.FFPROBE_PATH ?? 'ffprobe';
const OPTIONS = { minDistance90k: 81_000, maxBytes: 32 * 1024 * 1024 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-key-frames-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What FFmpeg makes of it: every packet, and what it complains about. */
async function probed(data: Uint8Array) {
  const file = join(folder, 'probed.ts');
  await writeFile(file, data);
  const args = ['-v', 'warning', '-show_packets', '-show_streams', '-show_entries'];
  args.push('packet=pts,dts,flags,codec_type:stream=codec_name,codec_type', '-of', 'json', file);
  const { stdout, stderr } = await run(FFPROBE, args, { maxBuffer: 16 * 1024 * 1024 });
  const { packets = [], streams = [] } = JSON.parse(stdout) as {
    packets?: { pts: number; dts: number; flags: string; codec_type: string }[];
    streams?: { codec_name: string; codec_type: string }[];
  };
  return { packets, streams, complaints: stderr };
}

/** Groups of pictures with sound between them. */
function recorded(groups: readonly { pictures: number; step90k: number; bytes: number }[], start90k: number) {
  const units: MadeUnit[] = [];
  let pts90k = start90k;
  let id = 0;
  for (const { pictures, step90k, bytes } of groups) {
    for (let at = 0; at < pictures; at += 1) {
      const isKeyFrame = at === 0;
      const sizeBytes = isKeyFrame ? bytes : 40;
      units.push({ kind: 'video', pts90k: pts90k + 7_200, dts90k: pts90k, isKeyFrame, sizeBytes, id });
      units.push({ kind: 'audio', pts90k, id });
      pts90k += step90k;
      id += 1;
    }
  }
  const maker = new TsMaker({ hasAudio: true });
  return {
    units,
    end90k: pts90k + 7_200,
    data: Buffer.concat([maker.tables(), maker.units(wrapped(units))]),
  };
}

const wrapped = (units: readonly MadeUnit[]) =>
  units.map((unit) => ({
    ...unit,
    pts90k: wrap33(unit.pts90k),
    ...(unit.dts90k === undefined ? {} : { dts90k: wrap33(unit.dts90k) }),
  }));

const groupArb = fc.record({
  pictures: fc.integer({ min: 1, max: 6 }),
  step90k: fc.integer({ min: 2_000, max: 90_000 }),
  bytes: fc.integer({ min: 0, max: 700 }),
});
const startArb = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 34 }),
  // Around where the 33 bits wrap.
  fc.integer({ min: 2 ** 33 - 400_000, max: 2 ** 33 }),
);

describe('key frames as MPEG-TS', () => {
  it('are those of the recording, whole, thinned and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(groupArb, { minLength: 1, maxLength: 12 }),
        startArb,
        fc.integer({ min: 0, max: 200_000 }),
        (groups, start90k, minDistance90k) => {
          const { data, end90k } = recorded(groups, start90k);
          const ts = new KeyFrameTs({ ...OPTIONS, minDistance90k });
          ts.add({ data, startPts90k: start90k });
          const bytes = ts.finish(end90k);
          if (bytes === undefined) throw new Error('nothing came of it');
          const out = Buffer.from(bytes);
          const all = keyFrameUnits(data, { nearPts90k: start90k });
          const expected = all.filter(
            // The one before that is kept is far enough away, told without the code under test.
            (unit) =>
              keptOf(
                all.map(({ pts90k }) => pts90k),
                minDistance90k,
              ).includes(unit.pts90k),
          );
          const got = accessUnits(out, { nearPts90k: start90k });
          expect(got.slice(0, expected.length)).toEqual(expected);
          expect(got.every(({ isKeyFrame }) => isKeyFrame)).toBe(true);
          // The last one again, so that it lasts up to the end by the distance of the two.
          const last = expected.at(-1);
          const again = got.slice(expected.length);
          expect(again.map(({ data: picture }) => picture)).toEqual([last?.data]);
          const half90k = (again[0]?.pts90k ?? 0) - (last?.pts90k ?? 0);
          expect(Math.abs((again[0]?.pts90k ?? 0) + half90k - end90k)).toBeLessThanOrEqual(1);
          const probe = probeTs(out, { nearPts90k: start90k });
          expect(probe).toMatchObject({ isWhole: true, wholeBytes: out.length, pictures: got.length });
          expect(probe?.format?.audio).toBeUndefined();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('leave out what is damaged, and never fail on garbage', () => {
    fc.assert(
      fc.property(
        fc.array(groupArb, { minLength: 1, maxLength: 6 }),
        fc.array(fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }), { maxLength: 20 }),
        fc.nat({ max: 3_000 }),
        (groups, faults, cutBytes) => {
          const { data, end90k } = recorded(groups, 0);
          for (const { at, value } of faults) data[at % data.length] = value;
          const ts = new KeyFrameTs(OPTIONS);
          ts.add({ data: data.subarray(0, Math.max(0, data.length - cutBytes)), startPts90k: 0 });
          const bytes = ts.finish(end90k);
          expect(bytes === undefined).toBe(ts.count === 0);
          // Whatever the pictures hold, each of them is there.
          if (bytes !== undefined)
            expect([1, 2]).toContain(accessUnits(Buffer.from(bytes)).length - ts.count + 1);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('stop at the size that is allowed', () => {
    const { data, end90k } = recorded(Array(10).fill({ pictures: 2, step90k: 90_000, bytes: 1_000 }), 0);
    const ts = new KeyFrameTs({ ...OPTIONS, maxBytes: 3_000 });
    ts.add({ data, startPts90k: 0 });
    expect(ts.count).toBe(3);
    expect(ts.wants(end90k)).toBe(false);
    expect(new KeyFrameTs(OPTIONS).finish(0)).toBeUndefined();
  });

  it.each([
    { name: 'key frames a second apart, with B-pictures', keyFrameEvery: 25, bFrames: 2 },
    { name: 'key frames more often than is wanted', keyFrameEvery: 5, bFrames: 0 },
  ])('are read by FFmpeg without a complaint: $name', async ({ keyFrameEvery, bFrames }) => {
    const data = await codedFootage({ seconds: 6, keyFrameEvery, bFrames, startPts90k: 900_000 });
    const ts = new KeyFrameTs(OPTIONS);
    ts.add({ data, startPts90k: 900_000 });
    const bytes = ts.finish(900_000 + 6 * 90_000);
    if (bytes === undefined) throw new Error('nothing came of it');
    const source = await probed(data);
    const made = await probed(bytes);
    expect(made.complaints).toBe('');
    expect(made.streams).toHaveLength(1);
    expect(made.streams[0]).toMatchObject({ codec_name: 'h264', codec_type: 'video' });
    const keys = source.packets.filter(
      ({ codec_type: type, flags }) => type === 'video' && flags.startsWith('K'),
    );
    const kept = keptOf(
      keys.map(({ pts }) => pts),
      OPTIONS.minDistance90k,
    );
    expect(kept).toHaveLength(6);
    expect(made.packets.slice(0, 6).map(({ pts }) => pts)).toEqual(kept);
    expect(made.packets.every(({ flags }) => flags.startsWith('K'))).toBe(true);
    expect(made.packets).toHaveLength(7);
    expect(made.packets[6]?.pts).toBe(900_000 + 5.5 * 90_000);
  });
});

/** Times that are at least so far from the one that was kept before. */
function keptOf(times: readonly number[], minDistance90k: number): number[] {
  const kept: number[] = [];
  for (const time of times) {
    const last = kept.at(-1);
    if (last === undefined || time - last >= minDistance90k) kept.push(time);
  }
  return kept;
}
