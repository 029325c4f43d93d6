import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Segment } from '../../../server/recording/segment.ts';
import type { StreamId } from '../../../shared/names.ts';
import { ClipCamera, PCMU } from '../../support/clip-camera.ts';
import { encodeReorderedClip, type ReorderedClipOptions } from '../../support/reordered-clip.ts';
import { waitFor } from '../../support/wait.ts';
import { FFMPEG, faultsOf, RecorderHouse } from './recorder-house.ts';

const run = promisify(execFile);

interface Packet {
  readonly pts: number;
  readonly dts: number;
  readonly isKey: boolean;
}

/** The pictures of segments played one after the other, as FFmpeg sees them in the file. */
async function picturesOf(
  segments: readonly Segment[],
): Promise<{ packets: Packet[]; decoded: number; errors: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'b-frames-'));
  try {
    const file = join(folder, 'recording.ts');
    await writeFile(file, Buffer.concat(segments.map(({ data }) => data)));
    const probe = FFMPEG.replace(/ffmpeg$/, 'ffprobe');
    const { stdout } = await run(probe, [
      ...[
        '-v',
        'error',
        '-select_streams',
        'v:0',
        '-show_entries',
        'packet=pts,dts,flags',
        '-of',
        'json',
        file,
      ],
    ]);
    const packets = (JSON.parse(stdout) as { packets: Array<{ pts: number; dts: number; flags: string }> })
      .packets;
    const decoding = await run(FFMPEG, ['-v', 'error', '-i', file, '-map', '0:v', '-f', 'framecrc', '-']);
    return {
      packets: packets.map(({ pts, dts, flags }) => ({ pts, dts, isKey: flags.startsWith('K') })),
      decoded: decoding.stdout.split('\n').filter((line) => /^\d/.test(line)).length,
      errors: decoding.stderr,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const KINDS: Record<string, ReorderedClipOptions> = {
  droppable: { bFrames: 2 },
  pyramid: { bFrames: 3, pyramid: true },
  many: { bFrames: 7, pyramid: true },
};

describe('a camera with B-frames', () => {
  it('is recorded with all of its pictures, each at its time, decoded before it is shown', async ({
    onTestFinished: after,
  }) => {
    const cameras = new Map<StreamId, ClipCamera>();
    for (const [name, options] of Object.entries(KINDS)) {
      cameras.set(`live/${name}`, new ClipCamera(await encodeReorderedClip(options), PCMU));
    }
    const h = await RecorderHouse.open(cameras);
    after(() => h.close());
    for (const id of cameras.keys()) h.add(id, { record: true });
    const of = (id: StreamId) => h.archive.segmentsKept.filter((_, i) => h.archive.streams[i] === id);
    await waitFor('four segments of each', () => [...cameras.keys()].every((id) => of(id).length >= 4));
    await h.recorder.close();
    for (const id of cameras.keys()) {
      // The last one ends where recording was stopped, in the middle of pictures that are not in order.
      const segments = of(id).slice(0, -1);
      expect(new Set(segments.map(({ recording }) => recording.key)).size).toBe(1);
      expect(faultsOf(segments)).toEqual([]);
      const { packets, decoded, errors } = await picturesOf(segments);
      const start = segments[0]?.startPts90k ?? Number.NaN;
      const times = packets.map(({ pts }) => pts).sort((a, b) => a - b);
      expect(times).toEqual(times.map((_, i) => start + i * 3_600));
      expect(packets.every(({ pts, dts }) => dts <= pts)).toBe(true);
      expect(packets.every(({ dts }, i) => i === 0 || dts > (packets[i - 1]?.dts ?? 0))).toBe(true);
      expect(errors).toBe('');
      expect(decoded).toBe(packets.length);
    }
  });
});
