/**
 * `npm run bench`: measures what Sluice promises and prints tables. `npm run bench -- NAME` runs one of them.
 * docs/benchmarks.md says how each figure is taken.
 */
import { writeFile } from 'node:fs/promises';
import { runCommand, say } from '../support/command.ts';
import { benches } from './benches/index.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { helpText, parseOptions } from './support/options.ts';
import { type Report, renderReport } from './support/report.ts';
import { Runner } from './support/runner.ts';

async function main(): Promise<number> {
  const parsed = parseOptions(
    process.argv.slice(2),
    benches.map((bench) => bench.name),
  );
  if (!parsed.ok) {
    process.stderr.write(`${parsed.error}\n`);
    return 2;
  }
  const options = parsed.value;
  if (options.help) {
    process.stdout.write(helpText(benches));
    return 0;
  }
  const runner = new Runner(say);
  runner.stopOnSignals();
  const machine = describeMachine();
  process.stdout.write(`${[machine, describeLoad() ?? ''].join('\n')}\n`);
  const reports: Record<string, Report> = {};
  for (const bench of benches.filter(({ name }) => options.names.includes(name))) {
    const report = await runner.run(bench, options);
    reports[bench.name] = report;
    process.stdout.write(`${renderReport(report)}\n`);
  }
  if (options.jsonFile !== undefined) {
    await writeFile(options.jsonFile, `${JSON.stringify({ machine, reports }, null, 1)}\n`);
  }
  return 0;
}

// A missed target is a finding and no failure; only a bench that could not be run is.
runCommand(main);
