import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import type { Segment } from '../../../server/recording/segment.ts';
import { RecordingArchive } from '../../../server/recording/store/recording-archive.ts';
import type { StreamId } from '../../../shared/names.ts';
import { codedFootage, segmentsOfFootage } from '../../support/coded-footage.ts';
import { TsRetimer } from '../../support/ts-retimer.ts';

/** After that the pictures' numbers begin anew. */
export const ROUND_SECONDS = 20;

/**
 * Keeps `seconds` of 4 Mbit/s with sound in a data folder, as a recording of 2 s segments that begins at `startMs`: a piece
 * of footage again and again, on one timeline. The folder is left as after an orderly stop.
 */
export async function keepFootage(
  dataDir: string,
  startMs: number,
  seconds: number,
  {
    stream = 'live/cam0',
    width = 640,
    height = 360,
  }: { stream?: StreamId; width?: number; height?: number } = {},
): Promise<{ bytes: number }> {
  const ts = await codedFootage({
    ...{ seconds: ROUND_SECONDS, width, height, bitrate: '3950k', noise: true },
  });
  const round = segmentsOfFootage(ts, { name: 'bench', startMs });
  const disks = new Map<string, string>();
  const archive = new RecordingArchive({
    clock: systemClock,
    log: silentLogger,
    dataDir,
    appDirs: new Map(),
    disks: {
      diskOf: async (dir) => disks.get(dir),
      rememberDisk: async (dir, uuid) => void disks.set(dir, uuid),
    },
  });
  await archive.open();
  let bytes = 0;
  try {
    for (let at = 0; at < seconds; at += ROUND_SECONDS) {
      for (const segment of round) {
        if (segment.startMs - startMs + at * 1000 >= seconds * 1000) break;
        const moved = later(segment, at);
        if (!archive.append(stream, moved)) throw new Error('the store does not keep up');
        bytes += moved.data.length;
      }
      await archive.flush();
    }
  } finally {
    await archive.close();
  }
  return { bytes };
}

function later(segment: Segment, bySeconds: number): Segment {
  const data = Buffer.from(new SharedArrayBuffer(segment.data.length));
  segment.data.copy(data);
  new TsRetimer().retime(data, bySeconds * 90_000);
  return {
    ...segment,
    startMs: segment.startMs + bySeconds * 1000,
    endMs: segment.endMs + bySeconds * 1000,
    startPts90k: segment.startPts90k + bySeconds * 90_000,
    data,
  };
}
