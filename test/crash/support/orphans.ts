import { readdirSync, readFileSync } from 'node:fs';

/** Pids of FFmpeg processes that read from or write to this RTSP port, whoever their parent is by now. */
export function ffmpegsOf(rtspPort: number): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const command = read(`/proc/${entry}/cmdline`);
    return command.includes('ffmpeg') && command.includes(`:${rtspPort}/`) ? [Number(entry)] : [];
  });
}

/** Pids of processes that ended and that nobody waited for, below this parent. */
export function zombiesOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    // `pid (name) state ppid`; a name may hold blanks and brackets.
    const match = /^\d+ \(.*\) (\S) (\d+) /.exec(read(`/proc/${entry}/stat`));
    return match?.[1] === 'Z' && Number(match[2]) === parent ? [Number(entry)] : [];
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
