import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** One line that says what the figures were taken on. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gibibytes = (totalmem() / 1024 ** 3).toFixed(0);
  const load = (loadavg()[0] ?? 0).toFixed(2);
  return `${availableParallelism()} cores (${model}), ${gibibytes} GiB, Node ${process.versions.node}, load before: ${load}`;
}
