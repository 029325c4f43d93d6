/**
 * `npm run crash`: brings about, for real, what breaks recorders, and prints tables of what it has cost. `npm run crash -- kill 20`
 * runs one part, so often. docs/crash-tests.md says what each does and what must hold.
 */
import { Closers } from '../../server/base/closers.ts';
import { watchOthers } from '../bench/support/disturbance.ts';
import { describeMachine } from '../bench/support/machine.ts';
import { passes, renderReport } from '../bench/support/report.ts';
import { leaveOnSignals, runCommand, say } from '../support/command.ts';
import { crashParts } from './parts/index.ts';
import type { CrashPart } from './support/part.ts';

interface Wish {
  readonly part: CrashPart;
  readonly times?: number;
  readonly only?: string;
}

/** Names of parts (`disk:hung` for one fault of it), each with how often after it; none means all. Else a sentence. */
function readWishes(args: readonly string[]): readonly Wish[] | string {
  const wishes: Wish[] = [];
  for (const arg of args) {
    const last = wishes.at(-1);
    if (/^\d+$/.test(arg) && last !== undefined) {
      wishes.splice(-1, 1, { ...last, times: Number(arg) });
      continue;
    }
    const [name, only] = arg.split(':');
    const part = crashParts.find((one) => one.name === name);
    if (part === undefined) return usage();
    wishes.push({ part, ...(only === undefined ? {} : { only }) });
  }
  return wishes.length > 0 ? wishes : crashParts.map((part) => ({ part }));
}

function usage(): string {
  const lines = crashParts.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`);
  return ['npm run crash -- [NAME[:FAULT] [TIMES]] ...', ...lines].join('\n');
}

let closers = new Closers();

async function main(): Promise<number> {
  const wishes = readWishes(process.argv.slice(2));
  if (typeof wishes === 'string') {
    say(wishes);
    return 2;
  }
  leaveOnSignals(() => closers.close());
  process.stdout.write(`${describeMachine()}\n`);
  let hasFailed = false;
  for (const { part, times, only } of wishes) {
    const missing = await part.missing?.();
    if (missing !== undefined) {
      process.stdout.write(`## ${part.name}\n\nLeft out: ${missing}\n\n`);
      continue;
    }
    closers = new Closers();
    const progress = (text: string) => say(`${part.name}: ${text}`);
    try {
      const others = watchOthers();
      const reports = await part.run({ times, only, isSlice: false, closers, progress });
      for (const report of reports) {
        process.stdout.write(`${renderReport(report)}\n`);
        if (!report.figures.every(passes)) hasFailed = true;
      }
      const percent = (others() * 100).toFixed(0);
      process.stdout.write(
        `Other programs took ${percent} % of the machine meanwhile; they spoil times.\n\n`,
      );
    } finally {
      await closers.close();
    }
  }
  return hasFailed ? 1 : 0;
}

runCommand(main);
