import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Segment } from '../../../server/recording/segment.ts';
import { checkRecordings } from '../../../server/recording/store/check.ts';
import { IndexReader } from '../../../server/recording/store/index-reader.ts';
import { segmentFile } from '../../../server/recording/store/layout.ts';
import { writeFooter } from '../../../server/recording/store/segment-footer.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';
import { recordingOf, segmentOf, segmentsOf } from '../../support/recorded-segments.ts';
import { waitFor } from '../../support/wait.ts';

/** 2026-11-21T09:59:56Z: two segments before an hour ends. */
const START_MS = 1_795_255_196_000;
const STREAM = 'live/door';

describe('recordings after a crash, a loss or damage', () => {
  let house: ArchiveHouse;

  beforeEach(() => {
    house = new ArchiveHouse();
  });
  afterEach(async () => {
    await house.close();
  });

  const file = (startMs: number) => segmentFile(house.recordingsDir, STREAM, startMs);
  const indexFile = () => join(house.recordingsDir, 'index.db');

  async function keep(...segments: Segment[]): Promise<void> {
    for (const segment of segments) expect(house.archive.append(STREAM, segment)).toBe(true);
    await house.archive.flush();
  }

  /** All that the index tells, in a form that can be compared. */
  function told() {
    const index = IndexReader.open(house.recordingsDir);
    try {
      const rows = index.segments(STREAM, 0, Number.MAX_SAFE_INTEGER / 2);
      const recordings = index.recordings(rows.map(({ recordingId }) => recordingId));
      const { generation: _, ...totals } = index.streamRow(STREAM) ?? { generation: 0 };
      return { rows, recordings: [...recordings.values()], totals };
    } finally {
      index.close();
    }
  }

  function notes() {
    const index = IndexReader.open(house.recordingsDir);
    try {
      return index
        .notes(STREAM, 0, Number.MAX_SAFE_INTEGER)
        .map(({ atMs, reason }) => [atMs - START_MS, reason]);
    } finally {
      index.close();
    }
  }

  /** As after kill -9: hours are open, files lie there that no row tells of. */
  function forget(startMs: number): void {
    const database = new DatabaseSync(indexFile());
    const hourMs = Math.floor(startMs / 3_600_000) * 3_600_000;
    database.exec(`DELETE FROM segments WHERE start_ms = ${startMs};
      UPDATE streams SET segments = segments - 1, bytes = bytes - ${188 * 8};
      INSERT OR IGNORE INTO open_hours SELECT id, ${hourMs} FROM streams`);
    database.close();
  }

  const wellDone = () => expect(checkRecordings(house.dataDir, { isStopped: true }).violations).toEqual([]);

  async function restart(): Promise<void> {
    await house.open();
    await waitFor('index and files to agree', () => !house.lines.at(-1)?.includes('they are compared'));
  }

  it('[R2] takes in at start what was renamed but not indexed, and unlinks what was half-written', async () => {
    const segments = segmentsOf(recordingOf('one', START_MS), 4);
    await house.open();
    await keep(...segments);
    await house.stop();
    const before = told();
    forget(START_MS + 6_000);
    writeFileSync(file(START_MS + 8_000).replace(/\.ts$/, '.part'), 'half');
    expect(told()).not.toEqual(before);
    await house.open();
    expect(await house.archive.newestEndMs(STREAM)).toBe(START_MS + 8_000);
    await house.stop();
    expect(told()).toEqual(before);
    expect(readdirSync(dirname(file(START_MS + 6_000))).filter((name) => name.endsWith('.part'))).toEqual([]);
    wellDone();
  });

  it('[R2] finishes what retention had begun to delete', async () => {
    await house.open();
    await keep(...segmentsOf(recordingOf('one', START_MS), 2));
    await house.stop();
    const database = new DatabaseSync(indexFile());
    database.exec(`DELETE FROM segments WHERE start_ms = ${START_MS};
      UPDATE streams SET segments = 1, bytes = ${188 * 8};
      INSERT INTO garbage SELECT id, ${START_MS} FROM streams`);
    database.close();
    await house.open();
    await waitFor('the file to be unlinked', () => !existsSync(file(START_MS)));
    await house.stop();
    expect(existsSync(file(START_MS + 2_000))).toBe(true);
    expect(checkRecordings(house.dataDir, { isStopped: true })).toMatchObject({ violations: [], garbage: 0 });
  });

  it('[R3] leaves nothing open after an orderly stop', async () => {
    await house.open();
    await keep(...segmentsOf(recordingOf('one', START_MS), 4));
    expect(checkRecordings(house.dataDir).openHours).toBe(1);
    await house.stop();
    expect(checkRecordings(house.dataDir)).toMatchObject({ openHours: 0, violations: [] });
  });

  it('[R1] tells of a row whose file is gone, and of a file that was changed', async () => {
    await house.open();
    await keep(...segmentsOf(recordingOf('one', START_MS), 3));
    await house.stop();
    unlinkSync(file(START_MS));
    const changed = openSync(file(START_MS + 2_000), 'r+');
    writeSync(changed, 'X', 100);
    truncateSync(file(START_MS + 4_000), 700);
    const { violations } = checkRecordings(house.dataDir, { isDeep: true });
    expect(violations.map(({ invariant }) => invariant)).toEqual(['R1', 'R1', 'R1']);
    expect(violations.map(({ message }) => message).join()).toMatch(
      /ENOENT.*checksum.*700 bytes instead of 1692/,
    );
  });

  it('makes a deleted index anew from the files, with the same recordings in the same order', async () => {
    await house.open();
    const first = recordingOf('first', START_MS);
    const second = recordingOf('second', START_MS + 4_000, { cause: 'format-changed' });
    // The clock was set back: the newer recording has the older time.
    const repeat = recordingOf('repeat', START_MS + 1_500, { cause: 'clock-stepped', isRepeat: true });
    await keep(...segmentsOf(first, 2), ...segmentsOf(second, 2), ...segmentsOf(repeat, 2));
    house.archive.note(STREAM, START_MS - 5, 'CAMERA_SILENT');
    await house.archive.flush();
    await house.stop();
    const before = told();
    expect(before.rows.map(({ startMs }) => startMs - START_MS)).toEqual([1_500, 3_500, 6_000]);
    rmSync(indexFile());
    await restart();
    await waitFor('all files to be found', () => house.archive.kept(STREAM).segments === 6);
    // What is recorded from now on is newer than all that is found.
    await keep(segmentOf(recordingOf('new', START_MS + 1_500), START_MS + 1_500));
    await house.stop();
    const after = told();
    expect(after.rows.map(({ startMs }) => startMs - START_MS)).toEqual([1_501, 3_500, 6_000]);
    expect(after.recordings.map(({ key }) => key.replace(/0+$/, ''))).toEqual(['new', 'repeat', 'second']);
    expect(after.recordings.slice(1)).toEqual(before.recordings);
    expect(after.rows.slice(1)).toEqual(before.rows.slice(1));
    wellDone();
  });

  it('notices an index that is older than the files, keeps what it does not know, and tells what is gone', async () => {
    await house.open();
    const recording = recordingOf('one', START_MS);
    const segments = segmentsOf(recording, 4);
    await keep(...segments.slice(0, 2));
    await house.stop();
    copyFileSync(indexFile(), join(house.dir, 'backup.db'));
    await house.open();
    await keep(...segments.slice(2));
    await house.stop();
    copyFileSync(join(house.dir, 'backup.db'), indexFile());
    unlinkSync(file(START_MS));
    await restart();
    await waitFor('all files to be found', () => house.archive.kept(STREAM).segments === 3);
    await house.stop();
    expect(told().rows.map(({ startMs }) => startMs - START_MS)).toEqual([2_000, 4_000, 6_000]);
    expect(notes()).toContainEqual([0, 'FILE_LOST']);
    expect(notes()).toContainEqual([2_000, 'RECORDER_RESTARTED']);
    wellDone();
  });

  it('puts a damaged index aside, keeps its notes as far as they can be read, and goes on recording', async () => {
    await house.open();
    await keep(...segmentsOf(recordingOf('one', START_MS), 3));
    house.archive.note(STREAM, START_MS + 6_000, 'CAMERA_AUTH_FAILED');
    await house.archive.flush();
    await house.stop();
    const damaged = readFileSync(indexFile());
    damaged.fill(0xff, 0, 100);
    writeFileSync(indexFile(), damaged);
    await restart();
    expect(house.lines.join()).toContain('the index is damaged');
    expect(
      house.archive.append(STREAM, segmentOf(recordingOf('two', START_MS + 9_000), START_MS + 9_000)),
    ).toBe(true);
    await waitFor('all files to be found', () => house.archive.kept(STREAM).segments === 4);
    await house.stop();
    expect(told().rows).toHaveLength(4);
    wellDone();
  });

  it('finds damage while it is in use, from reading as from writing', async () => {
    await house.open();
    const recording = recordingOf('one', START_MS);
    for (let i = 0; i < 60; i += 1) {
      house.archive.append(STREAM, segmentOf(recording, START_MS + i * 2_000));
    }
    await house.archive.flush();
    await house.stop();
    // Every page but the first three: what is needed to open it is whole.
    const bytes = readFileSync(indexFile());
    bytes.fill(0xee, 4096 * 3);
    writeFileSync(indexFile(), bytes);
    await house.open();
    await house.archive.segments(STREAM, START_MS, START_MS + 10_000).catch(() => {});
    await waitFor('the index to be made anew', () =>
      house.lines.some((line) => line.includes('agree again')),
    );
    await waitFor('all files to be found', () => house.archive.kept(STREAM).segments === 60);
    await house.stop();
    wellDone();
  });

  it('takes in what can be played of a torn file, and leaves alone what nobody can play', async () => {
    await house.open();
    await keep(segmentOf(recordingOf('one', START_MS), START_MS));
    await house.stop();
    const clip = join(house.dir, 'clip.ts');
    execFileSync(process.env.FFMPEG_PATH ?? 'ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=25:duration=2'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-f', 'mpegts', clip],
    ]);
    const torn = readFileSync(clip);
    writeFileSync(file(START_MS + 2_000), torn.subarray(0, torn.length - 1_000));
    writeFileSync(file(START_MS + 3_900), Buffer.alloc(50_000, 7));
    const database = new DatabaseSync(indexFile());
    database.exec(`INSERT INTO open_hours SELECT id, ${START_MS - (START_MS % 3_600_000)} FROM streams`);
    database.close();
    await house.open();
    expect(house.archive.kept(STREAM).segments).toBe(2);
    const list = await house.archive.segments(STREAM, START_MS + 2_000, START_MS + 2_001);
    expect(list.segments[0]?.duration90k).toBeGreaterThan(100_000);
    expect([...list.recordings.values()][0]).toMatchObject({ cause: 'recovered', width: 320, height: 180 });
    await house.stop();
    expect(existsSync(file(START_MS + 3_900))).toBe(false);
    expect(existsSync(file(START_MS + 3_900).replace(/\.ts$/, '.damaged'))).toBe(true);
    wellDone();
  });

  it('tells of files that have disappeared in the ledger', async () => {
    await house.open();
    await keep(...segmentsOf(recordingOf('one', START_MS - 1_000_000), 4));
    await house.stop();
    unlinkSync(file(START_MS - 1_000_000 + 2_000));
    unlinkSync(file(START_MS - 1_000_000 + 4_000));
    const database = new DatabaseSync(indexFile());
    const hourMs = START_MS - (START_MS % 3_600_000);
    database.exec(`INSERT INTO open_hours SELECT id, ${hourMs} FROM streams`);
    database.close();
    await house.open();
    await house.stop();
    expect(notes()).toEqual([
      [-998_000, 'FILE_LOST'],
      [-994_000, 'RECORDER_RESTARTED'],
      [-992_000, 'SERVER_STOPPED'],
    ]);
    wellDone();
  });

  it('says when the gateway did not run', async () => {
    await house.open();
    await keep(...segmentsOf(recordingOf('one', START_MS), 2));
    house.archive.note('live/off', START_MS, 'RECORDING_OFF');
    house.archive.note('live/away', START_MS, 'CAMERA_UNREACHABLE');
    await house.archive.flush();
    await house.stop();
    await house.open();
    await house.stop();
    expect(notes()).toEqual([[4_000, 'SERVER_STOPPED']]);
    const index = IndexReader.open(house.recordingsDir);
    const reasons = (stream: 'live/off' | 'live/away') =>
      index.notes(stream, 0, Number.MAX_SAFE_INTEGER).map(({ reason }) => reason);
    expect(reasons('live/off')).toEqual(['RECORDING_OFF']);
    expect(reasons('live/away')).toEqual(['CAMERA_UNREACHABLE', 'SERVER_STOPPED']);
    index.close();
  });

  it('lets only one gateway write to a folder', async () => {
    await house.open();
    const other = new ArchiveHouse(house.dataDir);
    await other.open();
    expect(other.state).toMatchObject({
      kind: 'failing',
      message: expect.stringMatching(/^Nothing is recorded to .*: another Sluice records .* Stop that one/),
    });
    await other.close();
    await keep(segmentOf(recordingOf('one', START_MS), START_MS));
  });

  it('leaves files of others alone', async () => {
    await house.open();
    await keep(segmentOf(recordingOf('one', START_MS), START_MS));
    await house.stop();
    const mine = [join(house.recordingsDir, 'notes.txt'), join(dirname(file(START_MS)), 'holiday.ts')];
    for (const path of mine) writeFileSync(path, 'mine');
    const elsewhere = segmentFile(house.recordingsDir, 'live/copied', START_MS);
    mkdirSync(dirname(elsewhere), { recursive: true });
    const segment = segmentOf(recordingOf('copied', START_MS), START_MS);
    writeFileSync(elsewhere, Buffer.concat([segment.data, writeFooter(segment, 1)]));
    rmSync(indexFile());
    await restart();
    await waitFor('all folders to be looked at', () =>
      house.lines.some((line) => line.includes('agree again')),
    );
    expect(house.archive.kept('live/copied').segments).toBe(1);
    await house.stop();
    for (const path of mine) expect(readFileSync(path, 'utf8')).toBe('mine');
    wellDone();
  });
});
