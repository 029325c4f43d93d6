import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildClient, clientPresent } from '../../server/setup/client.mjs';
import { gatewayNodeFlags } from '../../server/setup/node-flags.mjs';
import { projectRoot } from '../../server/setup/paths.mjs';
import { findWorker } from '../../server/setup/worker.mjs';
import { tempDir } from './temp-dir.ts';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');

/** The Dockerfile's instructions, continued lines joined and comments gone. */
function instructions(): [string, string][] {
  const text = read('docker/Dockerfile')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...rest] = line.split(' ');
      return [name, rest.join(' ')];
    });
}

const of = (name: string) => instructions().flatMap(([key, value]) => (key === name ? [value] : []));

test('everything that is copied from the project is in it', () => {
  const sources = of('COPY')
    .filter((value) => !value.startsWith('--from='))
    .flatMap((value) => value.split(' ').slice(0, -1));
  expect(sources).toContain('package-lock.json');
  expect(sources.filter((path) => !existsSync(join(projectRoot, path)))).toEqual([]);
  const ignored = read('.dockerignore').trim().split('\n');
  expect(sources.filter((path) => ignored.includes(path))).toEqual([]);
});

test('the pages build from what is copied and nothing else', async () => {
  const root = tempDir();
  for (const value of of('COPY').filter((text) => !text.startsWith('--from='))) {
    const words = value.split(' ');
    const target = words.at(-1) ?? '';
    for (const source of words.slice(0, -1)) {
      const to = join(root, target.endsWith('/') ? join(target, basename(source)) : target);
      // What git ignores is ignored by the image's context too.
      cpSync(join(projectRoot, source), to, { recursive: true, filter: (path) => basename(path) !== 'dist' });
    }
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  expect(clientPresent(root)).toBe(false);
  await buildClient({ node: process.execPath, root, say: () => {} });
  expect(existsSync(join(root, 'client/dist/index.html'))).toBe(true);
  expect(existsSync(join(root, 'client/dist/sluice-player.js'))).toBe(true);
});

test('the steps are those of the set-up, with options that it knows', () => {
  const steps = of('RUN').filter((value) => value.startsWith('node '));
  expect(steps.length).toBeGreaterThanOrEqual(2);
  const known = read('server/setup/install.mjs');
  for (const step of steps) {
    const [, script = '', ...args] = step.split(' ');
    expect(existsSync(join(projectRoot, script))).toBe(true);
    for (const arg of args.filter((text) => text.startsWith('--'))) expect(known).toContain(arg.slice(2));
  }
});

test('the gateway runs as a user of its own, with its data on a volume and a health check', () => {
  expect(of('USER')).toEqual(['node']);
  expect(of('VOLUME')).toEqual(['/data']);
  expect(of('ENV').at(-1)).toContain('SLUICE_DATA_DIR=/data');
  expect(of('ENV').at(-1)).toContain('NODE_COMPILE_CACHE=/data/');
  expect(of('HEALTHCHECK')[0]).toContain('/healthz');
  expect(of('EXPOSE')[0]?.split(' ')).toEqual(['8080/tcp', '8189/tcp', '8189/udp']);
  expect(JSON.parse(of('ENTRYPOINT')[0] ?? '')).toEqual(['node', ...gatewayNodeFlags, 'server/main.ts']);
  expect(of('FROM').every((image) => image.startsWith('node:24-'))).toBe(true);
});

test('the run stage installs every library that a worker built here is linked with', () => {
  const install = of('RUN').find((value) => value.startsWith('apt-get'));
  const installed = new Set(install?.split(' '));
  const linked = spawnSync('ldd', [findWorker() ?? ''], { encoding: 'utf8' }).stdout;
  const libraries = [...linked.matchAll(/^\t(lib(?:uv|ssl|srtp2|absl_strings)\.so\S*) => /gm)].map(
    ([, name]) => name,
  );
  for (const library of libraries) {
    const owner = spawnSync('dpkg-query', ['-S', `*/${library}`], { encoding: 'utf8' }).stdout.split(':')[0];
    expect(installed, `the package of ${library}`).toContain(owner);
  }
});

const compose = parse(read('docker/compose.yaml'));

test('compose stops with one line where there is no token', () => {
  const token: string = compose.services.sluice.environment.SLUICE_API_TOKEN;
  expect(token).toMatch(/^\$\{SLUICE_API_TOKEN:\?[^{}$\n]+\}$/);
});

test('compose gives the gateway no more than it needs', () => {
  const { sluice } = compose.services;
  expect(sluice).toMatchObject({
    network_mode: 'host',
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    init: true,
  });
  expect(sluice.volumes).toEqual(['data:/data']);
  expect(Object.keys(compose.volumes)).toEqual(['data']);
  expect(existsSync(join(projectRoot, 'docker', sluice.build.context, sluice.build.dockerfile))).toBe(true);
});
