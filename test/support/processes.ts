import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Pids of this process's children that run the program of this name; those that ended and were not waited for count too. */
export async function childrenNamed(name: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // `pid (name) state ppid`; a name may hold blanks and brackets.
    const match = /^\d+ \((.*)\) \S (\d+) /.exec(stat);
    if (match?.[1] === name && Number(match[2]) === process.pid) found.push(Number(entry));
  }
  return found;
}
