import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { firstPicture, keyFrameAt } from '../../../server/recording/frames/coded-picture.ts';
import { unpackPicture } from '../../../server/recording/frames/decodable-picture.ts';
import { type CutSegment, probeTs, Segmenter } from '../../../server/recording/ts/index.ts';
import { encodeLevelsTs } from '../../support/levels-clip.ts';

/** Three groups of ten pictures of H.265 with B-pictures, as FFmpeg writes them. */
let stream: Buffer;
beforeAll(async () => {
  stream = await encodeLevelsTs({ codec: 'h265', frames: 30, keyFrameEvery: 10, bFrames: 2 });
});

function cut(chunks: readonly Buffer[]): CutSegment[] {
  const cuts: CutSegment[] = [];
  const segmenter = new Segmenter({ segmentMs: 400, onSegment: (one) => cuts.push(one) });
  segmenter.begin({ expectedPts90k: 0, cause: 'started' });
  for (const chunk of chunks) segmenter.push(chunk);
  segmenter.end();
  return cuts;
}

describe('MPEG-TS of H.265', () => {
  test('is cut at its key frames, in pieces of any size, and each segment says again what it is', () => {
    const whole = cut([stream]);
    expect(whole.map(({ duration90k }) => duration90k)).toEqual([36_000, 36_000, 36_000]);
    for (const { data, format } of whole) {
      expect(format).toMatchObject({ videoCodec: 'h265', width: 640, height: 384 });
      expect(format.profileLevelId).toMatch(/^[0-9a-f]{24}$/);
      expect(probeTs(data)).toMatchObject({ isWhole: true, pictures: 10, format });
    }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }), (sizes) => {
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        const cuts = cut(chunks);
        expect(cuts.map(({ duration90k }) => duration90k)).toEqual([36_000, 36_000, 36_000]);
        cuts.forEach(({ data }, i) => {
          expect(data.equals(whole[i]?.data ?? Buffer.alloc(0))).toBe(true);
        });
      }),
      { numRuns: 20 },
    );
  });

  test('a torn segment still says its format, and what of it can be played', () => {
    const [segment] = cut([stream]);
    if (segment === undefined) throw new Error('no segment');
    const { data, format } = segment;
    const packets = data.length / 188;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: data.length }), (length) => {
        const probe = probeTs(data.subarray(0, length));
        if (probe === undefined) return;
        expect(probe.format).toEqual(format);
        expect(probe.wholeBytes).toBe(length - (length % 188));
        expect(probe.pictures).toBeLessThanOrEqual(10);
      }),
    );
    expect(probeTs(data.subarray(0, 188 * (packets - 1)))?.format).toEqual(format);
  });

  test('its key frames are found, with all that a decoder needs', () => {
    const [, segment] = cut([stream]);
    if (segment === undefined) throw new Error('no segment');
    const { data, startPts90k } = segment;
    for (const found of [keyFrameAt(data, startPts90k + 7000), firstPicture(data, startPts90k)]) {
      expect(found).toMatchObject({ codec: 'h265', pts90k: startPts90k });
      const picture = found && unpackPicture(found);
      expect(picture).toMatchObject({ codec: 'h265', width: 640, height: 384, pts90k: startPts90k });
      expect([picture?.vps.length, picture?.sps.length, picture?.pps.length]).toEqual([1, 1, 1]);
      expect(picture?.pictures).toHaveLength(1);
    }
  });
});
