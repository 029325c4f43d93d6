import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { findFfmpeg } from './server/setup/programs.mjs';
import { findWorker } from './server/setup/worker.mjs';

/** Where set-up has put the programs, so that a bare `npx vitest` finds them as `npm test` does. */
function programs(): Record<string, string> {
  const worker = findWorker();
  const ffmpeg = findFfmpeg();
  return {
    ...(worker ? { MEDIASOUP_WORKER_BIN: worker } : {}),
    ...(ffmpeg ? { FFMPEG_PATH: ffmpeg.ffmpeg } : {}),
  };
}

/**
 * What is pure, or has all it needs in its own process: three files in four of these are over sooner than a process for them is up.
 * They share a few threads, and what they have imported. A test belongs here that changes nothing of its process (environment,
 * time zone, globals), counts none of its children or handles, and starts no processes or worker threads.
 */
const SHARED = [
  'test/base/!(give-back|process-supervisor).test.ts',
  'test/bench/parts.test.ts',
  'test/client/{add-and-system,backoff,codec-names,erase,failure-words,formats,play-times,player-state,reason-words,report-text,stats,sync-page,sync-plan,tile-state,time-map,types,wall-model,watchdog,wire}.test.ts',
  'test/gateway/{camera-report,onvif-cameras,probes,ptz-desk,scan-desk,settings-desk,stream-directory,system-status,webrtc-status}.test.ts',
  'test/http/!(browser|limits).test.ts',
  'test/http/access/*.test.ts',
  'test/onvif/*.test.ts',
  'test/recording/{live-list,retention-plan,timeline}.test.ts',
  'test/recording/store/{erase,ledger,newest-wins,repair-beside-writing,segment-footer,write-queue}.test.ts',
  'test/recording/branch/{parts,recording-clock}.test.ts',
  'test/recording/export/{mp4-duration,names,plan}.test.ts',
  'test/recording/ts/!(ffmpeg|key-frame-ts).test.ts',
  'test/rtsp/client/!(gstreamer|moved-camera|odd-replies|odd-servers|stampede|system-roots).test.ts',
  'test/rtsp/parse/!(picture-facts).test.ts',
  'test/setup/{apt,lock-file,stamp,test-summary}.test.ts',
  'test/signaling/{cameras,fuzz,limits,requests,rules}.test.ts',
  'test/stream/!(display-times|reorder-free).test.ts',
  'test/onvif-camera/*.test.ts',
  'test/support/onvif-sim/{events,onvif-sim,ptz,xml}.test.ts',
  'test/transcode/legs/{lateness,sound-clock,sound-start}.test.ts',
  'test/webrtc/{congestion,congestion-meter,listen-infos,once-connected,quality-ladder,rtcp-feedback,rtp-parameters,sdp,tcp-backlog,worker-watchdog}.test.ts',
];
/** What takes longest. */
const LONG = /\/test\/(bench|e2e|client|crash|faults|soak|transcode|recording\/branch)\//;

/**
 * Long files early, for one that is begun last would run on alone, and short ones between them, for they use the processors less.
 * Those that share threads come last and together: a thread goes on only with the very next file.
 */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    const alone = sorted.filter(({ project }) => project.config.isolate);
    const short = alone.filter((file) => !isLong(file));
    const mixed = alone.filter(isLong).flatMap((file) => [file, ...short.splice(0, 2)]);
    return [...mixed, ...short, ...sorted.filter(({ project }) => !project.config.isolate)];
  }
}

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: SHARED, pool: 'forks' },
      },
      {
        extends: true,
        test: { name: 'shared', include: SHARED, pool: 'threads', isolate: false },
      },
    ],
    fileParallelism: true,
    // Most tests wait for cameras, browsers and clocks most of the time.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
    // Real cameras, browsers and FFmpegs on a machine that others use too: what fails once may have been starved, twice is wrong.
    // A counterexample that fast-check has found is wrong at once; another try would only begin with another seed.
    retry: { count: 1, condition: /^(?!Property failed)/ },
    env: programs(),
    setupFiles: ['test/support/property-seed.ts'],
    testTimeout: 30_000,
    // Longer than a gateway has for its start (test/support/gateway.ts), which tells what it said.
    hookTimeout: 90_000,
    teardownTimeout: 10_000,
  },
});
