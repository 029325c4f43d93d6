/**
 * `npm run faults`: brings about, one after the other, what happens to cameras, networks and processes, and measures what each
 * costs: noticing it, picture again, media lost, and the effect on a camera that nothing was done to. `npm run faults -- 1 "8 ssrc"`
 * runs some of them. A run of all writes the table into docs/faults.md.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Closers } from '../../server/base/closers.ts';
import { watchOthers } from '../bench/support/disturbance.ts';
import { describeMachine } from '../bench/support/machine.ts';
import { leaveOnSignals, runCommand, say } from '../support/command.ts';
import { faults } from './parts/index.ts';
import { type RunResult, runFault } from './support/run.ts';
import { FaultSite } from './support/site.ts';
import { faultTable } from './support/table.ts';

const PAGE = fileURLToPath(new URL('../../docs/faults.md', import.meta.url));
const BEGIN = '<!-- measured -->';
const END = '<!-- end -->';

const closers = new Closers();

async function writePage(text: string): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no ${BEGIN} and ${END}`);
  await writeFile(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`);
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  const chosen =
    wanted.length === 0 ? faults : faults.filter(({ id }) => wanted.some((one) => isMeant(id, one)));
  if (chosen.length === 0) {
    say(
      ['npm run faults -- [NUMBER ...]', ...faults.map(({ id, what }) => `  ${id.padEnd(10)} ${what}`)].join(
        '\n',
      ),
    );
    return 2;
  }
  leaveOnSignals(() => closers.close());
  const others = watchOthers();
  const site = await FaultSite.start(closers);
  const runs: RunResult[] = [];
  for (const fault of chosen) {
    say(`${fault.id}: ${fault.what}`);
    runs.push(await runFault(site, fault));
  }
  await closers.close();
  const taken = (others() * 100).toFixed(0);
  const date = new Date().toISOString().slice(0, 10);
  const text = [
    `Measured on ${date}: ${describeMachine()}. Other programs took ${taken} % of the machine meanwhile; they spoil times.`,
    '',
    faultTable(runs),
  ].join('\n');
  process.stdout.write(`${text}\n`);
  if (wanted.length === 0) await writePage(text);
  const hasFailed = runs.some((run) => 'error' in run || ('failures' in run && run.failures.length > 0));
  return hasFailed ? 1 : 0;
}

/** `8` means all of number 8, `8 ssrc` that one. */
function isMeant(id: string, wanted: string): boolean {
  return id === wanted || id.startsWith(`${wanted} `);
}

runCommand(main, () => closers.close());
