import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './log.mjs';
import { runNpm } from './npm.mjs';
import { projectRoot } from './paths.mjs';
import { hashPaths, readStamp, writeStamp } from './stamp.mjs';

/**
 * @typedef {object} DependencyOptions
 * @property {string} [root]
 * @property {boolean} [production] Without the packages that only development needs.
 */

/** @param {string} root */
const stampPath = (root) => join(root, 'node_modules/.sluice-stamp');

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, integrity?: string, dev?: boolean, devOptional?: boolean, optional?: boolean }>}
 */
function packagesOf(path) {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')).packages ?? {}) : {};
}

/**
 * Compares the lock file with npm's own record of what it installed, so that an `npm install` or `npm ci` somebody ran by
 * hand is not done again.
 * @param {string} root
 * @param {boolean} production
 */
function isInstalledByHand(root, production) {
  const installed = packagesOf(join(root, 'node_modules/.package-lock.json'));
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(([path, wanted]) => {
    if (path === '' || wanted.optional || wanted.devOptional) return true;
    if (production && wanted.dev) return true;
    const found = installed[path];
    return found !== undefined && found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/**
 * @param {DependencyOptions} [options]
 * @returns {boolean} Whether node_modules is what the lock file says.
 */
export function dependenciesPresent({ root = projectRoot, production = false } = {}) {
  const lockHash = hashPaths(root, ['package-lock.json']);
  const stamp = readStamp(stampPath(root));
  // What development needs includes what production needs.
  if (stamp === `all ${lockHash}` || (production && stamp === `production ${lockHash}`)) return true;
  if (!isInstalledByHand(root, production)) return false;
  writeStamp(stampPath(root), `${production ? 'production' : 'all'} ${lockHash}`);
  return true;
}

/**
 * Installs exactly what the lock file says, without running the packages' own install scripts.
 * @param {DependencyOptions} [options]
 * @returns {Promise<void>}
 */
export async function installDependencies({ root = projectRoot, production = false } = {}) {
  const count = Object.values(packagesOf(join(root, 'package-lock.json'))).length - 1;
  say(`dependencies: installing up to ${count} packages (npm ci)`);
  const args = ['ci', '--ignore-scripts', ...(production ? ['--omit=dev'] : ['--include=dev'])];
  await runNpm('installing the dependencies', args, root);
  writeStamp(
    stampPath(root),
    `${production ? 'production' : 'all'} ${hashPaths(root, ['package-lock.json'])}`,
  );
}
