import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

test('what Node made of the TypeScript outlives a kill -9, so that the next start is a quick one', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'sluice-compiled-'));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  const settings = { demo: false };
  const gateway = await GatewayProcess.start({ settings, env: { NODE_COMPILE_CACHE: cache } });
  onTestFinished(() => gateway.close());
  const kept = () => readdirSync(cache, { recursive: true, withFileTypes: true }).filter((at) => at.isFile());
  // Each module twice: without its types, and compiled.
  await waitFor('the cache to be written', () => kept().length > 600);
  await gateway.kill();
  expect(kept().length).toBeGreaterThan(600);
  const before = kept().length;
  await gateway.startAgain();
  await waitFor('the start to be over', () => gateway.output.split('is running').length > 2);
  // Threads may still have been at their start when the first one was killed.
  expect(kept().length - before).toBeLessThan(before / 4);
}, 120_000);
