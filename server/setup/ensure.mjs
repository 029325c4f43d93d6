import { join } from 'node:path';
import { installPackages, missingPackages } from './apt.mjs';
import { buildClient, clientPresent } from './client.mjs';
import { dependenciesPresent, installDependencies } from './dependencies.mjs';
import { acquireLock } from './lock.mjs';
import { findNode, installNode } from './node24.mjs';
import { cacheDir } from './paths.mjs';
import { findChromium, findFfmpeg, findFirefox } from './programs.mjs';
import { SetupError } from './setup-error.mjs';
import { buildWorkerIntoCache, downloadWorker, findWorker } from './worker.mjs';
import { buildPackages } from './worker-recipe.mjs';

/** What the tests need besides Chromium and Firefox: GStreamer as a foreign camera and as a foreign viewer, libfaketime to set clocks. */
export const testPackages = [
  'gir1.2-gst-plugins-bad-1.0',
  'gir1.2-gst-rtsp-server-1.0',
  'gstreamer1.0-libav',
  'gstreamer1.0-nice',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-ugly',
  'gstreamer1.0-tools',
  'libfaketime',
  'python3-gi',
];

/**
 * What a command needs before it can do its work.
 * @typedef {object} Needs
 * @property {boolean} [media] The mediasoup worker, FFmpeg and the built pages: all that the gateway runs with.
 * @property {boolean} [tests] Chromium, Firefox and GStreamer.
 * @property {boolean} [production] Without the packages that only development needs.
 */

/**
 * @typedef {object} Ready
 * @property {string} node The Node to run the project's code on.
 * @property {NodeJS.ProcessEnv} env The environment to run it in: where the worker and FFmpeg are.
 */

/**
 * Takes the lock at the first thing that is missing, so that nothing is waited for when nothing is.
 * @returns {{ step(isPresent: () => boolean | Promise<boolean>, install: () => Promise<void>): Promise<void>, release(): void }}
 */
function lockedSteps() {
  /** @type {(() => void) | undefined} */
  let release;
  return {
    async step(isPresent, install) {
      if (await isPresent()) return;
      if (!release) {
        release = await acquireLock(join(cacheDir(), 'setup.lock'));
        // Another set-up may have done this very step while this one waited.
        if (await isPresent()) return;
      }
      await install();
    },
    release: () => release?.(),
  };
}

/**
 * Debian packages for what is needed and not there, all in one list, so that a user without root has one command to run.
 * @param {Needs} needs
 * @returns {Promise<string[]>}
 */
async function neededPackages({ media = false, tests = false }) {
  const wanted = [];
  if (media && !findWorker()) wanted.push(...buildPackages);
  if (tests) wanted.push(...testPackages);
  const missing = await missingPackages(wanted);
  if ((media || tests) && !findFfmpeg()?.ffprobe) missing.push('ffmpeg');
  if (tests && !findChromium()) missing.push('chromium');
  if (tests && !findFirefox()) missing.push('firefox-esr');
  return missing;
}

/**
 * Sets up whatever is missing, in the order in which one thing needs another, and does nothing else. Each step leaves its
 * result behind in one piece, so a set-up that was stopped goes on where it was.
 * @param {Needs} needs
 * @returns {Promise<Ready>}
 * @throws {SetupError}
 */
export async function ensure(needs) {
  const production = needs.production === true;
  const media = needs.media === true;
  const { step, release } = lockedSteps();
  try {
    await step(() => findNode() !== undefined, installNode);
    const node = findNode();
    if (!node) throw new SetupError('Set-up stopped: Node was fetched but is not there.');
    await step(
      () => dependenciesPresent({ production }),
      () => installDependencies({ production }),
    );
    if (media) {
      await step(
        () => findWorker() !== undefined,
        async () => {
          await downloadWorker();
        },
      );
    }
    await step(
      async () => (await neededPackages(needs)).length === 0,
      async () => installPackages(await neededPackages(needs)),
    );
    if (media) {
      await step(() => findWorker() !== undefined, buildWorkerIntoCache);
      await step(
        () => clientPresent(),
        () => buildClient({ node }),
      );
    }
    return { node, env: environment(needs) };
  } finally {
    release();
  }
}

/**
 * @param {Needs} needs
 * @returns {NodeJS.ProcessEnv} This process's environment plus where the programs are.
 */
function environment({ media = false, tests = false }) {
  const env = { ...process.env };
  const worker = media ? findWorker() : undefined;
  const programs = media ? findFfmpeg() : undefined;
  const chromium = tests ? findChromium() : undefined;
  const firefox = tests ? findFirefox() : undefined;
  if (worker) env.MEDIASOUP_WORKER_BIN = worker;
  if (programs) env.FFMPEG_PATH = programs.ffmpeg;
  if (programs?.ffprobe) env.FFPROBE_PATH = programs.ffprobe;
  if (chromium) env.CHROMIUM_PATH = chromium;
  if (firefox) env.FIREFOX_PATH = firefox;
  // Node keeps there what it made of the TypeScript: a gateway is ready in less than half the time.
  env.NODE_COMPILE_CACHE ??= join(cacheDir(), 'compiled');
  return env;
}
