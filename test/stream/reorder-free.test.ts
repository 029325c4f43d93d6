import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitWriter } from '../../server/stream/h264/bit-writer.ts';
import { parseSps, reorderFree } from '../../server/stream/index.ts';
import { encodeReorderedClip } from '../support/reordered-clip.ts';
import { SPS } from '../support/rtp-units.ts';

const run = promisify(execFile);

interface Shape {
  readonly profileIdc: number;
  readonly constraints: number;
  readonly pocLsbBits: number;
  readonly maxRefFrames: number;
  readonly widthInMbs: number;
  readonly heightInMbs: number;
  readonly vui?: {
    readonly sar: boolean;
    readonly signal: boolean;
    readonly fps: number | undefined;
    readonly hrd: boolean;
    readonly reorderFrames: number | undefined;
  };
}

/** An SPS by H.264 section 7.3.2.1.1. */
function spsOf(shape: Shape): Buffer {
  const out = new BitWriter();
  out.bits(shape.profileIdc, 8);
  out.bits(shape.constraints, 8);
  out.bits(40, 8);
  out.ue(0);
  if (shape.profileIdc === 100) {
    out.ue(1);
    out.ue(0);
    out.ue(0);
    out.bits(0, 2);
  }
  out.ue(4);
  out.ue(0);
  out.ue(shape.pocLsbBits - 4);
  out.ue(shape.maxRefFrames);
  out.bit(0);
  out.ue(shape.widthInMbs - 1);
  out.ue(shape.heightInMbs - 1);
  out.bit(1);
  out.bit(1);
  out.bit(0);
  out.bit(shape.vui === undefined ? 0 : 1);
  if (shape.vui !== undefined) writeVui(out, shape.vui, shape.maxRefFrames);
  out.bit(1);
  const bytes = [...out.bytes()];
  const nal = [0x67];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      nal.push(3);
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    nal.push(byte);
  }
  return Buffer.from(nal);
}

function writeVui(out: BitWriter, vui: NonNullable<Shape['vui']>, maxRefFrames: number): void {
  out.bit(vui.sar ? 1 : 0);
  if (vui.sar) {
    out.bits(255, 8);
    out.bits(4, 16);
    out.bits(3, 16);
  }
  out.bit(0);
  out.bit(vui.signal ? 1 : 0);
  if (vui.signal) {
    out.bits(5, 3);
    out.bit(1);
    out.bit(1);
    out.bits(0x010101, 24);
  }
  out.bit(0);
  out.bit(vui.fps === undefined ? 0 : 1);
  if (vui.fps !== undefined) {
    out.bits(1, 32);
    out.bits(2 * vui.fps, 32);
    out.bit(1);
  }
  out.bit(vui.hrd ? 1 : 0);
  if (vui.hrd) {
    out.ue(0);
    out.bits(0x11, 8);
    out.ue(1000);
    out.ue(2000);
    out.bit(0);
    out.bits(0x12345, 20);
  }
  out.bit(0);
  if (vui.hrd) out.bit(0);
  out.bit(1);
  out.bit(vui.reorderFrames === undefined ? 0 : 1);
  if (vui.reorderFrames === undefined) return;
  out.bit(1);
  for (const value of [0, 0, 11, 11]) out.ue(value);
  out.ue(vui.reorderFrames);
  out.ue(Math.max(maxRefFrames, vui.reorderFrames));
}

const shapes = fc.record(
  {
    profileIdc: fc.constantFrom(77, 100),
    constraints: fc.constant(0),
    pocLsbBits: fc.integer({ min: 4, max: 16 }),
    maxRefFrames: fc.integer({ min: 0, max: 16 }),
    widthInMbs: fc.integer({ min: 1, max: 500 }),
    heightInMbs: fc.integer({ min: 1, max: 500 }),
    vui: fc.record({
      sar: fc.boolean(),
      signal: fc.boolean(),
      fps: fc.option(fc.integer({ min: 1, max: 240 }), { nil: undefined }),
      hrd: fc.boolean(),
      reorderFrames: fc.option(fc.integer({ min: 0, max: 16 }), { nil: undefined }),
    }),
  },
  { requiredKeys: ['profileIdc', 'constraints', 'pocLsbBits', 'maxRefFrames', 'widthInMbs', 'heightInMbs'] },
);

test('an SPS is made to promise order and stays the same in all else (property)', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const sps = spsOf(shape as Shape);
      const before = parseSps(sps);
      expect(before?.width).toBe(shape.widthInMbs * 16);
      expect(before?.fps).toBe(shape.vui?.fps);
      expect(before?.reorderFrames).toBe(shape.vui?.reorderFrames);
      expect(before?.slice.pocLsbBits).toBe(shape.pocLsbBits);
      const changed = reorderFree(sps);
      const after = parseSps(changed);
      expect(after).toMatchObject({ reorderFrames: 0, slice: before?.slice });
      const { id, profileLevelId, width, height, fps } = after ?? {};
      expect({ id, profileLevelId, width, height, fps }).toEqual({
        id: before?.id,
        profileLevelId: before?.profileLevelId,
        width: before?.width,
        height: before?.height,
        fps: before?.fps,
      });
      expect(reorderFree(changed)).toBe(changed);
      // No start code comes into being.
      expect(changed.includes(Buffer.from([0, 0, 1]))).toBe(false);
    }),
  );
});

test('what cannot be read, is cut short or goes on behind its end is left alone (property)', () => {
  expect(reorderFree(SPS)).toBe(SPS);
  fc.assert(
    fc.property(
      shapes,
      fc.integer({ min: 1, max: 8 }),
      fc.uint8Array({ maxLength: 200 }),
      (shape, cut, bytes) => {
        const sps = spsOf(shape as Shape);
        // The smallest SPS there is has eight bytes with its header, which stays.
        const short = sps.subarray(0, Math.max(1, sps.length - cut));
        expect(reorderFree(short).length).toBeGreaterThan(0);
        const noise = Buffer.from([0x67, ...bytes]);
        const made = reorderFree(noise);
        const { width, height } = parseSps(noise) ?? {};
        const after = parseSps(made);
        expect({ width: after?.width, height: after?.height }).toEqual({ width, height });
      },
    ),
  );
});

test('FFmpeg decodes what is left of a stream without its B-pictures, and holds no picture back', async () => {
  const clip = await encodeReorderedClip({ bFrames: 2 });
  const kept = clip.units.filter(({ isDisposable }) => !isDisposable);
  const startCode = Buffer.from([0, 0, 0, 1]);
  const nals = kept.flatMap(({ payloads, isKeyFrame }) => [
    ...(isKeyFrame ? [...clip.format.sps.map((sps) => reorderFree(sps)), ...clip.format.pps] : []),
    ...payloads,
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'reorder-free-'));
  try {
    const file = join(folder, 'kept.264');
    await writeFile(file, Buffer.concat(nals.flatMap((nal) => [startCode, nal])));
    const probe = process.env.FFMPEG_PATH?.replace(/ffmpeg$/, 'ffprobe') ?? 'ffprobe';
    const { stdout } = await run(probe, [
      ...[
        '-v',
        'error',
        '-count_frames',
        '-show_entries',
        'stream=has_b_frames,nb_read_frames',
        '-of',
        'csv=p=0',
        file,
      ],
    ]);
    expect(stdout.trim()).toBe(`0,${kept.length}`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
