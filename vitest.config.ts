import { defineConfig } from 'vitest/config';
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

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: true,
    maxWorkers: 2,
    env: programs(),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
  },
});
