import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from './clock.ts';
import { followMessages, MessageTail } from './message-tail.ts';

/** One run of a program. No shell is ever involved: `command` and `args` reach the kernel as they are. */
export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to a minimal environment; the gateway's own (which may hold a token) is not inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Texts that never appear in what is kept of the program's messages. */
  readonly secrets?: readonly string[];
  /** How long the program may take to end after SIGTERM before SIGKILL. Default 2000. */
  readonly stopGraceMs?: number;
  /** The program is ended when `progress` was not called for so long. Default: never. */
  readonly stallTimeoutMs?: number;
  /** The program's standard output; not read into memory when absent. */
  onStdout?(chunk: Buffer, progress: () => void): void;
  onStart?(pid: number): void;
  /** The program's standard input, once it runs; absent: it has none. Errors of a pipe that broke are swallowed here. */
  onStdin?(stdin: Writable): void;
}

export interface ProcessExit {
  /** `exited` by itself or by a signal, `stalled`: ended by the watchdog, `stopped`: on request, `unstartable`: no such program. */
  readonly cause: 'exited' | 'stalled' | 'stopped' | 'unstartable';
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of standard error, bounded and without secrets. */
  readonly lastLines: readonly string[];
}

const DEFAULT_STOP_GRACE_MS = 2000;
const INHERITED_ENV = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'FONTCONFIG_PATH'] as const;

/** Process groups alive now, so that even an exit without a close leaves none behind. */
const aliveGroups = new Set<number>();
let exitHookInstalled = false;

/**
 * Runs a program once and resolves when it and its standard streams have ended. Never rejects. It runs in a
 * process group of its own: a Ctrl-C in the terminal reaches only the gateway, which then stops things in
 * order, and a signal reaches whatever the program started too.
 */
export function runProcess(spec: ProcessSpec, clock: Clock, stop: AbortSignal): Promise<ProcessExit> {
  const tail = new MessageTail(spec.secrets ?? []);
  if (stop.aborted) {
    return Promise.resolve({ cause: 'stopped', code: null, signal: null, lastLines: [] });
  }
  return new Promise((resolve) => {
    const child = spawn(spec.command, [...spec.args], {
      detached: true,
      stdio: [
        spec.onStdin === undefined ? 'ignore' : 'pipe',
        spec.onStdout === undefined ? 'ignore' : 'pipe',
        'pipe',
      ],
      env: minimalEnv(spec.env),
    }) as ChildProcessByStdio<Writable | null, Readable | null, Readable>;
    let cause: ProcessExit['cause'] = 'exited';
    const undo: Array<() => void> = [];

    const end = (why: 'stalled' | 'stopped') => {
      if (cause !== 'exited') return;
      cause = why;
      signalGroup(child.pid, 'SIGTERM');
      const graceMs = spec.stopGraceMs ?? DEFAULT_STOP_GRACE_MS;
      undo.push(clock.after(graceMs, () => signalGroup(child.pid, 'SIGKILL')));
    };
    const onStop = () => end('stopped');
    stop.addEventListener('abort', onStop, { once: true });
    undo.push(() => stop.removeEventListener('abort', onStop));

    const watchdog = watchProgress(clock, spec.stallTimeoutMs, () => end('stalled'));
    undo.push(watchdog.stop);

    child.stdout?.on('data', (chunk: Buffer) => spec.onStdout?.(chunk, watchdog.progress));
    // Without a free file descriptor there are no pipes; 'error' follows.
    if (child.stderr !== undefined) undo.push(followMessages(child.stderr, tail, clock));
    child.once('spawn', () => {
      if (child.pid === undefined) return;
      track(child.pid);
      spec.onStart?.(child.pid);
      if (child.stdin !== null) spec.onStdin?.(child.stdin);
    });
    // A program that ended meanwhile; its end is told anyway.
    child.stdin?.on('error', () => {});
    child.once('error', (error) => {
      // Also emitted for a failed kill; only a program that never got a pid is unstartable.
      if (child.pid === undefined) {
        cause = 'unstartable';
        tail.push(Buffer.from(`${error.message}\n`));
        finish(null, null);
      }
    });
    child.once('exit', () => {
      // Whatever the program left running in its group holds our pipes open, and nothing may stay behind.
      signalGroup(child.pid, 'SIGKILL');
    });
    child.once('close', (code, signal) => finish(code, signal));

    const finish = (code: number | null, signal: NodeJS.Signals | null) => {
      for (const step of undo.splice(0)) step();
      if (child.pid !== undefined) aliveGroups.delete(child.pid);
      resolve({ cause, code, signal, lastLines: tail.lines() });
    };
  });
}

/** Calls `onStall` when `progress` was not called for `timeoutMs`. */
function watchProgress(
  clock: Clock,
  timeoutMs: number | undefined,
  onStall: () => void,
): { progress: () => void; stop: () => void } {
  if (timeoutMs === undefined) return { progress: () => {}, stop: () => {} };
  let lastProgressMs = clock.monotonicMs();
  const stop = clock.every(Math.max(10, timeoutMs / 4), () => {
    if (clock.monotonicMs() - lastProgressMs >= timeoutMs) onStall();
  });
  const progress = () => {
    lastProgressMs = clock.monotonicMs();
  };
  return { progress, stop };
}

function minimalEnv(extra: Readonly<Record<string, string>> | undefined): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of INHERITED_ENV) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}

function track(pid: number): void {
  aliveGroups.add(pid);
  if (exitHookInstalled) return;
  exitHookInstalled = true;
  process.once('exit', () => {
    for (const group of aliveGroups) signalGroup(group, 'SIGKILL');
  });
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
