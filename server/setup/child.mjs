import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './paths.mjs';

/**
 * One press of Ctrl-C reaches this process twice when it was started by npm: once from the terminal and once from npm,
 * which passes on what it gets. What comes this soon after the first is the same press.
 */
const samePressMs = 300;

const passedOn = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * @typedef {object} ChildOptions
 * @property {string} node
 * @property {readonly string[]} args
 * @property {NodeJS.ProcessEnv} env
 * @property {string} [cwd]
 */

/**
 * Runs a script of the project in the foreground and passes on every signal exactly once, however it came: by the
 * terminal, by npm, or by a supervisor that knows only this process. To that end the child is put into a session of its
 * own, where the terminal's signals do not reach it, and is tied to this process: when this one is killed the hard way,
 * the child gets SIGTERM.
 * @param {ChildOptions} options
 * @returns {Promise<{ code: number, signal: null } | { code: null, signal: NodeJS.Signals }>} How it ended.
 */
export function runChild({ node, args, env, cwd }) {
  const tether = pathToFileURL(join(projectRoot, 'server/setup/tether.mjs')).href;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  /** @type {Map<string, number>} */
  const passedMs = new Map();
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    const nowMs = performance.now();
    if (nowMs - (passedMs.get(signal) ?? Number.NEGATIVE_INFINITY) < samePressMs) return;
    passedMs.set(signal, nowMs);
    child?.kill(signal);
  };
  // Before the child is there: a signal in between would end this process and leave the child behind.
  for (const signal of passedOn) process.on(signal, pass);
  const started = spawn(node, ['--import', tether, ...args], {
    cwd,
    env: { ...env, SLUICE_SETUP_TETHER: String(process.pid) },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  child = started;
  // The channel only shows the child that this process lives; it must not keep this one alive.
  started.channel?.unref();
  return new Promise((resolve, reject) => {
    const undo = () => {
      for (const signal of passedOn) process.off(signal, pass);
    };
    started.on('error', (error) => {
      undo();
      reject(error);
    });
    started.on('exit', (code, signal) => {
      undo();
      resolve(signal === null ? { code: code ?? 1, signal: null } : { code: null, signal });
    });
  });
}

/**
 * Ends this process the way its child ended, so that whoever started it sees the same.
 * @param {Awaited<ReturnType<typeof runChild>>} end
 * @returns {void}
 */
export function endLike(end) {
  if (end.signal === null) process.exitCode = end.code;
  else process.kill(process.pid, end.signal);
}
