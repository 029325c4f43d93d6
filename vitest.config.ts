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

/** What takes longest. */
const LONG = /\/test\/(bench|e2e|client|crash|faults|soak|transcode|recording\/branch)\//;

/** Long files early, for one that is begun last would run on alone, and short ones between them, for they use the processors less. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    const short = sorted.filter((file) => !isLong(file));
    const mixed = sorted.filter(isLong).flatMap((file) => [file, ...short.splice(0, 2)]);
    return [...mixed, ...short];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: true,
    // Most tests wait for cameras, browsers and clocks most of the time.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
    // Real cameras, browsers and FFmpegs on a machine that others use too: what fails once may have been starved, twice is wrong.
    retry: 1,
    env: programs(),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
  },
});
