import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { endianness, release } from 'node:os';
import { dirname, join } from 'node:path';
import { say } from './log.mjs';
import { cacheDir, projectRoot } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { SetupError } from './setup-error.mjs';
import { adaptersDir, buildWorker } from './worker-build.mjs';
import { compileFlags, dtlsTransportMend, flatcFlags, linkFlags } from './worker-recipe.mjs';

/** The exit status of a worker that was started without MEDIASOUP_VERSION, which shows that it runs on this machine. */
const exitStatusWithoutVersion = 41;

const releasesUrl = 'https://github.com/versatica/mediasoup/releases/download';

const packageDir = join(projectRoot, 'node_modules/mediasoup');

/**
 * The mediasoup version that the lock file names, known before anything is installed.
 * @returns {string}
 */
function lockedVersion() {
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'));
  return String(lock.packages['node_modules/mediasoup'].version);
}

/** @returns {string} Everything besides mediasoup's own source that decides what the binary is, as a short hash. */
function recipeHash() {
  const hash = createHash('sha256');
  for (const name of readdirSync(adaptersDir, { recursive: true }).map(String).sort()) {
    if (name.endsWith('.h')) hash.update(name).update(readFileSync(join(adaptersDir, name)));
  }
  hash.update(JSON.stringify([compileFlags(endianness()), linkFlags, flatcFlags, dtlsTransportMend]));
  // The binary is linked with the distribution's libraries, so another release of it needs another binary.
  const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  hash.update((system.match(/^(ID|VERSION_ID)=.*$/gm) ?? []).join());
  return hash.digest('hex').slice(0, 12);
}

/** @returns {{ binary: string, buildDir: string }} Where the worker for this machine and this clone's lock file lives. */
export function workerPaths() {
  const key = `${lockedVersion()}-${process.arch}-${recipeHash()}`;
  const dir = join(cacheDir(), 'mediasoup-worker', key);
  return { binary: join(dir, 'mediasoup-worker'), buildDir: `${dir}.build` };
}

/**
 * @param {string} binary
 * @returns {boolean} Whether it is a mediasoup worker that starts on this machine.
 */
export function workerRuns(binary) {
  return (
    existsSync(binary) &&
    spawnSync(binary, [], { env: {}, stdio: 'ignore' }).status === exitStatusWithoutVersion
  );
}

/**
 * The worker to use if there is one: that of MEDIASOUP_WORKER_BIN, else the one in the cache.
 * @returns {string | undefined}
 * @throws {SetupError} When MEDIASOUP_WORKER_BIN is set to something that does not run.
 */
export function findWorker() {
  const chosen = process.env.MEDIASOUP_WORKER_BIN;
  if (chosen) {
    if (workerRuns(chosen)) return chosen;
    throw new SetupError(
      `MEDIASOUP_WORKER_BIN is set to ${chosen}, which is no mediasoup worker that runs here.`,
    );
  }
  const { binary } = workerPaths();
  return workerRuns(binary) ? binary : undefined;
}

/**
 * mediasoup publishes binaries beside its releases. One that can be had and runs here saves the build.
 * @param {{ connectTimeoutMs?: number, say?: import('./log.mjs').Say }} [options]
 * @returns {Promise<boolean>} Whether the worker is in the cache now.
 */
export async function downloadWorker({ connectTimeoutMs = 3000, say: print = say } = {}) {
  const { binary } = workerPaths();
  const version = lockedVersion();
  const kernel = release().split('.')[0];
  const name = `mediasoup-worker-${version}-${process.platform}-${process.arch}-kernel${kernel}.tgz`;
  // The variable is mediasoup's own, for a mirror.
  const base = process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL || releasesUrl;
  const url = `${base}/${version}/${name}`;
  const partDir = `${dirname(binary)}.download`;
  await rm(partDir, { recursive: true, force: true });
  try {
    const archive = await download(url, connectTimeoutMs);
    await mkdir(partDir, { recursive: true });
    await writeFile(join(partDir, name), archive);
    await runCommand('unpacking the mediasoup worker', 'tar', ['-xzf', join(partDir, name), '-C', partDir]);
    await chmod(join(partDir, 'mediasoup-worker'), 0o755);
    if (!workerRuns(join(partDir, 'mediasoup-worker'))) throw new Error('it does not run on this machine');
    await mkdir(dirname(binary), { recursive: true });
    await rename(join(partDir, 'mediasoup-worker'), binary);
    print('mediasoup worker: prebuilt binary downloaded');
    return true;
  } catch (error) {
    print(`mediasoup worker: no prebuilt binary (${reasonOf(error)})`);
    return false;
  } finally {
    await rm(partDir, { recursive: true, force: true });
  }
}

/**
 * @param {string} url
 * @param {number} connectTimeoutMs Until the answer begins; its body then has two minutes.
 * @returns {Promise<Buffer>}
 */
async function download(url, connectTimeoutMs) {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error('no connection')), connectTimeoutMs);
  try {
    const response = await fetch(url, { signal: abort.signal });
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error('the download took too long')), 120_000);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {unknown} error
 * @returns {string} Its innermost message, on one line.
 */
function reasonOf(error) {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const message = inner instanceof Error ? inner.message : String(inner);
  return message.trim().split('\n')[0] ?? '';
}

/**
 * Builds the worker into the cache; its packages and mediasoup's source have to be there.
 * @returns {Promise<void>}
 * @throws {SetupError} When a step of the build fails or what comes out does not run.
 */
export async function buildWorkerIntoCache() {
  const { binary, buildDir } = workerPaths();
  const installed = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')).version;
  if (installed !== lockedVersion()) {
    throw new SetupError(
      `Set-up stopped: mediasoup ${installed} is installed, package-lock.json wants ${lockedVersion()}.`,
    );
  }
  await buildWorker({ workerDir: join(packageDir, 'worker'), buildDir, outPath: binary });
  if (!workerRuns(binary)) {
    await rm(dirname(binary), { recursive: true, force: true });
    throw new SetupError('Set-up stopped: the mediasoup worker was built but does not run.');
  }
  await rm(buildDir, { recursive: true, force: true });
  say('mediasoup worker: built');
}
