import { spawn } from 'node:child_process';
import { SetupError } from './setup-error.mjs';

/** @type {Map<import('node:child_process').ChildProcess, NodeJS.Signals>} */
const running = new Map();

const stopSignals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const signalNumbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

/** @param {'SIGINT' | 'SIGTERM' | 'SIGHUP'} signal */
function stopAll(signal) {
  for (const [child, childSignal] of running) {
    // The whole group: a compiler driver does not pass a signal on to the compiler proper.
    if (child.pid !== undefined) signalGroup(child.pid, childSignal);
  }
  process.exit(128 + signalNumbers[signal]);
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself in the meantime.
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function track(child, signal) {
  if (running.size === 0) for (const name of stopSignals) process.on(name, stopAll);
  running.set(child, signal);
}

/** @param {import('node:child_process').ChildProcess} child */
function untrack(child) {
  running.delete(child);
  if (running.size === 0) for (const name of stopSignals) process.off(name, stopAll);
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(line: string) => void} [onLine] Sees every line of output, of both streams.
 * @property {NodeJS.Signals} [stopSignal] What the command gets when the set-up itself is stopped. Default SIGTERM.
 */

/**
 * Runs a program to its end without a shell, its output kept back. It runs in a process group of its own that is stopped
 * together with the set-up, so that Ctrl-C leaves no compiler behind.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ status: number, output: string }>} `output` is at most the last 64 KiB.
 */
export function tryCommand(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    track(child, options.stopSignal ?? 'SIGTERM');
    let output = '';
    let partial = '';
    /** @param {string} text */
    const take = (text) => {
      output = (output + text).slice(-65536);
      const lines = (partial + text).split('\n');
      partial = (lines.pop() ?? '').slice(-65536);
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => {
      untrack(child);
      reject(new SetupError(`${command} could not be run: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      untrack(child);
      if (signal !== null) output += `\n${command} was ended by ${signal}.`;
      resolve({ status: code ?? 1, output });
    });
  });
}

/**
 * As {@link tryCommand}, for a command that has to succeed.
 * @param {string} label What failed, in the words of the user: "installing the dependencies".
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} The output.
 */
export async function runCommand(label, command, args, options = {}) {
  const { status, output } = await tryCommand(command, args, options);
  if (status === 0) return output;
  throw new SetupError(
    `${excerpt(output)}\n\nSet-up stopped: ${label} failed (exit status ${status}, output above).`,
  );
}

/**
 * What a reader needs of a long output: its beginning, where compilers put the first error, and its end.
 * @param {string} output
 * @returns {string}
 */
function excerpt(output) {
  const lines = output.trimEnd().split('\n');
  if (lines.length <= 50) return lines.join('\n');
  return [...lines.slice(0, 25), `[... ${lines.length - 50} lines ...]`, ...lines.slice(-25)].join('\n');
}
