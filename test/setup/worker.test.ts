import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { projectRoot } from '../../server/setup/paths.mjs';
import { SetupError } from '../../server/setup/setup-error.mjs';
import { downloadWorker, findWorker, workerPaths, workerRuns } from '../../server/setup/worker.mjs';
import { buildWorker } from '../../server/setup/worker-build.mjs';
import {
  dtlsTransportMend,
  dtlsTransportPath,
  listSources,
  mendDtlsTransport,
  readMesonList,
} from '../../server/setup/worker-recipe.mjs';
import { waitFor } from '../support/wait.ts';
import { tempDir } from './temp-dir.ts';

const workerSource = join(projectRoot, 'node_modules/mediasoup/worker');
/** What the set-up says is not for the tests' own output. */
let said: string[] = [];
const say = (line: string) => said.push(line);

const read = (path: string) => readFileSync(join(workerSource, path), 'utf8');

afterEach(() => {
  vi.unstubAllEnvs();
  said = [];
});

test("the recipe names every source file of mediasoup's present version, each once", () => {
  const sources = listSources({
    workerMeson: read('meson.build'),
    libwebrtcMeson: read('deps/libwebrtc/meson.build'),
  });
  expect(sources.length).toBeGreaterThan(200);
  expect(new Set(sources).size).toBe(sources.length);
  expect(sources.filter((path) => !existsSync(join(workerSource, path)))).toEqual([]);
});

test('a list that is not where it was stops the set-up and says which', () => {
  expect(() => readMesonList('other = [\n]', 'common_sources')).toThrow(
    /no longer holds the list "common_sources"/,
  );
});

test('exactly the one line of DtlsTransport.cpp is mended', () => {
  const source = read(dtlsTransportPath);
  const mended = mendDtlsTransport(source).split('\n');
  const changed = source
    .split('\n')
    .flatMap((line, i) => (line === mended[i] ? [] : [[line.trim(), mended[i]?.trim()]]));
  expect(changed).toEqual([
    [
      `const long resultOfcallback = ${dtlsTransportMend.from}`,
      `const long resultOfcallback = ${dtlsTransportMend.to}`,
    ],
  ]);
});

test('a DtlsTransport.cpp without the line, or with it twice, stops the set-up and shows the line', () => {
  const already = read(dtlsTransportPath).replace(dtlsTransportMend.from, dtlsTransportMend.to);
  for (const source of [already, '', dtlsTransportMend.from.repeat(2)]) {
    expect(() => mendDtlsTransport(source)).toThrow(SetupError);
    expect(() => mendDtlsTransport(source)).toThrow(dtlsTransportMend.from);
  }
});

/** A source tree of a few files, and a compiler that writes down what it is asked for. */
function smallProject() {
  const dir = tempDir();
  const workerDir = join(dir, 'worker');
  const names = ['src/a.cpp', 'src/b.cpp', dtlsTransportPath];
  for (const folder of ['src/RTC', 'fbs', 'deps/libwebrtc'])
    mkdirSync(join(workerDir, folder), { recursive: true });
  const list = (label: string, files: string[]) =>
    `${label} = [\n${files.map((file) => `  '${file}',\n`).join('')}]\n`;
  writeFileSync(join(workerDir, 'meson.build'), list('common_sources', names));
  writeFileSync(join(workerDir, 'deps/libwebrtc/meson.build'), list('libwebrtc_sources', ['c.cc']));
  writeFileSync(join(workerDir, dtlsTransportPath), dtlsTransportMend.from);
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh
    case "$*" in *" -c "*) ;; *) echo link >> "${dir}/journal";; esac
    while [ $# -gt 1 ]; do
      [ "$1" = -c ] && source=$2
      [ "$1" = -o ] && out=$2
      shift
    done
    if [ -n "$source" ]; then
      [ -e "${dir}/slow" ] && case "$source" in *b.cpp) echo $$ > "${dir}/pid"; sleep 60;; esac
      [ -e "${dir}/broken" ] && case "$source" in *b.cpp) echo "b.cpp:1: no such thing" >&2; exit 1;; esac
      echo "$source" >> "${dir}/journal"
    fi
    echo object > "$out"\n`;
  writeFileSync(join(bin, 'g++'), script);
  writeFileSync(join(bin, 'flatc'), '#!/bin/sh\nexit 0\n');
  for (const name of ['g++', 'flatc']) chmodSync(join(bin, name), 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  const journal = () =>
    existsSync(join(dir, 'journal')) ? readFileSync(join(dir, 'journal'), 'utf8').trim().split('\n') : [];
  return {
    dir,
    journal,
    options: { workerDir, buildDir: join(dir, 'build'), outPath: join(dir, 'out/worker') },
  };
}

test('a build that fails shows the compiler, and the next one compiles only what is left', async () => {
  const { dir, journal, options } = smallProject();
  writeFileSync(join(dir, 'broken'), '');
  await expect(buildWorker({ ...options, say })).rejects.toThrow(
    /b\.cpp:1: no such thing[\s\S]*compiling src\/b\.cpp failed/,
  );
  expect(existsSync(options.outPath)).toBe(false);
  rmSync(join(dir, 'broken'));
  await buildWorker({ ...options, say });
  expect(existsSync(options.outPath)).toBe(true);
  expect(said.at(-1)).toBe('mediasoup worker: 8/8');
  const compiled = journal().filter((line) => line !== 'link');
  expect(new Set(compiled).size).toBe(compiled.length);
  expect(compiled).toContain(join(options.buildDir, 'DtlsTransport.cpp'));
  expect(compiled).toContain(join(options.workerDir, 'deps/libwebrtc/c.cc'));
});

test('Ctrl-C ends the compilers too, and the next build goes on', async () => {
  const { dir, journal, options } = smallProject();
  writeFileSync(join(dir, 'slow'), '');
  const module = new URL('../../server/setup/worker-build.mjs', import.meta.url).href;
  const script = `import { buildWorker } from ${JSON.stringify(module)}; await buildWorker(${JSON.stringify(options)});`;
  const build = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  const ended = new Promise((resolve) => build.on('close', resolve));
  const compiler = Number(
    await waitFor(
      'the slow compiler',
      () => existsSync(join(dir, 'pid')) && readFileSync(join(dir, 'pid'), 'utf8'),
    ),
  );
  // A compiler says what it compiles before its object is there under its name, which is what counts.
  const objects = join(options.buildDir, 'objects');
  await waitFor(
    'a fast file',
    () => existsSync(objects) && readdirSync(objects).some((name) => name.endsWith('a.cpp.o')),
  );
  build.kill('SIGINT');
  expect(await ended).toBe(130);
  await waitFor('the end of the compiler', () => !existsSync(`/proc/${compiler}`));
  rmSync(join(dir, 'slow'));
  const before = journal();
  await buildWorker({ ...options, say });
  expect(journal().slice(before.length)).not.toContain(join(options.workerDir, 'src/a.cpp'));
  expect(journal()).toContain('link');
});

test('a worker is known by the way it refuses to start', () => {
  const dir = tempDir();
  const wrong = join(dir, 'wrong');
  writeFileSync(wrong, '#!/bin/sh\nexit 0\n');
  chmodSync(wrong, 0o755);
  expect(workerRuns(wrong)).toBe(false);
  expect(workerRuns(join(dir, 'absent'))).toBe(false);
  vi.stubEnv('MEDIASOUP_WORKER_BIN', wrong);
  expect(findWorker).toThrow(/which is no mediasoup worker that runs here/);
  vi.stubEnv('MEDIASOUP_WORKER_BIN', '');
  expect(workerRuns(findWorker() ?? '')).toBe(true);
});

/** A server that stands in for the place of mediasoup's releases. */
async function releases(answer: (path: string) => Buffer | undefined): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = answer(request.url ?? '');
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL', `http://127.0.0.1:${port}`);
  return asked;
}

/** What a release holds: one file named as the worker, packed. */
function packed(source: string): Buffer {
  const dir = tempDir();
  copyFileSync(source, join(dir, 'mediasoup-worker'));
  const { stdout } = spawnSync('tar', ['-czf', '-', '-C', dir, 'mediasoup-worker'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

test('a published binary that runs here is taken', async () => {
  vi.stubEnv('MEDIASOUP_WORKER_BIN', '');
  const archive = packed(findWorker() ?? '');
  vi.stubEnv('XDG_CACHE_HOME', tempDir());
  const asked = await releases(() => archive);
  expect(findWorker()).toBeUndefined();
  expect(await downloadWorker({ say })).toBe(true);
  expect(asked).toEqual([
    expect.stringMatching(/^\/[\d.]+\/mediasoup-worker-[\d.]+-linux-\w+-kernel\d+\.tgz$/),
  ]);
  expect(findWorker()).toBe(workerPaths().binary);
});

test.each([
  ['is not there', () => undefined, 'HTTP status 404'],
  ['is no archive', () => Buffer.from('<html>'), 'gzip: stdin: not in gzip format'],
  ['does not run here', () => packed('/bin/true'), 'it does not run on this machine'],
])('a published binary that %s is passed over in one line and leaves nothing', async (_, answer, reason) => {
  vi.stubEnv('MEDIASOUP_WORKER_BIN', '');
  vi.stubEnv('XDG_CACHE_HOME', tempDir());
  await releases(answer);
  expect(await downloadWorker({ say })).toBe(false);
  expect(said).toEqual([`mediasoup worker: no prebuilt binary (${reason})`]);
  expect(findWorker()).toBeUndefined();
  expect(existsSync(`${dirname(workerPaths().binary)}.download`)).toBe(false);
});
