import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placePictures, scaledSize } from '../../../server/transcode/frames/coded-pictures.ts';
import { FLV_HEADER, flvParameterSets, flvPicture } from '../../../server/transcode/frames/flv.ts';
import { SmjpegReader, type TimedJpeg } from '../../../server/transcode/frames/smjpeg.ts';

describe('places of pictures', () => {
  it('ascend, mark the wanted one alone, and come before nothing that came before', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 60 }),
        fc.nat(),
        fc.integer({ min: 0, max: 1e6 }),
        (times, pick, fromMs) => {
          const pictures = times.map((pts90k) => ({ nalUnits: [], pts90k }));
          const wanted = pick % times.length;
          const placed = placePictures(pictures, times[wanted] ?? -1, fromMs);
          if (placed === undefined) throw new Error('not placed');
          const { timesMs, wantedMs, nextMs } = placed;
          expect(timesMs.flatMap((timeMs, index) => (timeMs % 2 === 0 ? [index] : []))).toEqual([wanted]);
          expect(timesMs[wanted]).toBe(wantedMs);
          for (const [index, timeMs] of timesMs.entries()) {
            expect(timeMs).toBeGreaterThan(timesMs[index - 1] ?? fromMs - 1);
            expect(timeMs).toBeLessThan(nextMs);
          }
        },
      ),
    );
  });

  it('are none where the wanted picture is not among them', () => {
    expect(placePictures([{ nalUnits: [], pts90k: 5 }], 6, 0)).toBeUndefined();
  });
});

describe('sizes', () => {
  it('are even, not larger than the picture, and of its shape', () => {
    const side = fc.integer({ min: 16, max: 8192 });
    fc.assert(
      fc.property(side, side, side, (width, height, wanted) => {
        const size = scaledSize(width, height, wanted);
        expect([size.width % 2, size.height % 2]).toEqual([0, 0]);
        expect(size.width).toBeLessThanOrEqual(width + 1);
        expect(size.width).toBeLessThanOrEqual(wanted + 1);
        expect(size.height).toBeGreaterThanOrEqual(2);
        expect(Math.abs(size.height - (height * size.width) / width)).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('SMJPEG', () => {
  /** As FFmpeg's muxer writes it. */
  function written(pictures: readonly TimedJpeg[]): Buffer {
    const number = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    };
    const comment = Buffer.from('Encoded by somebody');
    return Buffer.concat([
      ...[Buffer.from('\0\nSMJPEG', 'latin1'), number(0), number(7)],
      ...[Buffer.from('_TXT'), number(comment.length), comment],
      ...[Buffer.from('_VID'), number(12), Buffer.alloc(12), Buffer.from('HEND')],
      ...pictures.flatMap(({ timeMs, jpeg }) => [
        Buffer.from('vidD'),
        number(timeMs),
        number(jpeg.length),
        jpeg,
      ]),
    ]);
  }

  it('comes apart as it was written, wherever it is cut', () => {
    const picture = fc.record({
      timeMs: fc.integer({ min: 0, max: 2 ** 31 }),
      jpeg: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(fc.array(picture, { maxLength: 6 }), fc.array(fc.nat(120)), (pictures, cuts) => {
        const data = written(pictures);
        const found: TimedJpeg[] = [];
        const reader = new SmjpegReader((one) => found.push(one));
        let at = 0;
        for (const length of [...cuts, data.length]) {
          reader.push(data.subarray(at, at + length));
          at = Math.min(data.length, at + length);
        }
        expect(found).toEqual(pictures);
      }),
    );
  });

  it('that is none, or claims an impossible length, is refused', () => {
    const reader = () => new SmjpegReader(() => {});
    expect(() => reader().push(Buffer.alloc(64, 1))).toThrow(RangeError);
    const data = written([{ timeMs: 1, jpeg: Buffer.alloc(4) }]);
    data.writeUInt32BE(0xffffffff, data.length - 8);
    expect(() => reader().push(data)).toThrow(RangeError);
  });
});

describe('FLV', () => {
  it('tells sizes and times as its specification has it', () => {
    const nalUnits = [Buffer.from([0x65, 1, 2, 3]), Buffer.from([0x65, 4])];
    const tag = flvPicture({ nalUnits, isKeyFrame: true, ptsMs: 0x0200_0010, dtsMs: 0x0200_0004 });
    const body = '17' + '01' + '00000c' + '00000004' + '65010203' + '00000002' + '6504';
    const bodyBytes = body.length / 2;
    const head = `09${bodyBytes.toString(16).padStart(6, '0')}0000040200000`.padEnd(22, '0');
    expect(tag.toString('hex')).toBe(head + body + (bodyBytes + 11).toString(16).padStart(8, '0'));
    expect(FLV_HEADER.toString('latin1', 0, 3)).toBe('FLV');
  });

  it('carries parameter sets as the decoder configuration record', () => {
    const sps = Buffer.from([0x67, 0x64, 0x00, 0x1f, 0xaa]);
    const pps = Buffer.from([0x68, 0xce]);
    const tag = flvParameterSets([sps], [pps], 0);
    expect(tag.subarray(11, -4).toString('hex')).toBe(
      `17000000000164001fffe10005${sps.toString('hex')}010002${pps.toString('hex')}`,
    );
    expect(() => flvParameterSets([], [pps], 0)).toThrow(RangeError);
  });
});
