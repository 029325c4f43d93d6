import { accessSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './setup-error.mjs';

/**
 * @param {string} path
 * @returns {boolean}
 */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} The first program of that name in PATH.
 */
function inPath(name, env) {
  const dirs = (env.PATH ?? '').split(':').filter((dir) => dir.startsWith('/'));
  return dirs.map((dir) => join(dir, name)).find(isExecutable);
}

/**
 * Finds a program: the one that an environment variable names, else the first in PATH.
 * @param {{ variable: string, names: readonly string[], env?: NodeJS.ProcessEnv }} options
 * @returns {string | undefined}
 * @throws {SetupError} When the variable names something that cannot be run.
 */
export function findProgram({ variable, names, env = process.env }) {
  const chosen = env[variable];
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new SetupError(`${variable} is set to ${chosen}, which is no program that can be run.`);
  }
  for (const name of names) {
    const found = inPath(name, env);
    if (found) return found;
  }
  return undefined;
}

/** @returns {{ ffmpeg: string, ffprobe: string | undefined } | undefined} */
export function findFfmpeg(env = process.env) {
  const ffmpeg = findProgram({ variable: 'FFMPEG_PATH', names: ['ffmpeg'], env });
  if (!ffmpeg) return undefined;
  // An FFmpeg of one's own has its ffprobe beside it.
  const beside = join(dirname(ffmpeg), 'ffprobe');
  const ffprobe =
    env.FFPROBE_PATH || !isExecutable(beside)
      ? findProgram({ variable: 'FFPROBE_PATH', names: ['ffprobe'], env })
      : beside;
  return { ffmpeg, ffprobe };
}

/** @returns {string | undefined} */
export function findChromium(env = process.env) {
  return findProgram({
    variable: 'CHROMIUM_PATH',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    env,
  });
}

/** @returns {string | undefined} */
export function findFirefox(env = process.env) {
  return findProgram({ variable: 'FIREFOX_PATH', names: ['firefox-esr', 'firefox'], env });
}
