import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { tempDir } from './temp-dir.ts';

const wrapper = fileURLToPath(new URL('run-in-child.mjs', import.meta.url));

/** A stand-in for the gateway that writes down its signals and leaves at the second SIGINT or at SIGTERM. */
const fakeMain = `
  const { appendFileSync } = require('node:fs');
  const note = (text) => appendFileSync(process.argv[2], text + '\\n');
  let interrupts = 0;
  process.on('SIGINT', () => { note('SIGINT'); interrupts += 1; if (interrupts === 2) process.exit(7); });
  process.on('SIGHUP', () => note('SIGHUP'));
  process.on('SIGTERM', () => { note('SIGTERM'); process.exit(0); });
  setInterval(() => {}, 1000);
  note('pid ' + process.pid + ' ' + (process.env.SLUICE_SETUP_TETHER ?? 'clean'));`;

async function startFake(launch: (script: string, journal: string) => ChildProcess) {
  const dir = tempDir();
  const script = join(dir, 'main.cjs');
  const journal = join(dir, 'journal');
  writeFileSync(script, fakeMain);
  const outer = launch(script, journal);
  const lines = () => (existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : []);
  const first = await waitFor('the script', () => lines()[0]);
  expect(first).toMatch(/^pid \d+ clean$/);
  const pid = Number(first.split(' ')[1]);
  onTestFinished(() => {
    outer.kill('SIGKILL');
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
  });
  return { outer, pid, signals: () => lines().slice(1), ended: once(outer, 'exit') };
}

const startWrapped = () =>
  startFake((script, journal) => spawn(process.execPath, [wrapper, script, journal], { stdio: 'ignore' }));

const longerThanOnePress = () => new Promise((resolve) => setTimeout(resolve, 400));

test('SIGINT at the wrapper alone reaches the script once, and a second one too', async () => {
  const { outer, signals, ended } = await startWrapped();
  outer.kill('SIGINT');
  await waitFor('the first', () => signals().length === 1);
  await longerThanOnePress();
  expect(signals()).toEqual(['SIGINT']);
  outer.kill('SIGINT');
  expect(await ended).toEqual([7, null]);
  expect(signals()).toEqual(['SIGINT', 'SIGINT']);
});

test('SIGINT twice within one key press, as from a terminal and from npm, reaches the script once', async () => {
  const { outer, signals } = await startWrapped();
  outer.kill('SIGINT');
  await waitFor('the first', () => signals().length === 1);
  outer.kill('SIGINT');
  await longerThanOnePress();
  expect(signals()).toEqual(['SIGINT']);
});

test('SIGHUP and SIGTERM are passed on, and the wrapper waits for its child', async () => {
  const { outer, pid, signals, ended } = await startWrapped();
  outer.kill('SIGHUP');
  await waitFor('SIGHUP', () => signals().length === 1);
  outer.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(signals()).toEqual(['SIGHUP', 'SIGTERM']);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

test('a wrapper that is killed takes its script along, in good order', async () => {
  const { outer, pid, signals } = await startWrapped();
  outer.kill('SIGKILL');
  await waitFor('the end of the script', () => !existsSync(`/proc/${pid}`));
  expect(signals()).toEqual(['SIGTERM']);
});

test('a script that dies of a signal makes the wrapper die of it', async () => {
  const { pid, ended } = await startWrapped();
  process.kill(pid, 'SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('Ctrl-C in a terminal, under npm, reaches the script once; a second one ends it', async () => {
  // `script` gives npm a terminal, whose Ctrl-C goes to npm, its shell and the wrapper all at once.
  const { outer, signals, ended } = await startFake((main, journal) => {
    const dir = join(main, '..');
    const start = `exec "${process.execPath}" "${wrapper}" "${main}" "${journal}"`;
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ private: true, scripts: { start } }));
    return spawn('script', ['-qefc', `npm --silent --prefix "${dir}" start`, '/dev/null'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  });
  outer.stdin?.write('\u0003');
  await waitFor('the first', () => signals().length === 1);
  await longerThanOnePress();
  expect(signals()).toEqual(['SIGINT']);
  outer.stdin?.write('\u0003');
  await ended;
  expect(signals()).toEqual(['SIGINT', 'SIGINT']);
});

test('SIGTERM at npm alone ends the script', async () => {
  const { outer, pid, signals, ended } = await startFake((main, journal) => {
    const dir = join(main, '..');
    const start = `exec "${process.execPath}" "${wrapper}" "${main}" "${journal}"`;
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ private: true, scripts: { start } }));
    return spawn('npm', ['--silent', '--prefix', dir, 'start'], { stdio: 'ignore' });
  });
  outer.kill('SIGTERM');
  await ended;
  await waitFor('the end of the script', () => !existsSync(`/proc/${pid}`));
  expect(signals()).toEqual(['SIGTERM']);
});
