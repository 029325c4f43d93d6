import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildClient, clientPresent } from '../../server/setup/client.mjs';
import { dependenciesPresent } from '../../server/setup/dependencies.mjs';
import { hashPaths, readStamp, writeStamp } from '../../server/setup/stamp.mjs';
import { tempDir } from './temp-dir.ts';

test('a hash sees content, names, and what comes and goes, but not the folders it skips', () => {
  const root = tempDir();
  mkdirSync(join(root, 'src/dist'), { recursive: true });
  writeFileSync(join(root, 'src/a'), 'one');
  const hash = () => hashPaths(root, ['src', 'absent'], { skip: ['dist'] });
  const seen = [hash()];
  expect(hash()).toBe(seen[0]);
  writeFileSync(join(root, 'src/dist/built'), 'x');
  expect(hash()).toBe(seen[0]);
  writeFileSync(join(root, 'src/a'), 'two');
  seen.push(hash());
  writeFileSync(join(root, 'src/b'), '');
  seen.push(hash());
  writeFileSync(join(root, 'absent'), '');
  seen.push(hash());
  expect(new Set(seen).size).toBe(4);
});

test('a stamp is read back, and is written in one piece', () => {
  const root = tempDir();
  expect(readStamp(join(root, 'new/stamp'))).toBeUndefined();
  writeStamp(join(root, 'new/stamp'), 'value');
  expect(readStamp(join(root, 'new/stamp'))).toBe('value');
  expect(readdirSync(join(root, 'new'))).toEqual(['stamp']);
});

const locked = (version: string) =>
  JSON.stringify({
    packages: {
      '': { name: 'x' },
      'node_modules/run': { version, integrity: 'sha512-a' },
      'node_modules/dev-only': { version: '1.0.0', integrity: 'sha512-b', dev: true },
      'node_modules/other-system': { version: '1.0.0', integrity: 'sha512-c', optional: true },
    },
  });

const installed = (packages: Record<string, unknown>) => JSON.stringify({ packages });

test('dependencies are missing until npm has installed what the lock file says', () => {
  const root = tempDir();
  writeFileSync(join(root, 'package-lock.json'), locked('1.0.0'));
  expect(dependenciesPresent({ root })).toBe(false);
  mkdirSync(join(root, 'node_modules'));
  const run = { version: '1.0.0', integrity: 'sha512-a' };
  writeFileSync(join(root, 'node_modules/.package-lock.json'), installed({ 'node_modules/run': run }));
  expect(dependenciesPresent({ root })).toBe(false);
  expect(dependenciesPresent({ root, production: true })).toBe(true);
  // What a production install has stamped is not enough for development.
  expect(dependenciesPresent({ root })).toBe(false);
});

test('an install by hand counts, and a changed lock file makes it stale', () => {
  const root = tempDir();
  writeFileSync(join(root, 'package-lock.json'), locked('1.0.0'));
  mkdirSync(join(root, 'node_modules'));
  const packages = JSON.parse(locked('1.0.0')).packages;
  writeFileSync(join(root, 'node_modules/.package-lock.json'), installed(packages));
  expect(dependenciesPresent({ root })).toBe(true);
  // From here on the stamp alone answers.
  rmSync(join(root, 'node_modules/.package-lock.json'));
  expect(dependenciesPresent({ root })).toBe(true);
  writeFileSync(join(root, 'package-lock.json'), locked('1.0.1'));
  expect(dependenciesPresent({ root })).toBe(false);
});

test('the pages are built when their source changes, and only then', async () => {
  const root = tempDir();
  mkdirSync(join(root, 'client'), { recursive: true });
  mkdirSync(join(root, 'shared'));
  expect(clientPresent(root)).toBe(true);
  writeFileSync(join(root, 'client/vite.config.ts'), '');
  expect(clientPresent(root)).toBe(false);
  // Stands in for Vite, which is exercised by every other test that loads the pages.
  mkdirSync(join(root, 'node_modules/vite/bin'), { recursive: true });
  writeFileSync(
    join(root, 'node_modules/vite/bin/vite.js'),
    `require('fs').mkdirSync('dist', { recursive: true })`,
  );
  await buildClient({ node: process.execPath, root, say: () => {} });
  expect(clientPresent(root)).toBe(true);
  writeFileSync(join(root, 'shared/wire.ts'), '');
  expect(clientPresent(root)).toBe(false);
});
