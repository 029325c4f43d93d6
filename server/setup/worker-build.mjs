import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, endianness } from 'node:os';
import { dirname, join } from 'node:path';
import { progress, say } from './log.mjs';
import { projectRoot } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import {
  compileFlags,
  dtlsTransportPath,
  flatcFlags,
  linkFlags,
  listSources,
  mendDtlsTransport,
} from './worker-recipe.mjs';

/** Headers that stand in for two libraries which Debian does not ship in the version the worker wants. */
export const adaptersDir = join(projectRoot, 'server/setup/mediasoup-worker');

/**
 * Runs `work` over all items, `width` at a time; the first failure stops new work and is thrown.
 * @template T
 * @param {readonly T[]} items
 * @param {number} width
 * @param {(item: T) => Promise<void>} work
 */
async function inParallel(items, width, work) {
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (!failed && next < items.length) {
      const item = /** @type {T} */ (items[next]);
      next += 1;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
}

/**
 * Headers out of the flatbuffers schemas.
 * @param {string} workerDir
 * @param {string} buildDir
 */
async function generateSchemas(workerDir, buildDir) {
  const outDir = join(buildDir, 'FBS');
  if (existsSync(outDir)) return;
  const names = (await readdir(join(workerDir, 'fbs'))).filter((name) => name.endsWith('.fbs'));
  const partDir = `${outDir}.part`;
  await rm(partDir, { recursive: true, force: true });
  await mkdir(partDir, { recursive: true });
  const schemas = names.map((name) => join(workerDir, 'fbs', name));
  await runCommand('generating the mediasoup schemas', 'flatc', [...flatcFlags, '-o', partDir, ...schemas]);
  await rename(partDir, outDir);
}

/**
 * Builds a mediasoup worker. Every object file stays in `buildDir` until the end, so a build that was interrupted goes
 * on where it was.
 * @param {{ workerDir: string, buildDir: string, outPath: string, say?: import('./log.mjs').Say }} options `workerDir`
 *   is the `worker` folder of mediasoup's npm package; the binary appears under `outPath` in one piece or not at all.
 * @returns {Promise<void>}
 * @throws {import('./setup-error.mjs').SetupError} with the compiler's output.
 */
export async function buildWorker({ workerDir, buildDir, outPath, say: print = say }) {
  await mkdir(buildDir, { recursive: true });
  const sources = listSources({
    workerMeson: await readFile(join(workerDir, 'meson.build'), 'utf8'),
    libwebrtcMeson: await readFile(join(workerDir, 'deps/libwebrtc/meson.build'), 'utf8'),
  });
  const mended = mendDtlsTransport(await readFile(join(workerDir, dtlsTransportPath), 'utf8'));
  const mendedPath = join(buildDir, 'DtlsTransport.cpp');
  await writeFile(mendedPath, mended);
  await generateSchemas(workerDir, buildDir);

  const includes = [
    adaptersDir,
    join(workerDir, 'include'),
    buildDir,
    join(workerDir, 'deps/libwebrtc'),
    join(workerDir, 'deps/libwebrtc/libwebrtc'),
  ].map((dir) => `-I${dir}`);
  const flags = [...compileFlags(endianness()), ...includes];

  /** @param {string} source */
  const objectOf = (source) => join(buildDir, 'objects', `${source.replaceAll('/', '__')}.o`);
  await mkdir(join(buildDir, 'objects'), { recursive: true });
  const missing = sources.filter((source) => !existsSync(objectOf(source)));
  let done = sources.length - missing.length;
  const width = availableParallelism();
  print(
    `mediasoup worker: building from source, ${missing.length} files on ${width} cores (once; some minutes)`,
  );
  const report = progress({ label: 'mediasoup worker', total: sources.length, say: print });
  await inParallel(missing, width, async (source) => {
    const from = source === dtlsTransportPath ? mendedPath : join(workerDir, source);
    const object = objectOf(source);
    await runCommand(`compiling ${source}`, 'g++', [...flags, '-c', from, '-o', `${object}.part`]);
    await rename(`${object}.part`, object);
    done += 1;
    report(done);
  });

  const linked = join(buildDir, 'mediasoup-worker');
  const link = ['-O3', '-s', '-o', linked, ...sources.map(objectOf), ...linkFlags];
  await runCommand('linking the mediasoup worker', 'g++', link);
  await mkdir(dirname(outPath), { recursive: true });
  await copyFile(linked, `${outPath}.part`);
  await rename(`${outPath}.part`, outPath);
}
