// `npm test`: sets up what is missing, also for tests, and runs them. Arguments after `--` go to vitest.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endLike, runChild } from './child.mjs';
import { runCli } from './cli.mjs';
import { ensure } from './ensure.mjs';
import { projectRoot } from './paths.mjs';
import { readSummary, summaryLine } from './test-summary.mjs';

await runCli(async () => {
  const { node, env } = await ensure({ media: true, tests: true });
  const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  try {
    const resultPath = join(dir, 'result.json');
    const vitest = join(projectRoot, 'node_modules/vitest/vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultPath}`];
    const args = [vitest, 'run', ...reporters, ...process.argv.slice(2)];
    const end = await runChild({ node, args, env, cwd: projectRoot });
    const summary = readSummary(resultPath);
    if (summary) process.stdout.write(`\n${summaryLine(summary)}\n`);
    else process.stderr.write('\nThe tests ended without a result.\n');
    // A run without a result, or with failures that vitest did not make its status, must not pass.
    const failed = !summary || summary.failed > 0 || summary.passed === 0;
    endLike(end.code === 0 && failed ? { code: 1, signal: null } : end);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
