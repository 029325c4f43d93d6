import { Closers } from '../../../server/base/closers.ts';
import { leaveOnSignals } from '../../support/command.ts';
import type { Bench, BenchOptions } from './bench.ts';
import { watchOthers } from './disturbance.ts';
import type { Report } from './report.ts';

/** Runs benches one after the other and leaves nothing of them behind, however they end. */
export class Runner {
  readonly #say: (text: string) => void;
  #closers = new Closers();

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  async run(bench: Bench, options: BenchOptions): Promise<Report> {
    const closers = new Closers();
    this.#closers = closers;
    const others = watchOthers();
    const report = await this.#runOnce(bench, options, closers);
    const percent = (others() * 100).toFixed(0);
    const note = `Other programs took ${percent} % of the machine meanwhile; above 10 % they spoil latencies and joins.`;
    return { ...report, notes: [...(report.notes ?? []), note] };
  }

  async #runOnce(bench: Bench, options: BenchOptions, closers: Closers): Promise<Report> {
    try {
      const { seconds, settleMs, cameras, joins } = options;
      const progress = (text: string) => this.#say(`${bench.name}: ${text}`);
      return await bench.run({ seconds, settleMs, cameras, joins, closers, progress });
    } finally {
      await closers.close();
    }
  }

  /** The first signal closes what runs and ends the process, the second ends it at once. */
  stopOnSignals(): void {
    leaveOnSignals(() => this.#closers.close());
  }
}
