import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRecentEnough } from '../../server/setup/node24.mjs';
import { cacheDir, projectRoot } from '../../server/setup/paths.mjs';
import { findChromium, findFirefox } from '../../server/setup/programs.mjs';
import { findWorker } from '../../server/setup/worker.mjs';
import { tempDir } from './temp-dir.ts';

function install(args: string[], env: NodeJS.ProcessEnv = process.env) {
  const script = join(projectRoot, 'server/setup/install.mjs');
  return spawnSync(process.execPath, [script, ...args], { env, encoding: 'utf8' });
}

test('a set-up that finds nothing missing says nothing and runs no npm, apt-get or compiler', () => {
  // Whoever runs the tests by hand may have edited the pages since the last set-up.
  expect(install(['--tests']).status).toBe(0);
  const traps = tempDir();
  for (const name of ['npm', 'apt-get', 'g++', 'flatc', 'tar']) {
    writeFileSync(join(traps, name), '#!/bin/sh\necho "called $0" >&2\nexit 1\n');
    chmodSync(join(traps, name), 0o755);
  }
  const { npm_execpath: _, ...rest } = process.env;
  const { status, stdout, stderr } = install(['--tests'], { ...rest, PATH: `${traps}:${process.env.PATH}` });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('the worker can be copied to where an image wants it', () => {
  const target = join(tempDir(), 'bin/mediasoup-worker');
  expect(install(['--copy-worker-to', target]).status).toBe(0);
  expect(spawnSync(target, [], { env: {} }).status).toBe(41);
});

test('a stop is told in words, without a stack, and with a status', () => {
  const { status, stderr } = install([], { ...process.env, FFMPEG_PATH: '/nonexistent/ffmpeg' });
  expect(status).toBe(1);
  expect(stderr.trim()).toBe(
    'FFMPEG_PATH is set to /nonexistent/ffmpeg, which is no program that can be run.',
  );
});

test('a user without root is told one command and nothing is changed', () => {
  // Everything but FFmpeg can be found; a foreign user number keeps apt-get out of it.
  const bin = tempDir();
  chmodSync(bin, 0o755);
  for (const name of ['chromium', 'dpkg-query']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
  const cache = join(bin, 'cache');
  mkdirSync(cache);
  const script = `
    import { installPackages, thisMachine } from ${JSON.stringify(join(projectRoot, 'server/setup/apt.mjs'))};
    process.getuid = () => 1000;
    if (!thisMachine().isRoot) await installPackages(['ffmpeg']).catch((error) => console.log(error.message));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: bin, XDG_CACHE_HOME: cache },
    encoding: 'utf8',
  });
  expect(stdout).toContain(
    "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends ffmpeg'",
  );
});

test('what the tests need is here', () => {
  expect(findWorker()).toBeDefined();
  expect(findChromium()).toBeDefined();
  expect(findFirefox()).toBeDefined();
});

test('Node 24 and later are taken as they are, older ones are not', () => {
  expect(['v20.20.2', 'v22.99.0', 'v24.0.0', 'v26.1.0'].map(isRecentEnough)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test('the cache is where the user keeps caches; a relative XDG_CACHE_HOME is ignored', () => {
  expect(cacheDir({ XDG_CACHE_HOME: '/var/cache/me' })).toBe('/var/cache/me/sluice');
  expect(cacheDir({ XDG_CACHE_HOME: 'here' })).toBe(cacheDir({}));
});

test('npm passes its signals to the set-up itself and not to a shell in between', () => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const commands: string[] = Object.values(scripts);
  expect(commands.length).toBeGreaterThanOrEqual(4);
  for (const command of commands) {
    expect(command).toMatch(/^exec node server\/setup\/[\w-]+\.mjs( [\w-]+)?$/);
    expect(existsSync(join(projectRoot, command.split(' ')[2] ?? ''))).toBe(true);
  }
});
