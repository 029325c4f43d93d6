import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A hash over files and whole folders, by name and content. What does not exist counts as missing, not as an error.
 * @param {string} root The folder that names are relative to.
 * @param {readonly string[]} paths Files and folders below it.
 * @param {{ skip?: readonly string[] }} [options] Names of folders not to enter.
 * @returns {string}
 */
export function hashPaths(root, paths, { skip = [] } = {}) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) {
      hash.update(`missing\0${path}\0`);
    } else if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) if (!skip.includes(name)) add(join(path, name));
    } else {
      const content = readFileSync(full);
      hash.update(`file\0${path}\0${content.length}\0`).update(content);
    }
  };
  for (const path of paths) add(path);
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string | undefined} What was stamped, or undefined where nothing was.
 */
export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/**
 * Stamps in one piece: an interrupted write leaves no half stamp.
 * @param {string} path
 * @param {string} value
 */
export function writeStamp(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, `${value}\n`);
  renameSync(part, path);
}
