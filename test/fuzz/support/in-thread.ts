import { Worker } from 'node:worker_threads';
import type { FuzzThreadData } from './fuzz-thread.ts';
import type { TargetResult } from './one-target.ts';

/** No input may take longer than this, on whatever machine; the finer bound is CPU time, inside of the thread. */
const HANG_MS = 20_000;
/** To load its code, which is compiled on the way. */
const START_MS = 60_000;
/** What a thread may have in its heap at once: far over what the largest input makes. */
const MAX_HEAP_MB = 512;

export interface ThreadRun {
  readonly name: string;
  readonly seed: number;
  readonly count: number;
  readonly path?: string;
  /** How long one input may take before it counts as a hang. */
  readonly hangMs?: number;
  onProgress?(count: number): void;
}

/** Feeds a target in a thread of its own. An input that hangs, or eats all memory, is a failure with its input. */
export async function runInThread(run: ThreadRun): Promise<TargetResult> {
  const progress = new SharedArrayBuffer(4);
  const counter = new Int32Array(progress);
  const { name, seed, count, path, hangMs = HANG_MS } = run;
  const data: FuzzThreadData = {
    ...{ name, seed, count, progress, isShown: false },
    ...(path === undefined ? {} : { path }),
  };
  const worker = startThread(data);
  let last = 0;
  let lastAtMs = performance.now();
  let hung = false;
  const timer = setInterval(() => {
    const done = Atomics.load(counter, 0);
    run.onProgress?.(done);
    if (done !== last) {
      last = done;
      lastAtMs = performance.now();
    } else if (performance.now() - lastAtMs > (done === 0 ? START_MS : hangMs)) {
      hung = true;
      void worker.terminate();
    }
  }, 500);
  try {
    return await answerOf<TargetResult>(worker);
  } catch (failure) {
    // The thread died or hung with this one.
    const at = String(Math.max(0, Atomics.load(counter, 0) - 1));
    const message = hung ? `does not end within ${hangMs} ms` : String(failure);
    return { kind: 'failed', seed, path: at, message, input: await shownInput(data, at), shrinks: 0 };
  } finally {
    clearInterval(timer);
    await worker.terminate();
  }
}

function startThread(data: FuzzThreadData): Worker {
  return new Worker(new URL('./fuzz-thread.ts', import.meta.url), {
    name: `fuzz-${data.name}`,
    workerData: data,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
}

function answerOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code}`)));
  });
}

async function shownInput(data: FuzzThreadData, path: string): Promise<unknown> {
  const worker = startThread({ ...data, path, isShown: true });
  try {
    return await answerOf<unknown>(worker);
  } finally {
    await worker.terminate();
  }
}
