import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingRow, SegmentRow } from '../../../server/recording/archive.ts';
import { useFfmpeg } from '../../../server/recording/export/ffmpeg-job.ts';
import { FfmpegFailed, type MakePartOptions, makePart } from '../../../server/recording/export/make-part.ts';
import { type GapMode, planExport } from '../../../server/recording/export/plan.ts';
import type { Segment } from '../../../server/recording/segment.ts';
import { codedFootage, probe, segmentsOfFootage, watchFilm } from '../../support/coded-footage.ts';

const START_MS = 1_795_255_196_000;
const FRAME_MS = 40;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-export-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Exports [fromMs, toMs) counted from START_MS out of recordings given as segments. */
async function exported(
  recordings: readonly Segment[][],
  fromMs: number,
  toMs: number,
  gapMode: GapMode = 'skip',
  index = 0,
  more: Partial<MakePartOptions> = {},
) {
  const rows: SegmentRow[] = [];
  const bytes = new Map<number, Buffer>();
  const formats = new Map<number, RecordingRow>();
  for (const [at, segments] of recordings.entries()) {
    for (const { recording, data, ...row } of segments) {
      rows.push({ ...row, recordingId: at + 1, sizeBytes: data.length });
      bytes.set(row.startMs, data);
      const { key, startMs, cause, isRepeat, format } = recording;
      formats.set(at + 1, { id: at + 1, key, startMs, cause, isRepeat, ...format });
    }
  }
  const range = { start: START_MS + fromMs, end: START_MS + toMs };
  const segments = rows.filter(({ startMs, endMs }) => endMs > range.start && startMs < range.end);
  const plan = planExport({ segments, recordings: formats }, range, gapMode);
  const path = join(dir, `${expect.getState().currentTestName?.replace(/\W+/g, '-')}-${index}.mp4`);
  const part = plan.parts[index];
  if (part === undefined) throw new Error('no such part');
  const made = await makePart({
    part,
    source: {
      read: ({ startMs }) => Buffer.from(bytes.get(startMs) as Buffer),
      neighbour: (segment, side) =>
        rows.find(
          (row) =>
            row.recordingId === segment.recordingId &&
            (side === 'before' ? row.endMs === segment.startMs : row.startMs === segment.endMs),
        ),
    },
    path,
    title: 'live/door',
    niceness: 0,
    stop: new AbortController().signal,
    onProgress: () => {},
    ...more,
  });
  return { plan, made, path, film: await watchFilm(path), probed: await probe(path) };
}

/** Whole seconds of the footage are flashes; each has to begin together with its beep. */
function expectInSync(film: Awaited<ReturnType<typeof watchFilm>>): void {
  const flashes = film.pictures.filter(
    ({ flash }, index) => flash && film.pictures[index - 1]?.flash !== true,
  );
  const later = flashes.filter(({ atSeconds }) => atSeconds > 0.2);
  expect(later.length).toBeGreaterThan(2);
  for (const { atSeconds } of later) {
    const nearest = Math.min(...film.beeps.map((beep) => Math.abs(beep - atSeconds)));
    expect(nearest, `beep beside the flash at ${atSeconds}`).toBeLessThan(0.03);
  }
}

describe('one MP4 of a part', () => {
  it.each([
    { bFrames: 0, startPts90k: 123_456 },
    { bFrames: 2, startPts90k: 123_456 },
    // The 33 bits of the TS wrap 5 s into the footage, and the timeline is some days old.
    { bFrames: 0, startPts90k: 4 * 2 ** 33 - 5 * 90_000 },
  ])('is exact to the picture, sound and picture together: %o', async ({ bFrames, startPts90k }) => {
    const ts = await codedFootage({ seconds: 14, bFrames, startPts90k: startPts90k % 2 ** 33 });
    const recording = segmentsOfFootage(ts, { name: 'one', startMs: START_MS, startPts90k });
    const { film, probed, made } = await exported([recording], 3_330, 10_830);
    // The picture that was to be seen at 3.33 s is the one of 3.32 s.
    expect(film.pictures[0]).toMatchObject({ code: 83, atSeconds: 0 });
    expect(film.pictures.map(({ code }) => code)).toEqual(Array.from({ length: 188 }, (_, i) => 83 + i));
    for (const { code, atSeconds } of film.pictures) expect(atSeconds).toBeCloseTo((code - 83) / 25, 3);
    expect(Math.abs(Number(probed.format.duration) * 1000 - 7_500)).toBeLessThanOrEqual(FRAME_MS);
    for (const { duration, start_time } of probed.streams) {
      expect(Math.abs(Number(duration) * 1000 - 7_500)).toBeLessThanOrEqual(FRAME_MS);
      expect(Number(start_time)).toBe(0);
    }
    expect(made.startMs).toBe(START_MS + 3_320);
    expectInSync(film);
    expect(film.beeps).toHaveLength(7);
  });

  const audio = { clockRate: 48_000, channels: 1 };
  const footage = async (
    name: string,
    atMs: number,
    firstCode: number,
    more: object = {},
    options: object = {},
  ) =>
    segmentsOfFootage(await codedFootage({ seconds: 4, firstCode, startPts90k: 9_000, ...more }), {
      name,
      startMs: START_MS + atMs,
      startPts90k: 9_000,
      audio,
      ...options,
    });

  it('closes gaps up, or keeps them with the last picture and silence', async () => {
    const recordings = [await footage('one', 0, 0), await footage('two', 7_000, 1000)];
    const skipped = await exported(recordings, 1_000, 10_000, 'skip');
    expect(skipped.plan.gaps).toEqual([{ start: START_MS + 4_000, end: START_MS + 7_000 }]);
    expect(Number(skipped.probed.format.duration)).toBeCloseTo(6, 1);
    expect(skipped.film.pictures.map(({ code }) => code)).toEqual([
      ...Array.from({ length: 75 }, (_, i) => 25 + i),
      ...Array.from({ length: 75 }, (_, i) => 1000 + i),
    ]);
    expect(skipped.film.pictures[75]?.atSeconds).toBeCloseTo(3, 3);
    expectInSync(skipped.film);
    const kept = await exported(recordings, 1_000, 9_960, 'keep');
    expect(Number(kept.probed.format.duration)).toBeCloseTo(8.96, 2);
    expect(kept.film.pictures[75]).toMatchObject({ code: 1000 });
    expect(kept.film.pictures[75]?.atSeconds).toBeCloseTo(6, 3);
    expect(kept.film.soundSeconds).toBeCloseTo(8.96, 1);
    expectInSync(kept.film);
    expect(kept.film.beeps.map((at) => Math.round(at))).toEqual([0, 1, 2, 6, 7, 8]);
  });

  it.each([1, 2])(
    'is silent where no sound was recorded, and heard where it was (%i channels)',
    async (channels) => {
      const sound = { audio: { clockRate: 48_000, channels } };
      const recordings = [
        await footage('one', 0, 0, { channels: 0 }, { audio: undefined }),
        await footage('two', 4_000, 100, { channels, bFrames: 2 }, sound),
        await footage('three', 8_000, 200, { channels: 0 }, { audio: undefined }),
      ];
      const { film, probed, plan } = await exported(recordings, 520, 11_520);
      expect(plan.parts).toHaveLength(1);
      expect(plan.gaps).toEqual([]);
      expect(film.pictures).toHaveLength(275);
      expect(film.beeps.map((at) => Math.round(at * 10) / 10)).toEqual([3.5, 4.5, 5.5, 6.5]);
      expect(film.soundSeconds).toBeCloseTo(11, 1);
      expect(probed.streams.map(({ codec_type }) => codec_type).sort()).toEqual(['audio', 'video']);
    },
  );

  it('begins a new file where the picture or the sound has another format', async () => {
    const recordings = [
      await footage('one', 0, 0),
      await footage('two', 4_000, 100, { width: 320, height: 192 }, { parameterSetsId: 'other' }),
      await footage(
        'three',
        8_000,
        200,
        { width: 320, height: 192, channels: 2 },
        {
          parameterSetsId: 'other',
          audio: { clockRate: 48_000, channels: 2 },
        },
      ),
    ];
    const second = await exported(recordings, 0, 12_000, 'keep', 1);
    expect(second.plan.parts).toHaveLength(3);
    expect(second.plan.parts.map(({ startMs, endMs }) => [startMs - START_MS, endMs - START_MS])).toEqual([
      [0, 4_000],
      [4_000, 8_000],
      [8_000, 12_000],
    ]);
    expect(second.probed.streams.find(({ codec_type }) => codec_type === 'video')?.width).toBe(320);
    expect(Number(second.probed.format.duration)).toBeCloseTo(4, 1);
  });

  it('makes a film without sound, and one of a second within one group of pictures', async () => {
    const recordings = [
      await footage('one', 0, 0, { channels: 0, keyFrameEvery: 100 }, { audio: undefined }),
    ];
    const { film, probed } = await exported(recordings, 1_990, 3_000);
    expect(probed.streams).toHaveLength(1);
    expect(film.pictures.map(({ code }) => code)).toEqual(Array.from({ length: 26 }, (_, i) => 49 + i));
    expect(Math.abs(Number(probed.format.duration) - 1.01)).toBeLessThanOrEqual(0.04);
  });

  it('has its index in front', async () => {
    const { path } = await exported([await footage('one', 0, 0)], 0, 4_000);
    const head = readFileSync(path);
    expect(head.indexOf('moov')).toBeGreaterThan(0);
    expect(head.indexOf('moov')).toBeLessThan(head.indexOf('mdat'));
  });

  it('puts the index in front after all where the room that was kept for it is too small', async () => {
    const recording = await footage('one', 0, 0);
    for (const indexRoomBytes of [1_000, 500_000]) {
      const { path, film } = await exported([recording], 1_000, 3_000, 'skip', 0, { indexRoomBytes });
      const bytes = readFileSync(path);
      expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
      expect(bytes.length > 500_000).toBe(indexRoomBytes === 500_000);
      expect(film.pictures.map(({ code }) => code)).toEqual(Array.from({ length: 50 }, (_, i) => 25 + i));
    }
  });

  it('ends an FFmpeg that hangs', async () => {
    const recording = await footage('one', 0, 0);
    const hang = join(dir, 'hang');
    // It says what it can do, as any FFmpeg, and then reads nothing.
    writeFileSync(
      hang,
      '#!/bin/sh\ncase "$1" in -formats|-encoders) exec ffmpeg "$@";; esac\nexec sleep 1000\n',
      { mode: 0o755 },
    );
    useFfmpeg(hang);
    try {
      const made = exported([recording], 0, 4_000, 'skip', 0, { stallTimeoutMs: 200 });
      await expect(made).rejects.toThrow(FfmpegFailed);
    } finally {
      useFfmpeg(process.env.FFMPEG_PATH ?? 'ffmpeg');
    }
  });
});
