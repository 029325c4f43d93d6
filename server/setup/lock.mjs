import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './log.mjs';

/**
 * When the process started, in clock ticks since boot, so that a process number that was given out again is told apart.
 * @param {number} pid
 * @returns {string} Empty where it cannot be known.
 */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may hold spaces; the fields behind it are counted from its end.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {string} content Of a lock file: process number and start.
 * @returns {boolean} Whether the process that wrote it still runs.
 */
function isHeld(content) {
  const [pidText, start = ''] = content.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM says that it lives and is somebody else's.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPERM') return false;
  }
  return startOf(pid) === start;
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Creates `to` with the content of `from` unless it exists: the lock never shows up half written.
 * @param {string} from
 * @param {string} to
 */
function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Waits for its turn, so that two set-ups at once do not work on the same folders. A lock whose process is gone is taken
 * over; a process that ends gives its lock back.
 * @param {string} path
 * @param {{ pollMs?: number, say?: import('./log.mjs').Say }} [options]
 * @returns {Promise<() => void>} Gives the lock back.
 */
export async function acquireLock(path, { pollMs = 250, say: print = say } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  const content = `${process.pid} ${startOf(process.pid)}\n`;
  writeFileSync(mine, content);
  let told = false;
  try {
    while (!tryLink(mine, path)) {
      const found = read(path);
      if (found === undefined) continue;
      if (!isHeld(found)) {
        dropStale(path);
        continue;
      }
      if (!told) print(`set-up: waiting for another one that is running (process ${found.split(' ')[0]})`);
      told = true;
      await sleep(pollMs);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const release = () => {
    process.off('exit', release);
    if (read(path) === content) rmSync(path, { force: true });
  };
  process.on('exit', release);
  return release;
}

/**
 * Takes a stale lock away by renaming, which only one of several can do. Between the look at it and the rename another
 * one may have taken it over; its lock is then put back.
 * @param {string} path
 */
function dropStale(path) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (isHeld(read(aside) ?? '')) tryLink(aside, path);
  rmSync(aside, { force: true });
}
