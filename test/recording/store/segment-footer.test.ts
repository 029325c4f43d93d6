import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORDING_CAUSES, type Segment } from '../../../server/recording/segment.ts';
import { readFooter, writeFooter } from '../../../server/recording/store/segment-footer.ts';

const letters = (maxLength: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength })
    .map((text) => text || '0');
const time = fc.integer({ min: 0, max: 4_102_444_800_000 });

const segments: fc.Arbitrary<Segment> = fc
  .record({
    key: letters(16),
    recordingStartMs: time,
    cause: fc.constantFrom(...RECORDING_CAUSES),
    isRepeat: fc.boolean(),
    parameterSetsId: letters(64),
    profileLevelId: fc
      .oneof(fc.uint8Array({ minLength: 3, maxLength: 3 }), fc.uint8Array({ minLength: 12, maxLength: 12 }))
      .map((bytes) => Buffer.from(bytes).toString('hex')),
    width: fc.integer({ min: 1, max: 65_535 }),
    height: fc.integer({ min: 1, max: 65_535 }),
    audio: fc.option(
      fc.record({
        clockRate: fc.constantFrom(8_000, 44_100, 48_000, 96_000),
        channels: fc.integer({ min: 1, max: 8 }),
      }),
      { nil: undefined },
    ),
    startMs: time,
    durationMs: fc.integer({ min: 1, max: 180_000 }),
    startPts90k: fc.integer({ min: 0, max: 2 ** 50 }),
    data: fc.uint8Array({ maxLength: 500 }),
  })
  .map((it) => ({
    recording: {
      key: it.key,
      startMs: it.recordingStartMs,
      cause: it.cause,
      isRepeat: it.isRepeat,
      format: {
        parameterSetsId: it.parameterSetsId,
        videoCodec: it.profileLevelId.length === 24 ? ('h265' as const) : ('h264' as const),
        profileLevelId: it.profileLevelId,
        width: it.width,
        height: it.height,
        ...(it.audio === undefined ? {} : { audio: it.audio }),
      },
    },
    startMs: it.startMs,
    endMs: it.startMs + it.durationMs,
    startPts90k: it.startPts90k,
    duration90k: it.durationMs * 90,
    data: Buffer.from(it.data),
  }));

describe('segment footer', () => {
  it('tells again all that it was told, and is a null packet', () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 1, max: 2 ** 40 }), (segment, recordingId) => {
        const footer = writeFooter(segment, recordingId);
        expect([...footer.subarray(0, 4)]).toEqual([0x47, 0x1f, 0xff, 0x10]);
        const { data, ...told } = segment;
        const { dataCrc32, ...read } = readFooter(footer) ?? { dataCrc32: undefined };
        expect(read).toEqual({ ...told, recordingId, sizeBytes: data.length });
        expect(dataCrc32).toBeTypeOf('number');
      }),
    );
  });

  it('is not taken for one when any byte was changed or some are missing', () => {
    fc.assert(
      fc.property(
        segments,
        fc.integer({ min: 0, max: 187 }),
        fc.integer({ min: 1, max: 255 }),
        (segment, at, change) => {
          const footer = writeFooter(segment, 1);
          footer[at] = (footer[at] ?? 0) ^ change;
          expect(readFooter(footer)).toBeUndefined();
          expect(readFooter(footer.subarray(0, at))).toBeUndefined();
        },
      ),
    );
  });
});
