import type { Figure } from '../../bench/support/report.ts';
import { runInThread } from '../support/in-thread.ts';
import { keepInput } from '../support/kept-input.ts';
import { fuzzTargets } from '../targets/index.ts';
import type { FuzzContext, FuzzPart } from './part.ts';

/** Changed inputs for each reader of what comes from outside. */
export const inputs: FuzzPart = {
  name: 'inputs',
  summary: 'all of the above',
  isWished: (context) => wished(context).length > 0,
  async run(context) {
    const targets = wished(context);
    const shares = targets.reduce((sum, { share }) => sum + share, 0);
    const figures: Figure[] = [];
    const notes: string[] = [];
    let total = 0;
    for (const { name, summary, share, maxCpuMs } of targets) {
      const count = Math.ceil((context.count * share) / shares);
      context.progress(`${name}: ${count} inputs`);
      const startedAtMs = performance.now();
      const result = await runInThread({ name, seed: context.seed, count });
      const seconds = (performance.now() - startedAtMs) / 1000;
      const isFailed = result.kind === 'failed';
      total += isFailed ? 0 : result.count;
      figures.push({
        id: `fuzz.${name}.failures`,
        what: `${name}: ${summary}`,
        value: isFailed ? 1 : 0,
        unit: 'failures',
        target: 0,
      });
      if (isFailed) {
        const file = keepInput(context.keepIn, name, result);
        notes.push(`${name}: ${result.message.split('\n')[0]}; kept as ${file}, try it with --replay`);
        context.progress(result.message);
      } else {
        const what = `${name}: ${result.count} inputs in ${seconds.toFixed(0)} s, the slowest (CPU)`;
        figures.push({
          id: `fuzz.${name}.slowest`,
          what,
          value: result.slowestCpuMs,
          unit: 'ms',
          target: maxCpuMs,
        });
      }
    }
    return { title: `Changed inputs: ${total}`, figures, notes };
  },
};

function wished(context: FuzzContext) {
  const all = context.isWished('inputs');
  return fuzzTargets.filter(({ name }) => all || context.isWished(name));
}
