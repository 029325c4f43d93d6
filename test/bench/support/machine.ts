import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** Above this load other programs disturb the figures. */
const QUIET_LOAD = 1;

/** A warning where the machine is busy with other things before anything is measured. */
export function describeLoad(): string | undefined {
  const load = loadavg()[0] ?? 0;
  if (load <= QUIET_LOAD) return undefined;
  return `The machine is busy (load ${load.toFixed(2)}): latencies and joins come out worse than they are.`;
}

/** One line that says what the figures were taken on. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gibibytes = (totalmem() / 1024 ** 3).toFixed(0);
  return `${availableParallelism()} cores (${model}), ${gibibytes} GiB, Node ${process.versions.node}`;
}
