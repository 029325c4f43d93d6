import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { h265CodecString, h265ProfileName, parseH265Sps } from '../../server/stream/h265/index.ts';
import { h265Clip } from '../support/h265-clip.ts';

/** From cameras, MP4 files and RFC 7798, as `sprop-sps` or `hvcC` carries it. */
const DAHUA = 'QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=';

describe('parseH265Sps', () => {
  test('reads a Dahua camera: size with its window, profile, frames a second behind the reference picture sets', () => {
    const info = parseH265Sps(Buffer.from(DAHUA, 'base64'));
    expect(info).toMatchObject({ id: 0, vpsId: 0, width: 704, height: 480, bitDepth: 8, chromaFormat: 1 });
    expect(info?.fps).toBe(12);
    expect(info && h265CodecString(info.profile)).toBe('hvc1.1.6.L90.B0');
    expect(info && h265ProfileName(info.profile)).toBe('Main 3.0');
  });

  test.each([
    ['closed-gop', 0],
    ['open-gop-b', 2],
    ['slices', 0],
  ] as const)('reads %s of x265, with %i pictures reordered', (name, reorderFrames) => {
    const info = parseH265Sps(h265Clip(name).sets.sps[0] ?? Buffer.alloc(0));
    expect(info).toMatchObject({ width: 192, height: 108, fps: 25, reorderFrames, subLayers: 1 });
    expect(info && h265CodecString(info.profile)).toBe('hvc1.1.6.L30.90');
  });

  test('names profiles, tiers and levels as HLS and people do', () => {
    const main10 = {
      profileSpace: 0,
      isHighTier: true,
      profileIdc: 2,
      compatibility: 0x20000000,
      constraints: [0x90, 0, 0, 0, 0, 0],
      levelIdc: 153,
    };
    // Apple's own example for HDR10 (HLS authoring specification).
    expect(h265CodecString({ ...main10, isHighTier: false })).toBe('hvc1.2.4.L153.90');
    expect(h265CodecString({ ...main10, profileSpace: 1, constraints: [0, 0, 8, 0, 0, 0] })).toBe(
      'hvc1.A2.4.H153.0.0.8',
    );
    expect(h265ProfileName(main10)).toBe('Main 10 5.1 High tier');
    expect(h265ProfileName({ ...main10, profileIdc: 31, isHighTier: false })).toBe('profile 31 5.1');
  });

  test('a cut SPS is none, but for what is behind the size', () => {
    const whole = Buffer.from(DAHUA, 'base64');
    for (let length = 0; length < whole.length; length += 1) {
      const info = parseH265Sps(whole.subarray(0, length));
      if (info !== undefined) expect(info).toMatchObject({ width: 704, height: 480 });
    }
    expect(parseH265Sps(whole.subarray(0, 20))).toBeUndefined();
  });

  test('nothing throws on any bytes, and what it says is sane', () => {
    const whole = Buffer.from(DAHUA, 'base64');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.concat([Buffer.from([0x42, 1]), bytes])),
          fc.array(fc.tuple(fc.nat(whole.length * 8 - 1)), { minLength: 1, maxLength: 6 }).map((flips) => {
            const bytes = Buffer.from(whole);
            for (const [bit] of flips) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
            return bytes;
          }),
        ),
        (nal) => {
          const info = parseH265Sps(nal);
          if (info === undefined) return;
          expect(info.width > 0 && info.width <= 16_384 && info.height > 0 && info.height <= 16_384).toBe(
            true,
          );
          expect(info.fps === undefined || (info.fps > 0 && info.fps <= 480)).toBe(true);
          expect(h265CodecString(info.profile)).toMatch(
            /^hvc1\.[ABC]?\d+\.[0-9A-F]+\.[LH]\d+(\.[0-9A-F]+)*$/,
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
