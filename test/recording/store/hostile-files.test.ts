import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { segmentFile } from '../../../server/recording/store/layout.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';
import { recordingOf, segmentsOf } from '../../support/recorded-segments.ts';
import { waitFor } from '../../support/wait.ts';

/** 2026-11-21T09:00:00Z */
const START_MS = 1_795_251_600_000;
const STREAM = 'live/door';

let house: ArchiveHouse;
beforeEach(() => {
  house = new ArchiveHouse();
});
afterEach(() => house.close());

const file = (startMs: number) => segmentFile(house.recordingsDir, STREAM, startMs);

async function keep(startMs: number, count: number): Promise<void> {
  for (const segment of segmentsOf(recordingOf(String(startMs), startMs), count)) {
    expect(house.archive.append(STREAM, segment)).toBe(true);
  }
  await house.archive.flush();
}

it('what is no segment does not hold up the index that is made anew: pipes, links, folders, enormous and torn files', async () => {
  await house.open();
  await keep(START_MS, 3);
  await house.stop();
  for (const name of readdirSync(house.recordingsDir)) {
    if (name.startsWith('index.db')) rmSync(join(house.recordingsDir, name));
  }
  const at = (seconds: number) => START_MS + 600_000 + seconds * 1000;
  const outside = join(house.dir, 'outside');
  copyFileSync(file(START_MS), outside);
  const before = readFileSync(outside);
  // To open it would wait for a writer that never comes.
  execFileSync('mkfifo', [file(at(0))]);
  symlinkSync('/dev/zero', file(at(1)));
  symlinkSync(outside, file(at(2)));
  symlinkSync(`${at(3)}.ts`, file(at(3)));
  mkdirSync(file(at(4)));
  writeFileSync(file(at(5)), '');
  writeFileSync(file(at(6)), Buffer.alloc(188 * 100, 0x47));
  writeFileSync(file(at(7)), '');
  truncateSync(file(at(7)), 5 * 1024 ** 3);
  const hour = dirname(file(START_MS));
  for (const name of ['-rf', `${'9'.repeat(200)}.ts`, '1e3.ts', 'a\nb.ts', '999999999999999.ts']) {
    writeFileSync(join(hour, name), 'x');
  }
  symlinkSync('/', join(house.recordingsDir, 'live', 'door', '2026-11-20'));
  symlinkSync('..', join(house.recordingsDir, 'loop'));
  mkdirSync(join(house.recordingsDir, '<b>', 'x', '2026-11-21', '09'), { recursive: true });

  await house.open();
  await waitFor('the comparison', () => house.lines.includes('index and recorded files agree again'));
  const kept = await house.archive.segments(STREAM, 0, START_MS + 3_600_000);
  expect(kept.segments.map(({ startMs }) => startMs)).toEqual([START_MS, START_MS + 2000, START_MS + 4000]);
  expect(house.state).toMatchObject({ kind: 'ready' });
  expect(readFileSync(outside).equals(before)).toBe(true);
  await keep(START_MS + 1_200_000, 2);
});

it('nothing but a plain file is served as a segment, or written through', async () => {
  await house.open();
  await keep(START_MS, 4);
  const secret = join(house.dir, 'secret');
  writeFileSync(secret, Buffer.alloc(1_000_000, 's'));
  const [fifo, link, huge] = [START_MS, START_MS + 2000, START_MS + 4000];
  unlinkSync(file(fifo));
  execFileSync('mkfifo', [file(fifo)]);
  unlinkSync(file(link));
  symlinkSync(secret, file(link));
  const index = new DatabaseSync(join(house.recordingsDir, 'index.db'));
  index.prepare('UPDATE segments SET size_bytes = ? WHERE start_ms = ?').run(2 ** 33, huge);
  index.close();
  for (const startMs of [fifo, link, huge]) {
    await expect(house.archive.readSegment(STREAM, startMs)).rejects.toMatchObject({ code: 'NOT_RECORDED' });
  }
  expect((await house.archive.readSegment(STREAM, START_MS + 6000)).length).toBeGreaterThan(0);

  const next = START_MS + 60_000;
  symlinkSync(secret, file(next).replace(/ts$/, 'part'));
  await keep(next, 1);
  expect(readFileSync(secret).every((byte) => byte === 's'.charCodeAt(0))).toBe(true);
  expect(existsSync(file(next))).toBe(true);
  renameSync(secret, `${secret}.gone`);
  expect((await house.archive.readSegment(STREAM, next)).length).toBeGreaterThan(0);
});

const ABSURD = [
  `UPDATE streams SET bytes = ${2n ** 62n}`,
  `INSERT INTO open_hours VALUES (1, 8640000000000001)`,
  `INSERT INTO open_hours VALUES (1, ${2n ** 62n})`,
];

it.each(ABSURD)('an index with numbers that no store writes is made anew: %s', async (sql) => {
  await house.open();
  await keep(START_MS, 3);
  await house.stop();
  const index = new DatabaseSync(join(house.recordingsDir, 'index.db'));
  index.exec(sql);
  index.close();
  await house.open();
  await waitFor('the comparison', () => house.lines.includes('index and recorded files agree again'));
  expect((await house.archive.segments(STREAM, 0, START_MS + 60_000)).segments).toHaveLength(3);
  await keep(START_MS + 60_000, 1);
});
