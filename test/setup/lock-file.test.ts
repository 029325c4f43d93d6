import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../../server/setup/paths.mjs';

interface LockedPackage {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const read = (path: string) => JSON.parse(readFileSync(join(projectRoot, path), 'utf8'));
const packages: Record<string, LockedPackage> = read('package-lock.json').packages;

/** Looks a package up as Node does: beside the one that wants it, then outwards. */
function isLocked(wantedBy: string, name: string): boolean {
  for (let base = wantedBy; ; base = base.slice(0, Math.max(base.lastIndexOf('node_modules/') - 1, 0))) {
    if (packages[`${base === '' ? '' : `${base}/`}node_modules/${name}`]) return true;
    if (base === '') return false;
  }
}

// npm drops an optional package that the registry at hand does not have, for example one for another system, and then
// refuses its own lock file on the next machine.
test('the lock file names every package that another one wants, of every system', () => {
  const lost = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isLocked(path, name))
      .map((name) => `${name}, wanted by ${path}`),
  );
  expect(lost).toEqual([]);
});

test('the lock file is that of package.json', () => {
  const { dependencies, devDependencies } = read('package.json');
  expect(packages['']).toMatchObject({ dependencies, devDependencies });
});

test('no address of a registry is in the lock file', () => {
  expect(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
