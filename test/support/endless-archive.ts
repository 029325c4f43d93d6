/** A process that records to DIR until it is killed: `node endless-archive.ts DIR FROM_MS`. */
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { RecordingArchive } from '../../server/recording/store/recording-archive.ts';
import { recordingOf, segmentOf } from './recorded-segments.ts';

const [dir = '', from = '0'] = process.argv.slice(2);
const archive = new RecordingArchive({
  clock: systemClock,
  log: silentLogger,
  dataDir: dir,
  appDirs: new Map(),
  disks: { diskOf: async () => undefined, rememberDisk: async () => {} },
});
await archive.open();
const streams = ['live/a', 'live/b', 'live/c'] as const;
const recordings = streams.map((stream) => recordingOf(`${stream.slice(5)}${from}`, Number(from)));
// What was told here is durable: it has to be there after the kill.
archive.onSegment(({ stream, startMs }) => process.stdout.write(`${stream} ${startMs}\n`));
// Ten minutes a step, so that hours change often.
for (let startMs = Number(from); ; startMs += 600_000) {
  streams.forEach((stream, i) => {
    const recording = recordings[i];
    if (recording !== undefined)
      archive.append(stream, segmentOf(recording, startMs, { durationMs: 100_000, sizeBytes: 188 * 500 }));
  });
  await archive.flush();
}
