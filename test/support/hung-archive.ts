/**
 * A process whose recordings' disk hangs: `node hung-archive.ts DIR`. It stops in order, as the gateway does, and says so
 * before it exits.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { RecordingArchive } from '../../server/recording/store/recording-archive.ts';
import { INDEX_FILE } from '../../server/recording/store/schema.ts';
import { recordingOf, segmentOf } from './recorded-segments.ts';

const START_MS = 1_795_255_196_000;
const [dir = ''] = process.argv.slice(2);
const archive = new RecordingArchive({
  clock: systemClock,
  log: silentLogger,
  dataDir: dir,
  appDirs: new Map(),
  disks: { diskOf: async () => undefined, rememberDisk: async () => {} },
  limits: { hangMs: 500, closeTimeoutMs: 1_000 },
});
await archive.open();
// Whoever else wants to write to the index waits for some seconds: the thread stands still in SQLite.
const holder = new DatabaseSync(join(dir, 'recordings', INDEX_FILE));
holder.exec('BEGIN IMMEDIATE');
archive.append('live/door', segmentOf(recordingOf('one', START_MS), START_MS));
await archive.flush();
process.stdout.write(`${JSON.stringify(archive.kept('live/door').reason)}\n`);
await archive.close();
process.stdout.write('closed\n');
holder.close();
process.exit(0);
