/**
 * `npm run soak`: cameras to which things happen at random, viewers that come and go, processes that die; for half an hour. Then
 * everything comes to rest, and nothing may have grown or be stuck. `npm run soak -- --minutes 5 --seed 7`; the same seed strikes the
 * same blows in the same order.
 */
import { parseArgs } from 'node:util';
import { Closers } from '../../server/base/closers.ts';
import { watchOthers } from '../bench/support/disturbance.ts';
import { describeMachine } from '../bench/support/machine.ts';
import { leaveOnSignals, runCommand, say } from '../support/command.ts';
import { soak } from './support/soak.ts';
import { judge, passes, soakTable } from './support/verdict.ts';

const USAGE = 'npm run soak -- [--minutes N] [--seed N]   (30 minutes; a seed by chance)';

const closers = new Closers();

function readOptions(): { minutes: number; seed: number } | undefined {
  try {
    const { values } = parseArgs({
      options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } },
    });
    const minutes = Number(values.minutes);
    const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
    return minutes > 0 && minutes <= 7 * 24 * 60 && Number.isSafeInteger(seed)
      ? { minutes, seed }
      : undefined;
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    say(USAGE);
    return 2;
  }
  leaveOnSignals(() => closers.close());
  const { minutes, seed } = options;
  const others = watchOthers();
  const result = await soak({
    forMs: minutes * 60_000,
    seed,
    isSlice: false,
    closers,
    progress: (text) => say(`soak: ${text}`),
  });
  await closers.close();
  const judgements = judge(result);
  const blows = [...result.blows].map(([name, times]) => `${name} ${times}`).sort();
  const lines = [
    `${minutes} minutes, seed ${seed}, on ${describeMachine()}. Other programs took ${(others() * 100).toFixed(0)} % of the machine meanwhile.`,
    '',
    `Blows: ${blows.join(', ')}.`,
    `Watches: ${result.watches}, of which ${result.seen} saw pictures (the others' cameras were away).`,
    '',
    soakTable(judgements),
    '',
    result.problems.length === 0 ? 'Nothing was stuck.' : 'What must not be:',
    ...result.problems.map((problem) => `- ${problem}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return judgements.every(passes) && result.problems.length === 0 ? 0 : 1;
}

runCommand(main, () => closers.close());
