// Sets up what is missing and starts nothing: `node server/setup/install.mjs [--production] [--tests] [--copy-worker-to FILE]`.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { runCli } from './cli.mjs';
import { ensure } from './ensure.mjs';
import { findWorker } from './worker.mjs';

await runCli(async () => {
  const { values } = parseArgs({
    options: {
      production: { type: 'boolean', default: false },
      tests: { type: 'boolean', default: false },
      'copy-worker-to': { type: 'string' },
    },
  });
  await ensure({ media: true, tests: values.tests, production: values.production });
  const worker = findWorker();
  const target = values['copy-worker-to'];
  if (target && worker) {
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(worker, target);
  }
});
