import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireLock } from '../../server/setup/lock.mjs';
import { tempDir } from './temp-dir.ts';

const lockModule = new URL('../../server/setup/lock.mjs', import.meta.url).href;

/** Runs `body` in a process of its own, with `acquireLock` and the lock's path at hand. */
function inProcess(path: string, body: string) {
  const script = `import { acquireLock } from ${JSON.stringify(lockModule)};
    import { appendFileSync } from 'node:fs';
    const path = ${JSON.stringify(path)};
    ${body}`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('the lock is held until it is given back, and leaves nothing behind', async () => {
  const dir = tempDir();
  const path = join(dir, 'setup.lock');
  const release = await acquireLock(path);
  expect(existsSync(path)).toBe(true);
  release();
  expect(readdirSync(dir)).toEqual([]);
});

test('a lock whose process is gone is taken over without a wait', async () => {
  const path = join(tempDir(), 'setup.lock');
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(path, `${gone} 12345\n`);
  const said: string[] = [];
  const release = await acquireLock(path, { say: (line) => said.push(line) });
  expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
  expect(said).toEqual([]);
  release();
});

test('a process number that was given out again does not keep a stale lock alive', async () => {
  const path = join(tempDir(), 'setup.lock');
  writeFileSync(path, `${process.pid} 1\n`);
  const release = await acquireLock(path);
  expect(readFileSync(path, 'utf8')).not.toBe(`${process.pid} 1\n`);
  release();
});

test.each(['', 'garbage\n', '-1 5\n'])('a lock file that holds %j is taken over', async (content) => {
  const path = join(tempDir(), 'setup.lock');
  writeFileSync(path, content);
  (await acquireLock(path))();
  expect(existsSync(path)).toBe(false);
});

test('a second set-up says once that it waits and goes on when the first one is killed', async () => {
  const path = join(tempDir(), 'setup.lock');
  const holder = inProcess(
    path,
    `await acquireLock(path); console.log('held'); setInterval(() => {}, 1000);`,
  );
  await once(holder.stdout, 'data');
  const said: string[] = [];
  const second = acquireLock(path, {
    pollMs: 10,
    say: (line) => {
      said.push(line);
      holder.kill('SIGKILL');
    },
  });
  (await second)();
  expect(said).toEqual([`set-up: waiting for another one that is running (process ${holder.pid})`]);
});

test('of many that find the same stale lock only one at a time gets in', async () => {
  const dir = tempDir();
  const path = join(dir, 'setup.lock');
  const journal = join(dir, 'journal');
  writeFileSync(path, `${spawnSync(process.execPath, ['-e', '']).pid} 1\n`);
  const body = `for (let i = 0; i < 5; i += 1) {
      const release = await acquireLock(path, { pollMs: 1, say() {} });
      appendFileSync(${JSON.stringify(journal)}, 'in ' + process.pid + '\\n');
      await new Promise((resolve) => setTimeout(resolve, 3));
      appendFileSync(${JSON.stringify(journal)}, 'out ' + process.pid + '\\n');
      release();
    }`;
  const children = Array.from({ length: 4 }, () => inProcess(path, body));
  await Promise.all(children.map((child) => once(child, 'close')));
  const lines = readFileSync(journal, 'utf8').trim().split('\n');
  expect(lines).toHaveLength(40);
  for (let i = 0; i < lines.length; i += 2) expect(lines[i + 1]).toBe(lines[i]?.replace('in', 'out'));
});
