import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CutSegment, probeTs, Segmenter, unitsTo } from '../../../server/recording/ts/index.ts';
import { TsRetimer } from '../../support/ts-retimer.ts';

const run = promisify(execFile);
const FFMPEG = process.env.FFMPEG_PATH ?? 'ffmpeg';
const FFPROBE = FFMPEG.replace(/ffmpeg$/, 'ffprobe');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** One endless MPEG-TS as the recorder's FFmpeg writes it. */
async function footage(options: {
  readonly seconds: number;
  readonly encoder: readonly string[];
  readonly sound?: readonly string[];
  readonly startSeconds?: number;
}): Promise<Buffer> {
  const { seconds, encoder, sound, startSeconds = 1 } = options;
  const { stdout } = await run(
    FFMPEG,
    [
      ...['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=25'],
      ...(sound === undefined ? [] : ['-f', 'lavfi', '-i', 'sine=440:sample_rate=48000']),
      ...['-t', String(seconds), '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-threads', '1', ...encoder],
      ...(sound ?? ['-an']),
      ...[
        '-muxdelay',
        '0',
        '-muxpreload',
        '0',
        '-output_ts_offset',
        String(startSeconds),
        '-f',
        'mpegts',
        '-',
      ],
    ],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout;
}

function cut(data: Buffer, segmentMs: number, expectedPts90k = 90_000): CutSegment[] {
  const cuts: CutSegment[] = [];
  const segmenter = new Segmenter({ segmentMs, onSegment: (segment) => cuts.push(segment) });
  segmenter.begin({ expectedPts90k, cause: 'started' });
  for (let at = 0; at < data.length; at += 65_536) segmenter.push(data.subarray(at, at + 65_536));
  segmenter.interrupt({ isWhole: true });
  segmenter.end();
  return cuts;
}

/** Time and digest of every packet that FFmpeg reads, by stream. */
async function packets(data: Buffer): Promise<string[]> {
  const file = join(folder, 'packets.ts');
  await writeFile(file, data);
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-xerror',
    '-i',
    file,
    '-map',
    '0',
    '-c',
    'copy',
    '-f',
    'framemd5',
    '-',
  ];
  const { stdout, stderr } = await run(FFMPEG, args, { maxBuffer: 64 * 1024 * 1024 });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .sort();
}

/** Decodes all; returns the number of pictures and what FFmpeg complains about. */
async function decode(data: Buffer): Promise<{ pictures: number; complaints: string }> {
  const file = join(folder, 'decode.ts');
  await writeFile(file, data);
  const args = [
    '-v',
    'warning',
    '-count_frames',
    '-select_streams',
    'v',
    '-show_entries',
    'stream=nb_read_frames',
  ];
  const { stdout, stderr } = await run(FFPROBE, [...args, '-of', 'csv=p=0', file]);
  return { pictures: Number.parseInt(stdout, 10), complaints: stderr };
}

const AAC = ['-c:a', 'aac', '-b:a', '64k'];

describe('what FFmpeg writes', () => {
  test.each([
    ['Baseline with AAC', ['-profile:v', 'baseline', '-g', '25'], AAC, 2000, 12, 6],
    [
      'High with B-frames',
      ['-profile:v', 'high', '-bf', '3', '-g', '50', '-sc_threshold', '0'],
      AAC,
      4000,
      12,
      3,
    ],
    ['Main without sound', ['-profile:v', 'main', '-bf', '0', '-g', '25'], undefined, 1000, 8, 8],
    ['a long group of pictures', ['-preset', 'ultrafast', '-g', '300'], AAC, 2000, 36, 3],
    ['segments of a minute', ['-preset', 'ultrafast', '-g', '50', '-sc_threshold', '0'], AAC, 60_000, 125, 3],
    ['every picture a key frame', ['-preset', 'ultrafast', '-g', '1'], AAC, 1000, 5, 5],
    ['slices', ['-preset', 'ultrafast', '-slices', '4', '-g', '25'], AAC, 2000, 8, 4],
  ])(
    '%s is cut without a loss, and each segment plays alone',
    async (_name, encoder, sound, segmentMs, seconds, count) => {
      const data = await footage({ seconds, encoder, ...(sound === undefined ? {} : { sound }) });
      const cuts = cut(data, segmentMs);
      expect(cuts).toHaveLength(count);
      expect(await packets(Buffer.concat(cuts.map((segment) => segment.data)))).toEqual(await packets(data));
      const [first, second] = cuts;
      expect(first?.startPts90k).toBe(probeTs(data)?.startPts90k);
      const total90k = cuts.reduce((sum, segment) => sum + segment.duration90k, 0);
      expect(total90k).toBe(seconds * 90_000);
      expect(first?.format).toMatchObject({ width: 192, height: 108 });
      expect(first?.format.audio).toEqual(
        sound === undefined ? undefined : { clockRate: 48_000, channels: 1 },
      );
      const alone = await decode(second?.data ?? Buffer.alloc(0));
      expect(alone).toEqual({ pictures: ((second?.duration90k ?? 0) / 90_000) * 25, complaints: '' });
    },
  );

  test('over the wrap of the 33 bits', async () => {
    const startSeconds = Math.floor(2 ** 33 / 90_000) - 3;
    const data = await footage({
      seconds: 8,
      encoder: ['-bf', '2', '-g', '25', '-sc_threshold', '0'],
      sound: AAC,
      startSeconds,
    });
    const cuts = cut(data, 2000, startSeconds * 90_000);
    expect(cuts.map((segment) => segment.startPts90k - startSeconds * 90_000)).toEqual(
      [0, 2, 4, 6].map((second) => second * 90_000 + ((cuts[0]?.startPts90k ?? 0) - startSeconds * 90_000)),
    );
    // Moved to the beginning of time it is one run without a wrap.
    const retimer = new TsRetimer();
    const joined = Buffer.concat(
      cuts.map((segment) => retimer.retime(Buffer.from(segment.data), 90_000 - startSeconds * 90_000)),
    );
    const plain = await footage({
      seconds: 8,
      encoder: ['-bf', '2', '-g', '25', '-sc_threshold', '0'],
      sound: AAC,
    });
    expect(await packets(joined)).toEqual(await packets(plain));
  });

  test('a recording of two runs, the second with the first group of pictures again, plays as one', async () => {
    const data = await footage({ seconds: 10, encoder: ['-preset', 'ultrafast', '-g', '25'], sound: AAC });
    const keys = probeTs(data)?.keyFrames ?? [];
    const tables = data.subarray(0, 3 * 188);
    const cuts: CutSegment[] = [];
    const segmenter = new Segmenter({ segmentMs: 2000, onSegment: (segment) => cuts.push(segment) });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'started' });
    segmenter.push(data.subarray(0, (keys[5]?.offset ?? 0) + 188 * 7 + 50));
    segmenter.interrupt({ isWhole: false });
    segmenter.begin({ expectedPts90k: 90_000, cause: 'recorder-restarted' });
    segmenter.push(Buffer.concat([tables, data.subarray(keys[4]?.offset)]));
    segmenter.interrupt({ isWhole: true });
    segmenter.end();
    expect(cuts.map((segment) => segment.begins)).toEqual([
      'started',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    const joined = Buffer.concat(cuts.map((segment) => segment.data));
    expect(probeTs(joined)?.isWhole).toBe(true);
    const video = (lines: string[]) => lines.filter((line) => line.startsWith('0'));
    expect(video(await packets(joined))).toEqual(video(await packets(data)));
  });

  test('the pictures for one instant decode to that instant', async () => {
    const data = await footage({ seconds: 4, encoder: ['-bf', '2', '-g', '50', '-sc_threshold', '0'] });
    const start90k = probeTs(data)?.startPts90k ?? 0;
    const units = unitsTo(data, start90k + 67 * 3600);
    const file = join(folder, 'instant.h264');
    await writeFile(file, Buffer.concat(units.map((unit) => unit.data)));
    const whole = join(folder, 'whole.ts');
    await writeFile(whole, data);
    const digests = async (path: string) => {
      const { stdout } = await run(FFMPEG, [
        '-nostdin',
        '-v',
        'error',
        '-i',
        path,
        '-an',
        '-f',
        'framemd5',
        '-',
      ]);
      return stdout
        .split('\n')
        .filter((line) => /^\d/.test(line))
        .map((line) => line.split(',').at(-1)?.trim());
    };
    const shown = (await digests(whole))[67];
    expect(shown).toBeDefined();
    expect(await digests(file)).toContain(shown);
  });
});
