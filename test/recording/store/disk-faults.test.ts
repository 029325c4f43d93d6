import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRecordings } from '../../../server/recording/store/check.ts';
import { MARKER_FILE } from '../../../server/recording/store/disk-marker.ts';
import { retentionPolicies } from '../../../server/recording/store/retention-policies.ts';
import { INDEX_FILE } from '../../../server/recording/store/schema.ts';
import { readTimeline } from '../../../server/recording/timeline-reader.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';
import { recordingOf, segmentOf } from '../../support/recorded-segments.ts';
import { TestDisk, whyNoDisks } from '../../support/test-disk.ts';
import { waitFor } from '../../support/wait.ts';

const START_MS = 1_795_255_196_000;
const STREAM = 'live/door';
const recording = recordingOf('one', START_MS);
const MIB = 1024 * 1024;
const HUNG_ARCHIVE = fileURLToPath(new URL('../../support/hung-archive.ts', import.meta.url));

const noDisks = whyNoDisks();

/** Writes until nothing more fits; gives the error that says so. */
function fillUp(path: string): unknown {
  for (const sizeBytes of [MIB, 4096, 1024]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(sizeBytes));
    } catch (failure) {
      if (sizeBytes === 1024) return (failure as NodeJS.ErrnoException).code;
    }
  }
  return undefined;
}

describe('recordings when the disk fails', () => {
  let house: ArchiveHouse;

  const segment = (number: number, sizeBytes = 188 * 8) =>
    segmentOf(recording, START_MS + number * 2_000, { sizeBytes });
  const notes = async () => {
    const { notes } = house.archive.queued(STREAM);
    return notes.map(({ atMs, reason }) => [(atMs - START_MS) / 2_000, reason]);
  };
  const segmentsKept = () => house.archive.kept(STREAM).segments;

  beforeEach(() => {
    house = new ArchiveHouse();
  });
  afterEach(async () => {
    await house.close();
  });

  it('[R6] writes nothing where another disk is, or none, and resumes when the right one is back', async () => {
    await house.open();
    house.archive.append(STREAM, segment(0));
    await house.archive.flush();
    await house.stop();
    const away = join(house.dir, 'away');
    renameSync(house.dataDir, away);
    mkdirSync(house.dataDir);
    await house.open();
    expect(house.state).toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('not to be mounted'),
    });
    expect(house.archive.append(STREAM, segment(1))).toBe(false);
    expect(house.archive.append(STREAM, segment(2))).toBe(false);
    expect(await notes()).toEqual([[1, 'DISK_MISSING']]);
    expect(house.archive.kept(STREAM).reason?.code).toBe('DISK_MISSING');
    await expect(house.archive.readSegment(STREAM, START_MS)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    const { openings } = house;
    await waitFor('it to be looked for again and again', () => house.openings > openings + 1);
    expect(readdirSync(house.dataDir)).toEqual([]);
    rmSync(house.dataDir, { recursive: true });
    renameSync(away, house.dataDir);
    await waitFor('recording to resume', () => house.state.kind === 'ready');
    expect(house.archive.append(STREAM, segment(3))).toBe(true);
    await house.archive.flush();
    expect(segmentsKept()).toBe(2);
    await house.stop();
    expect(checkRecordings(house.dataDir, { isStopped: true }).violations).toEqual([]);
  });

  it('[R6] knows a swapped disk, and takes it once a person says so', async () => {
    await house.open();
    await house.stop();
    const marker = join(house.recordingsDir, MARKER_FILE);
    writeFileSync(marker, readFileSync(marker, 'utf8').replace(/"uuid": ".{8}/, '"uuid": "00000000'));
    await house.open();
    expect(house.state).toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('on another disk'),
    });
    house.disks.delete(house.dataDir);
    await waitFor('the disk to be taken', () => house.state.kind === 'ready');
    house.archive.append(STREAM, segment(0));
    await house.archive.flush();
    expect(segmentsKept()).toBe(1);
  });

  it('names the disk again as the reason after the camera was away too', async () => {
    await house.open();
    await house.stop();
    const away = join(house.dir, 'away');
    renameSync(house.dataDir, away);
    await house.open();
    expect(house.archive.append(STREAM, segment(0))).toBe(false);
    house.archive.note(STREAM, START_MS + 2_000, 'CAMERA_UNREACHABLE');
    house.archive.note(STREAM, START_MS + 6_000, 'RECORDER_RESTARTED');
    expect(house.archive.append(STREAM, segment(3))).toBe(false);
    renameSync(away, house.dataDir);
    await waitFor('recording to resume', () => house.state.kind === 'ready');
    expect(house.archive.append(STREAM, segment(5))).toBe(true);
    await house.archive.flush();
    const { gaps } = await readTimeline(house.archive, STREAM, START_MS, START_MS + 12_000);
    expect(gaps.map(({ start, reason }) => [(start - START_MS) / 2_000, reason])).toEqual([
      [0, 'DISK_MISSING'],
      [1, 'CAMERA_UNREACHABLE'],
      [3, 'DISK_MISSING'],
    ]);
  });

  it('does not take the return of a disk for a start of the gateway', async () => {
    await house.open();
    house.archive.append(STREAM, segment(0));
    house.archive.note(STREAM, START_MS + 2_000, 'CAMERA_UNREACHABLE');
    await house.archive.flush();
    const away = join(house.dir, 'away');
    renameSync(house.dataDir, away);
    await waitFor('it to be noticed', () => house.state.kind === 'missing');
    renameSync(away, house.dataDir);
    await waitFor('recording to resume', () => house.state.kind === 'ready');
    const { gaps } = await readTimeline(house.archive, STREAM, START_MS, Date.now());
    expect(gaps.map(({ reason }) => reason)).toEqual(['CAMERA_UNREACHABLE']);
  });

  it('notices that the folder disappears while it is in use', async () => {
    await house.open();
    house.archive.append(STREAM, segment(0));
    await house.archive.flush();
    const away = join(house.dir, 'away');
    renameSync(house.dataDir, away);
    mkdirSync(house.recordingsDir, { recursive: true });
    house.archive.append(STREAM, segment(1));
    await waitFor('it to be noticed', () => house.state.kind === 'missing');
    expect(existsSync(join(house.recordingsDir, 'live'))).toBe(false);
    rmSync(house.dataDir, { recursive: true });
    renameSync(away, house.dataDir);
    await waitFor('recording to resume', () => house.state.kind === 'ready');
    await house.archive.flush();
    // What was taken before it was noticed is not lost.
    expect(segmentsKept()).toBe(2);
  });

  it.skipIf(noDisks)(
    'waits where the disk is full, keeps what fits into memory, and writes it later',
    async () => {
      const disk = TestDisk.make(16);
      const full = new ArchiveHouse(disk.dir);
      try {
        const ballast = join(disk.dir, 'films');
        writeFileSync(ballast, Buffer.alloc(8 * MIB));
        await full.open({ limits: { streamBytes: 6 * MIB } });
        let sent = 0;
        await waitFor('the disk to be full', async () => {
          if (full.archive.append(STREAM, segment(sent, 188 * 5_000))) sent += 1;
          return full.state.kind === 'failing';
        });
        expect(full.state).toMatchObject({
          reason: 'DISK_FULL',
          message: expect.stringContaining('Free some space'),
        });
        while (full.archive.append(STREAM, segment(sent, 188 * 5_000))) sent += 1;
        expect(full.archive.queued(STREAM).notes.at(-1)).toEqual({
          atMs: START_MS + sent * 2_000,
          reason: 'DISK_FULL',
        });
        // Somebody makes room.
        rmSync(ballast);
        await waitFor('recording to resume', () => full.state.kind === 'ready');
        await full.archive.flush();
        expect(full.archive.queued(STREAM).segments).toEqual([]);
        expect(full.archive.append(STREAM, segment(sent + 1))).toBe(true);
        await full.archive.flush();
        await full.stop();
      } finally {
        await full.close();
        disk.close();
      }
    },
  );

  it.skipIf(noDisks)('can delete and go on where the disk is full to the last byte', async () => {
    const disk = TestDisk.make(16);
    const full = new ArchiveHouse(disk.dir);
    try {
      await full.open();
      const minute = (i: number) =>
        segmentOf(recording, START_MS + i * 60_000, { durationMs: 60_000, sizeBytes: 188 * 5_000 });
      for (let i = 0; i < 8; i += 1) full.archive.append(STREAM, minute(i));
      await full.archive.flush();
      await waitFor('the reserve', () => existsSync(join(full.recordingsDir, 'reserve')));
      await full.stop();
      expect(fillUp(join(disk.dir, 'films'))).toBe('ENOSPC');
      await full.open({ limits: { streamBytes: 2 * MIB } });
      expect(full.archive.append(STREAM, minute(8))).toBe(true);
      await full.archive.commandRoot(disk.dir, 'setRetentionPolicies', {
        policies: retentionPolicies({ recording: { keepDays: 3650, minFreeBytes: 0 }, apps: {} }, []),
      });
      let next = 9;
      await waitFor('the oldest to be deleted for the newest', async () => {
        if (full.archive.append(STREAM, minute(next))) next += 1;
        await full.archive.flush();
        return (full.archive.kept(STREAM).oldestMs ?? 0) > START_MS;
      });
      await waitFor(
        'all to be written',
        () => full.archive.kept(STREAM).newestMs === START_MS + next * 60_000,
      );
      await full.stop();
      expect(checkRecordings(disk.dir, { isStopped: true }).violations).toEqual([]);
    } finally {
      await full.close();
      disk.close();
    }
  });

  it.skipIf(noDisks)(
    'says that a disk became read-only, still plays, and resumes when it is mounted anew',
    async () => {
      const disk = TestDisk.make(32);
      const failing = new ArchiveHouse(disk.dir);
      try {
        await failing.open();
        failing.archive.append(STREAM, segment(0));
        await failing.archive.flush();
        disk.fail();
        failing.archive.append(STREAM, segment(1));
        await waitFor('the fault to be told', () => failing.state.kind === 'failing');
        expect(failing.state).toMatchObject({ reason: 'DISK_ERROR' });
        expect((await failing.archive.readSegment(STREAM, START_MS)).length).toBe(188 * 8);
        // Not yet on the disk, yet it can be played.
        expect((await failing.archive.readSegment(STREAM, START_MS + 2_000)).length).toBe(188 * 8);
        disk.pullOut();
        await waitFor('it to be seen as missing', () => failing.state.kind === 'missing');
        expect(readdirSync(disk.dir)).toEqual([]);
        disk.mount();
        await waitFor('recording to resume', () => failing.state.kind === 'ready');
        await failing.archive.flush();
        expect(failing.archive.kept(STREAM).segments).toBe(2);
        await failing.stop();
        expect(checkRecordings(disk.dir, { isStopped: true }).violations).toEqual([]);
      } finally {
        await failing.close();
        disk.close();
      }
    },
  );

  it('tells of a disk that hangs, drops what does not fit, and goes on by itself', async () => {
    await house.open({ limits: { hangMs: 2_000, streamBytes: 4_000 } });
    // Whoever else wants to write to the index waits for some seconds: the thread stands still in SQLite.
    const holder = new DatabaseSync(join(house.recordingsDir, INDEX_FILE));
    holder.exec('BEGIN IMMEDIATE');
    expect(house.archive.append(STREAM, segment(0))).toBe(true);
    expect(house.archive.append(STREAM, segment(1))).toBe(true);
    expect(house.archive.append(STREAM, segment(2))).toBe(false);
    expect(house.archive.append(STREAM, segment(3))).toBe(false);
    await waitFor('the hang to be told', () => house.state.kind === 'failing');
    expect(house.archive.kept(STREAM).reason).toMatchObject({ code: 'DISK_SLOW' });
    // The reader has a thread of its own.
    expect((await house.archive.segments(STREAM, 0, START_MS)).segments).toEqual([]);
    holder.close();
    await waitFor('recording to resume', () => house.state.kind === 'ready' && segmentsKept() === 2);
    expect(house.archive.append(STREAM, segment(4))).toBe(true);
    await house.archive.flush();
    await house.stop();
    await house.open();
    const ledger = await house.archive.query(STREAM, 'timelinePart', {
      stream: STREAM,
      fromMs: START_MS,
      toMs: START_MS + 10_000,
      countsHead: true,
      queued: { segments: [], notes: [] },
    });
    expect(ledger.gaps).toEqual([{ start: START_MS + 4_000, end: START_MS + 8_000, reason: 'DISK_SLOW' }]);
  });

  it('stops within its time while the disk hangs, and the process ends', async () => {
    mkdirSync(house.dataDir);
    const child = spawn(process.execPath, [HUNG_ARCHIVE, house.dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const [code, signal] = await once(child, 'exit');
    expect(output).toMatch(/"code":"DISK_SLOW".*\nclosed\n/);
    expect([code, signal]).toEqual([null, 'SIGKILL']);
  });

  it('drops what can never be written, and keeps what comes behind it', async () => {
    await house.open();
    const format = { ...recording.format, parameterSetsId: 'x'.repeat(100) };
    const odd = { ...recordingOf('odd', START_MS), format };
    house.archive.append(STREAM, segmentOf(odd, START_MS));
    house.archive.append(STREAM, segment(1));
    await waitFor('the other one to be kept', () => segmentsKept() === 1);
    expect(house.lines.join()).toContain('cannot be kept, and is dropped');
    expect(house.state.kind).toBe('ready');
  });
});
