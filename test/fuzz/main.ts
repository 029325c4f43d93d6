/**
 * `npm run fuzz`: a million changed inputs for everything that reads what cameras and clients send, cameras that hoard our memory, and
 * whole hostile cameras over sockets. `npm run fuzz -- h264 sdp --count 50000 --seed 7` runs some; `--replay FILE` tries a kept
 * input again. docs/fuzz-tests.md says what must hold.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/support/machine.ts';
import { passes, type Report, renderReport } from '../bench/support/report.ts';
import { runCommand, say } from '../support/command.ts';
import { fuzzParts } from './parts/index.ts';
import { replayKept } from './parts/replay-kept.ts';
import { readKept } from './support/kept-input.ts';
import { fuzzTargets } from './targets/index.ts';

const COUNT = 1_000_000;

function usage(status: number): number {
  const lines = [...fuzzTargets, ...fuzzParts].map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  say(['npm run fuzz -- [NAME ...] [--count N] [--seed S] [--replay FILE]', ...lines].join('\n'));
  return status;
}

async function tryAgain(file: string): Promise<number> {
  const kept = readKept(file);
  await replayKept(kept);
  say(`${kept.target}: what did not hold (${kept.message}) holds now`);
  return 0;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      seed: { type: 'string' },
      replay: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return usage(0);
  if (values.replay !== undefined) return tryAgain(values.replay);
  const count = Number(values.count ?? COUNT);
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  const known = [...fuzzTargets, ...fuzzParts].map(({ name }) => name);
  if (
    !Number.isInteger(count) ||
    !Number.isInteger(seed) ||
    positionals.some((name) => !known.includes(name))
  ) {
    return usage(2);
  }
  const isWished = (name: string) => positionals.length === 0 || positionals.includes(name);
  process.stdout.write(`${describeMachine()}\n\nSeed ${seed}; the same seed makes the same inputs.\n\n`);
  const context = { count, seed, keepIn: join(import.meta.dirname, 'found'), isWished, progress: say };
  let hasFailed = false;
  const show = (report: Report) => {
    process.stdout.write(`${renderReport(report)}\n`);
    if (!report.figures.every(passes)) hasFailed = true;
  };
  for (const part of fuzzParts) if (part.isWished(context)) show(await part.run(context));
  return hasFailed ? 1 : 0;
}

runCommand(main);
