import { readFileSync } from 'node:fs';
import { cpuOfTree, TICKS_PER_SECOND } from './proc.ts';

const SAMPLE_EVERY_MS = 500;

/**
 * Begins to watch what other programs do to the machine; the returned function ends that and gives the share of all
 * cores that they took, 0 to 1. What this process started is sampled as it runs, for not all of it is waited for.
 */
export function watchOthers(): () => number {
  const before = machineTimes();
  const first = cpuOfTree(process.pid);
  const last = new Map<number, number>();
  const sample = () => {
    for (const [pid, cpuMs] of cpuOfTree(process.pid)) last.set(pid, cpuMs);
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    sample();
    const after = machineTimes();
    let ownMs = 0;
    for (const [pid, cpuMs] of last) ownMs += cpuMs - (first.get(pid) ?? 0);
    const othersMs = after.busyMs - before.busyMs - ownMs;
    return Math.min(1, Math.max(0, othersMs / Math.max(1, after.totalMs - before.totalMs)));
  };
}

/** See proc(5). Time stolen by other guests of the same host counts as busy, for it disturbs just as much. */
function machineTimes(): { readonly totalMs: number; readonly busyMs: number } {
  const cores = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = cores
    .split(' ')
    .map((ticks) => (Number(ticks) * 1000) / TICKS_PER_SECOND);
  const busyMs = user + nice + system + irq + softirq + steal;
  return { totalMs: busyMs + idle + iowait, busyMs };
}
