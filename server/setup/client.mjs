import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './log.mjs';
import { projectRoot } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { hashPaths, readStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
const stampPath = (root) => join(root, 'client/dist/.sluice-stamp');

/** @param {string} root */
function sourceHash(root) {
  return hashPaths(root, ['client', 'shared', 'package-lock.json'], {
    skip: ['dist', 'node_modules', '.vite'],
  });
}

/**
 * @param {string} [root]
 * @returns {boolean} Whether the built pages are those of the present source; also true where there are none to build.
 */
export function clientPresent(root = projectRoot) {
  if (!existsSync(join(root, 'client/vite.config.ts'))) return true;
  return readStamp(stampPath(root)) === sourceHash(root);
}

/**
 * Builds the browser's part. Vite empties its target first, the stamp with it, so a build that was interrupted is done
 * again.
 * @param {{ node: string, root?: string, say?: import('./log.mjs').Say }} options
 * @returns {Promise<void>}
 */
export async function buildClient({ node, root = projectRoot, say: print = say }) {
  print('client: building the pages');
  const hash = sourceHash(root);
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  await runCommand('building the client', node, [vite, 'build', '--logLevel', 'warn'], {
    cwd: join(root, 'client'),
  });
  writeStamp(stampPath(root), hash);
}
