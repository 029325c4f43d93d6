import { readFileSync } from 'node:fs';
import { TICKS_PER_SECOND } from './proc.ts';

interface Times {
  readonly totalMs: number;
  readonly busyMs: number;
  readonly ownMs: number;
}

/**
 * Begins to watch what other programs do to the machine. The returned function gives the share of all cores that
 * they took since, 0 to 1; it is to be called when everything that was started has ended.
 */
export function watchOthers(): () => number {
  const before = times();
  return () => {
    const after = times();
    const othersMs = after.busyMs - before.busyMs - (after.ownMs - before.ownMs);
    return Math.min(1, Math.max(0, othersMs / Math.max(1, after.totalMs - before.totalMs)));
  };
}

/** See proc(5). Time stolen by other guests of the same host counts as theirs, for it disturbs just as much. */
function times(): Times {
  const cores = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = cores
    .split(' ')
    .map((ticks) => toMs(Number(ticks)));
  const busyMs = user + nice + system + irq + softirq + steal;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // This process and, since they have ended, its children with theirs.
  const ownMs = fields.slice(11, 15).reduce((sum, ticks) => sum + toMs(Number(ticks)), 0);
  return { totalMs: busyMs + idle + iowait, busyMs, ownMs };
}

function toMs(ticks: number): number {
  return (ticks * 1000) / TICKS_PER_SECOND;
}
