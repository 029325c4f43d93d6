import { readFileSync } from 'node:fs';

/** USER_HZ: the unit of CPU times in /proc, 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

export interface ProcessSample {
  readonly pid: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Its own memory and its share of what it has in common with others; undefined where it may not be read. */
  readonly pssBytes: number | undefined;
}

/** A process and all that it started, now. Those that just ended are left out. */
export function sampleTree(pid: number): ProcessSample[] {
  const own = sampleProcess(pid);
  return own === undefined ? [] : [own, ...childrenOf(pid).flatMap(sampleTree)];
}

export function sampleProcess(pid: number): ProcessSample | undefined {
  const stat = read(pid, 'stat');
  const status = read(pid, 'status');
  if (stat === undefined || status === undefined) return undefined;
  return {
    pid,
    cpuMs: cpuMs(stat),
    rssBytes: kibibytes(status, 'VmRSS') ?? 0,
    pssBytes: kibibytes(read(pid, 'smaps_rollup') ?? '', 'Pss'),
  };
}

/** User and system time of a process and all that it started, by pid. */
export function cpuOfTree(pid: number, times = new Map<number, number>()): Map<number, number> {
  const stat = read(pid, 'stat');
  if (stat !== undefined) times.set(pid, cpuMs(stat));
  for (const child of childrenOf(pid)) cpuOfTree(child, times);
  return times;
}

/** The name stands in brackets and may hold anything; the fields after it are numbers (proc(5)). */
function cpuMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function childrenOf(pid: number): number[] {
  const text = read(pid, `task/${pid}/children`) ?? '';
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map(Number);
}

function kibibytes(text: string, key: string): number | undefined {
  const value = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value) * 1024;
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
