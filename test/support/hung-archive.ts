/**
 * A process whose recordings' disk hangs: `node hung-archive.ts DIR`. It stops in order, as the gateway does, and says so
 * before it exits.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { partFile } from '../../server/recording/store/layout.ts';
import { RecordingArchive } from '../../server/recording/store/recording-archive.ts';
import { recordingOf, segmentOf } from './recorded-segments.ts';

const START_MS = 1_795_255_196_000;
const [dir = ''] = process.argv.slice(2);
const part = partFile(join(dir, 'recordings'), 'live/door', START_MS);
mkdirSync(dirname(part), { recursive: true });
// To open a pipe for writing takes until somebody reads from it.
execFileSync('mkfifo', [part]);

const archive = new RecordingArchive({
  clock: systemClock,
  log: silentLogger,
  dataDir: dir,
  appDirs: new Map(),
  disks: { diskOf: async () => undefined, rememberDisk: async () => {} },
  limits: { hangMs: 500, closeTimeoutMs: 1_000 },
});
await archive.open();
archive.append('live/door', segmentOf(recordingOf('one', START_MS), START_MS));
await archive.flush();
process.stdout.write(`${JSON.stringify(archive.kept('live/door').reason)}\n`);
await archive.close();
process.stdout.write('closed\n');
process.exit(0);
