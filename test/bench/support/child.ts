import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { endAtExit } from './process-groups.ts';

/**
 * A helper process of the bench that answers requests: cameras, relay and viewers each run in one of their own, so
 * that none of them holds up another's event loop.
 */
export interface Child {
  readonly pid: number;
  call<T>(method: string, params?: unknown): Promise<T>;
  /** Idempotent. */
  close(): Promise<void>;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(failure: Error): void;
}

export function startChild(module: URL): Child {
  const child = fork(module, [], { execArgv: [], detached: true, serialization: 'advanced' });
  const forget = endAtExit(child);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  child.on('message', (message: Answer) => {
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) one?.resolve(message.result);
    else one?.reject(new Error(message.error));
  });
  // It was killed while it was being told something.
  child.on('error', (failure) => {
    for (const one of waiting.values()) one.reject(failure);
    waiting.clear();
  });
  child.once('exit', (code, signal) => {
    forget();
    for (const one of waiting.values()) one.reject(new Error(`${module.pathname} ended (${code ?? signal})`));
    waiting.clear();
  });
  return {
    pid: child.pid ?? 0,
    call: <T>(method: string, params: unknown = {}) =>
      new Promise<T>((resolve, reject) => {
        if (!child.connected) {
          reject(new Error(`${module.pathname} has ended`));
          return;
        }
        lastId += 1;
        // What a method answers is agreed between two files of this folder.
        waiting.set(lastId, { resolve: (result) => resolve(result as T), reject });
        child.send({ id: lastId, method, params });
      }),
    close: () => endChild(child),
  };
}

export type Handlers = Readonly<Record<string, (params: never) => unknown>>;

/** In the helper process: answers requests till the bench lets go of it or dies. */
export function serveParent(handlers: Handlers): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', async (message: { id: number; method: string; params: never }) => {
    let answer: Answer;
    try {
      const handler = handlers[message.method];
      if (handler === undefined) throw new Error(`no method ${message.method}`);
      answer = { id: message.id, result: await handler(message.params) };
    } catch (failure) {
      answer = { id: message.id, error: failure instanceof Error ? (failure.stack ?? '') : String(failure) };
    }
    if (process.connected) process.send?.(answer);
  });
}

/** Asks with SIGTERM, then insists. */
export async function endChild(child: ChildProcess, graceMs = 3000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}
