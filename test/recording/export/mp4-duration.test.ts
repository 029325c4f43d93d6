import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { finishMp4, trimMoov } from '../../../server/recording/export/mp4-duration.ts';

function box(type: string, ...payload: readonly Buffer[]): Buffer {
  const body = Buffer.concat(payload);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** A number of 4 or 8 bytes, as the version of a box has it. */
function time(isLong: boolean, value: number): Buffer {
  const bytes = Buffer.alloc(isLong ? 8 : 4);
  if (isLong) bytes.writeBigInt64BE(BigInt(value));
  else bytes.writeInt32BE(value);
  return bytes;
}
const word = (value: number) => time(false, value);
const version = (isLong: boolean) => Buffer.from([isLong ? 1 : 0, 0, 0, 0]);

/** The payload of a movie box of timescale 1000 with one track whose edits are `[duration, mediaTime]`. */
function movie(isLong: boolean, edits: ReadonlyArray<readonly [number, number]>, told: number): Buffer {
  const dates = [time(isLong, 0), time(isLong, 0)];
  const entries = edits.map(([duration, media]) =>
    Buffer.concat([time(isLong, duration), time(isLong, media), word(0x10000)]),
  );
  const edts =
    edits.length === 0 ? [] : [box('edts', box('elst', version(isLong), word(edits.length), ...entries))];
  return Buffer.concat([
    box('mvhd', version(isLong), ...dates, word(1000), time(isLong, told), Buffer.alloc(80)),
    box(
      'trak',
      box('tkhd', version(isLong), ...dates, word(1), word(0), time(isLong, told), Buffer.alloc(60)),
      ...edts,
      box('mdia', Buffer.alloc(16)),
    ),
  ]);
}

describe('the durations of a movie box', () => {
  it.each([false, true])(
    'are cut to what was asked for, in both lengths of times (64 bits: %s)',
    (isLong) => {
      const cut = movie(isLong, [[7_670, 126_900]], 7_670);
      expect(trimMoov(cut, 7_500)).toBe(7_500);
      expect(cut.equals(movie(isLong, [[7_500, 126_900]], 7_500))).toBe(true);
      // Nothing is made longer than it is.
      const short = movie(isLong, [[7_400, 0]], 7_400);
      expect(trimMoov(short, 7_500)).toBe(7_400);
      expect(short.equals(movie(isLong, [[7_400, 0]], 7_400))).toBe(true);
      // A track that begins later has an empty edit first, and that much less of its own.
      const late = movie(
        isLong,
        [
          [500, -1],
          [8_000, 0],
        ],
        8_500,
      );
      expect(trimMoov(late, 7_500)).toBe(7_500);
      expect(
        late.equals(
          movie(
            isLong,
            [
              [500, -1],
              [7_000, 0],
            ],
            7_500,
          ),
        ),
      ).toBe(true);
      const plain = movie(isLong, [], 8_000);
      expect(trimMoov(plain, 7_500)).toBe(7_500);
      expect(plain.equals(movie(isLong, [], 7_500))).toBe(true);
    },
  );

  it('are not looked for in what is no movie box', () => {
    expect(() => trimMoov(Buffer.alloc(100, 0xff), 1_000)).toThrow('no header');
    expect(() => trimMoov(Buffer.alloc(0), 1_000)).toThrow('no header');
  });
});

describe('a file that FFmpeg left', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-mp4-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const file = (...boxes: readonly Buffer[]) => {
    const path = join(dir, 'x.mp4');
    writeFileSync(path, Buffer.concat(boxes));
    return path;
  };
  const moov = box('moov', movie(false, [[9_000, 0]], 9_000));
  const media = box('mdat', Buffer.alloc(1_000));

  it('is finished in place', () => {
    const path = file(box('ftyp', Buffer.alloc(8)), moov, media);
    expect(finishMp4(path, 8_000)).toEqual({ durationMs: 8_000 });
    const expected = [box('ftyp', Buffer.alloc(8)), box('moov', movie(false, [[8_000, 0]], 8_000)), media];
    expect(readFileSync(path).equals(Buffer.concat(expected))).toBe(true);
  });

  it('is refused where it is not whole, or has no index in front', () => {
    const broken = [
      [moov],
      [moov, media.subarray(0, 500)],
      [moov, Buffer.alloc(20), media],
      [media, moov],
      [moov, media, Buffer.from([0, 0, 0])],
      [],
    ];
    for (const boxes of broken) expect(() => finishMp4(file(...boxes), 8_000)).toThrow('is not whole');
  });
});
