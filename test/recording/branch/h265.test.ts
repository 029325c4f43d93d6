import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { unpackPicture } from '../../../server/recording/frames/decodable-picture.ts';
import { findPicture } from '../../../server/recording/frames/picture-handlers.ts';
import type { Segment } from '../../../server/recording/segment.ts';
import { probeTs } from '../../../server/recording/ts/index.ts';
import { h265Format } from '../../../server/rtsp/parse/index.ts';
import { parseH265Sps } from '../../../server/stream/h265/index.ts';
import { AAC, type PlayedClip } from '../../support/clip-camera.ts';
import { encodeClip } from '../../support/h264-clip.ts';
import { encodeLevels, type LevelsOptions } from '../../support/levels-clip.ts';
import { waitFor } from '../../support/wait.ts';
import { CAM, FFMPEG, faultsOf, house } from './recorder-house.ts';

const run = promisify(execFile);

/** Pictures of H.265 that tell their number, as a camera plays them. */
async function levels(options: LevelsOptions): Promise<PlayedClip> {
  const { vps, sps, pps, pictures } = await encodeLevels({ ...options, codec: 'h265' });
  const format = h265Format({ vps, sps, pps });
  if (format === undefined) throw new Error('no format');
  const units = pictures.map(({ nalUnits, pts90k }) => ({
    payloads: nalUnits,
    order: pts90k / 3600,
    isKeyFrame: nalUnits.some((nal) => nal.readUInt8(0) >> 1 >= 16 && nal.readUInt8(0) >> 1 <= 23),
  }));
  return { format, fps: 25, units };
}

/** What FFmpeg shows of a file: one line of `pts` for each picture, in order. */
async function shown(data: Buffer): Promise<{ pictures: number; trouble: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-h265-'));
  try {
    const path = join(dir, 'segment.ts');
    await writeFile(path, data);
    const { stdout, stderr } = await run(FFMPEG, [
      ...[
        '-v',
        'warning',
        '-an',
        '-i',
        path,
        '-map',
        '0:v',
        '-fps_mode',
        'passthrough',
        '-f',
        'framecrc',
        '-',
      ],
    ]);
    return { pictures: stdout.split('\n').filter((line) => /^0,/.test(line)).length, trouble: stderr };
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function recorded(clip: PlayedClip, audio?: typeof AAC): Promise<readonly Segment[]> {
  const h = await house(clip, audio === undefined ? {} : { audio });
  try {
    h.add(CAM, { record: true });
    await waitFor('segments', () => h.archive.segmentsKept.length >= 3);
    await h.recorder.close();
    expect(h.archive.recordings).toHaveLength(1);
    return h.archive.segmentsKept;
  } finally {
    await h.close();
  }
}

describe.concurrent('recording H.265', () => {
  let plain: PlayedClip;
  let reordered: PlayedClip;
  beforeAll(async () => {
    const open = 'scenecut=0:open-gop=0:repeat-headers=0';
    [plain, reordered] = await Promise.all([
      levels({ frames: 25, keyFrameEvery: 25, x264: open }),
      levels({ frames: 25, keyFrameEvery: 25, bFrames: 3, x264: `${open}:b-pyramid=1` }),
    ]);
  });

  it('cuts it into segments that play alone, without losing a picture, with its sound', async () => {
    const segments = await recorded(plain, AAC);
    expect(faultsOf(segments)).toEqual([]);
    const [first] = segments;
    expect(first?.recording.format).toMatchObject({ videoCodec: 'h265', width: 320, height: 192 });
    expect(first?.recording.format.audio).toEqual({ clockRate: 48_000, channels: 2 });
    const [sps = Buffer.alloc(0)] = plain.format.sps;
    expect(first?.recording.format.profileLevelId).toBe(parseH265Sps(sps)?.profileHex);
    // The camera's sound is noise that FFmpeg complains of.
    expect(await shown(first?.data ?? Buffer.alloc(0))).toMatchObject({ pictures: 25 });
  });

  it('keeps B-pictures, all of them in their places', async () => {
    const segments = await recorded(reordered);
    // The last one ends where the camera was let go, between reordered pictures.
    expect(faultsOf(segments.slice(0, -1))).toEqual([]);
    for (const { data } of segments.slice(0, 2)) {
      expect(await shown(data)).toEqual({ pictures: 25, trouble: '' });
    }
  });

  it('begins segments at CRA pictures, and loses none of the RASL pictures behind one', async () => {
    const clip = await levels({ frames: 40, keyFrameEvery: 20, bFrames: 3, x264: 'scenecut=0:open-gop=1' });
    const types = clip.units.map(({ payloads }) => (payloads[0]?.readUInt8(0) ?? 0) >> 1);
    expect(types).toContain(21);
    expect(types.some((type) => type === 8 || type === 9)).toBe(true);
    const segments = await recorded(clip);
    // RASL pictures are shown before the CRA picture that they follow.
    const probes = segments.map(({ data }) => probeTs(data));
    const pictures = probes.reduce((sum, probe) => sum + (probe?.pictures ?? 0), 0);
    const duration90k = segments.reduce((sum, segment) => sum + segment.duration90k, 0);
    expect(Math.abs(pictures - duration90k / 3600)).toBeLessThanOrEqual(3);
    expect(probes.every((probe) => probe?.isWhole === true)).toBe(true);
    const all = Buffer.concat(segments.map(({ data }) => data));
    const seen = await shown(all);
    expect(seen.trouble).toBe('');
    expect(seen.pictures).toBe(pictures);
  });

  it('begins another recording where a camera goes from H.264 to H.265 and back, without a gap', async () => {
    const h264 = await encodeClip({ width: 320, height: 192, frames: 25 });
    const h = await house(h264);
    try {
      h.add(CAM, { record: true });
      const codecs = () => h.archive.recordings.map(([first]) => first?.recording.format.videoCodec);
      await waitFor('H.264', () => codecs().length === 1);
      h.camera().switchTo(plain);
      await waitFor('H.265', () => codecs().length === 2);
      h.camera().switchTo(h264);
      await waitFor('H.264 again', () => codecs().length === 3);
      await h.recorder.close();
      expect(codecs()).toEqual(['h264', 'h265', 'h264']);
      expect(h.archive.recordings.map(([first]) => first?.recording.cause)).toEqual([
        'started',
        'format-changed',
        'format-changed',
      ]);
      expect(faultsOf(h.archive.segmentsKept)).toEqual([]);
    } finally {
      await h.close();
    }
  });

  it('finds the picture of an instant in a segment, with its parameter sets', async () => {
    const [segment] = await recorded(reordered);
    if (segment === undefined) throw new Error('no segment');
    const found = findPicture(segment.data, segment, segment.startMs + 7 * 40 + 20, 'exact');
    expect(found?.pts90k).toBe(segment.startPts90k + 7 * 3600);
    const picture = found && unpackPicture(found);
    expect(picture).toMatchObject({ codec: 'h265', width: 320, height: 192 });
    const { format } = reordered;
    if (format.codec !== 'h265') throw new Error('no H.265');
    expect([picture?.vps, picture?.sps, picture?.pps]).toEqual([format.vps, format.sps, format.pps]);
  });
});
