import { spawnSync } from 'node:child_process';
import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { segmentFile } from '../../../server/recording/store/layout.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';
import { recordingOf, segmentsOf } from '../../support/recorded-segments.ts';

const CHECK = fileURLToPath(new URL('../../../server/recording/store/check-main.ts', import.meta.url));
const START_MS = 1_795_255_196_000;

let house: ArchiveHouse;
beforeEach(() => {
  house = new ArchiveHouse();
});
afterEach(async () => {
  await house.close();
});

function check(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CHECK, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

it('check:recordings says what is well, what is not, and what it could not look at', async () => {
  await house.open();
  for (const segment of segmentsOf(recordingOf('one', START_MS), 3))
    house.archive.append('live/door', segment);
  await house.archive.flush();
  expect(check(house.dataDir)).toMatchObject({ status: 0, stdout: expect.stringContaining('open hours 1') });
  expect(check(house.dataDir, '--stopped').stdout).toContain('[R3] 1 hours are open after an orderly stop');
  await house.stop();
  expect(check(house.dataDir, '--stopped')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/streams 1, segments 3.*\nAll is well\.\n$/),
  });
  // Links lead out of what is checked.
  symlinkSync('/', join(house.recordingsDir, 'live', 'door', '2026-11-20'));
  symlinkSync('..', join(house.recordingsDir, 'loop'));
  expect(check(house.dataDir)).toMatchObject({ status: 0, stdout: expect.stringContaining('All is well.') });
  unlinkSync(segmentFile(house.recordingsDir, 'live/door', START_MS));
  expect(check(house.recordingsDir)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/\[R1\].*ENOENT/),
  });
  expect(check(house.dir)).toMatchObject({ status: 2, stderr: expect.stringContaining('has no index.db') });
  expect(check().status).toBe(2);
  expect(check('--help').stdout).toContain('--deep');
});
