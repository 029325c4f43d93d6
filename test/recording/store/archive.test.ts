import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { RecordingArchive } from '../../../server/recording/store/recording-archive.ts';
import type { DiskRegistry } from '../../../server/recording/store/root-store.ts';
import type { StreamId } from '../../../shared/names.ts';
import { recordingOf, segmentOf, segmentsOf } from '../../support/recorded-segments.ts';
import { waitFor } from '../../support/wait.ts';

/** 2026-11-21T09:59:56Z: two segments before an hour ends. */
const START_MS = 1_795_255_196_000;

function disksInMemory(): DiskRegistry {
  const known = new Map<string, string>();
  return {
    diskOf: async (dir) => known.get(dir),
    rememberDisk: async (dir, uuid) => void known.set(dir, uuid),
  };
}

describe('recording archive', () => {
  let dir: string;
  let archive: RecordingArchive;
  const disks = disksInMemory();

  const open = async () => {
    archive = new RecordingArchive({
      clock: systemClock,
      log: silentLogger,
      dataDir: join(dir, 'data'),
      appDirs: new Map([['farm', join(dir, 'farm')]]),
      disks,
    });
    await archive.open();
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-archive-'));
    await open();
  });
  afterEach(async () => {
    await archive.close();
    rmSync(dir, { recursive: true });
  });

  it('keeps segments as files by UTC day and hour, finds and reads them', async () => {
    const recording = recordingOf('one', START_MS);
    const segments = segmentsOf(recording, 4);
    for (const segment of segments) expect(archive.append('live/door', segment)).toBe(true);
    await archive.flush();
    const folder = join(dir, 'data/recordings/live/door/2026-11-21');
    expect(readdirSync(join(folder, '09')).sort()).toEqual([`${START_MS}.ts`, `${START_MS + 2_000}.ts`]);
    expect(readdirSync(join(folder, '10'))).toHaveLength(2);
    const list = await archive.segments('live/door', START_MS + 1_999, START_MS + 4_001);
    expect(list.segments.map(({ startMs }) => startMs - START_MS)).toEqual([0, 2_000, 4_000]);
    const [row] = list.recordings.values();
    expect(row).toMatchObject({ key: recording.key, width: 640, audio: { clockRate: 48_000, channels: 1 } });
    const first = segments[0] ?? segmentOf(recording, 0);
    expect((await archive.readSegment('live/door', START_MS)).equals(first.data)).toBe(true);
    expect(await archive.newestEndMs('live/door')).toBe(START_MS + 8_000);
    await expect(archive.readSegment('live/door', 1)).rejects.toMatchObject({ code: 'NOT_RECORDED' });
    expect(await archive.newestEndMs('live/other')).toBeUndefined();
    expect(archive.kept('live/door')).toEqual({
      bytes: 4 * 1504,
      segments: 4,
      oldestMs: START_MS,
      newestMs: START_MS + 8_000,
    });
  });

  it('keeps an application with a folder of its own there', async () => {
    archive.append('farm/barn', segmentOf(recordingOf('barn', START_MS), START_MS));
    await archive.flush();
    expect(existsSync(join(dir, 'farm/recordings/farm/barn'))).toBe(true);
    expect(archive.rootOf('farm/barn')).toBe(join(dir, 'farm'));
    expect((await archive.segments('farm/barn', START_MS, START_MS + 1)).segments).toHaveLength(1);
  });

  it('goes on after a restart', async () => {
    const recording = recordingOf('one', START_MS);
    archive.append('live/door', segmentOf(recording, START_MS));
    await archive.close();
    expect(existsSync(join(dir, 'data/recordings/index.db-wal'))).toBe(false);
    await open();
    expect(archive.kept('live/door')).toMatchObject({ segments: 1, newestMs: START_MS + 2_000 });
    archive.append('live/door', segmentOf(recordingOf('two', START_MS + 2_000), START_MS + 2_000));
    await archive.flush();
    const list = await archive.segments('live/door', START_MS, START_MS + 4_000);
    expect(list.segments.map(({ recordingId }) => recordingId)).toEqual([1, 2]);
  });

  it('starts a thread anew that has ended, and loses nothing that it was given', async () => {
    const workers: Worker[] = [];
    const onWorker = (worker: Worker) => void workers.push(worker);
    await archive.close();
    process.on('worker', onWorker);
    await open();
    process.off('worker', onWorker);
    expect(workers).toHaveLength(4);
    // Both readers have answered, so all threads run: one that is ended while it loads its modules can take Node with it (SIGTRAP in V8).
    const both: readonly StreamId[] = ['live/door', 'farm/barn'];
    await Promise.all(both.map((id) => archive.segments(id, START_MS, START_MS + 1)));
    await Promise.all(workers.map((worker) => worker.terminate()));
    expect(archive.append('live/door', segmentOf(recordingOf('one', START_MS), START_MS))).toBe(true);
    const kept = () => archive.readSegment('live/door', START_MS).catch(() => undefined);
    await waitFor('the segment to be durable', () => archive.kept('live/door').segments === 1);
    await waitFor('it to be readable', async () => (await kept())?.length === 188 * 8);
  });

  it('bumps a start that another recording has already, and keeps nothing of one recording twice', async () => {
    const first = segmentOf(recordingOf('one', START_MS), START_MS);
    const second = segmentOf(recordingOf('two', START_MS, { isRepeat: true }), START_MS);
    archive.append('live/door', first);
    archive.append('live/door', second);
    archive.append('live/door', first);
    archive.append('live/door', segmentOf(first.recording, START_MS + 500));
    await archive.flush();
    archive.append('live/door', first);
    await archive.flush();
    expect(archive.kept('live/door').segments).toBe(2);
    const { segments } = await archive.segments('live/door', START_MS, START_MS + 1);
    expect(segments).toEqual([]);
    const newest = await archive.segments('live/door', START_MS, START_MS + 2);
    expect(newest.segments.map(({ startMs }) => startMs)).toEqual([START_MS + 1]);
    expect((await archive.readSegment('live/door', START_MS + 1)).equals(second.data)).toBe(true);
  });
});
