import { Worker } from 'node:worker_threads';
import { ApiError, ERROR_TABLE, type ErrorCode } from '../../../shared/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { AnswerMessage, ArgsOf, CallMessage, ResultOf } from './rpc.ts';

/** An answer that takes longer is not waited for: the disk hangs. */
const CALL_TIMEOUT_MS = 10_000;
/** Calls that wait for one thread at the same time; a hung disk must not gather them without end. */
const MAX_CALLS = 512;

export interface ThreadLinkOptions<M> {
  readonly clock: Clock;
  readonly name: string;
  readonly entry: URL;
  readonly workerData: unknown;
  readonly maxHeapMb: number;
  /** Everything that is no answer to a call. */
  readonly onMessage: (message: M) => void;
  /** The thread has ended; `failure` where it was not told to. */
  readonly onExit: (failure: Error | undefined) => void;
}

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: Error) => void;
  readonly cancelTimeout: () => void;
}

/** The media loop's end of a thread: messages both ways, and calls with a bounded wait. */
export class ThreadLink<H, T extends { readonly kind: string }, M> {
  readonly #clock: Clock;
  readonly #worker: Worker;
  readonly #calls = new Map<number, PendingCall>();
  readonly exited: Promise<void>;
  #nextId = 0;
  #hasExited = false;
  #failure: Error | undefined;

  constructor(options: ThreadLinkOptions<M>) {
    this.#clock = options.clock;
    this.#worker = new Worker(options.entry, {
      name: options.name,
      workerData: options.workerData,
      env: threadEnv(),
      // The parent's flags are for its own heap.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: {
        maxOldGenerationSizeMb: options.maxHeapMb,
        maxYoungGenerationSizeMb: 8,
        stackSizeMb: 2,
      },
    });
    this.#worker.on('message', (message: M | AnswerMessage) => {
      if (isAnswer(message)) this.#answer(message);
      else options.onMessage(message);
    });
    this.#worker.on('error', (failure: Error) => {
      this.#failure = failure;
    });
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#hasExited = true;
        this.#rejectAll();
        resolve();
        options.onExit(this.#failure);
      });
    });
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  get pendingCalls(): number {
    return this.#calls.size;
  }

  send(message: T | CallMessage): void {
    if (!this.#hasExited) this.#worker.postMessage(message);
  }

  /** Rejects with `ApiError`: what the handler threw, or STORAGE_UNAVAILABLE where no answer comes. */
  call<K extends keyof H & string>(name: K, args: ArgsOf<H, K>): Promise<ResultOf<H, K>> {
    if (this.#hasExited || this.#calls.size >= MAX_CALLS) return Promise.reject(unavailable());
    this.#nextId += 1;
    const id = this.#nextId;
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#clock.after(CALL_TIMEOUT_MS, () => {
        this.#calls.delete(id);
        reject(unavailable());
      });
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject, cancelTimeout });
      this.send({ kind: 'call', id, name, args });
    });
  }

  /** Ends the thread; a thread that waits for the disk ends once the disk answers. */
  terminate(): void {
    void this.#worker.terminate();
    this.#worker.unref();
  }

  #answer(message: AnswerMessage): void {
    const call = this.#calls.get(message.id);
    if (call === undefined) return;
    this.#calls.delete(message.id);
    call.cancelTimeout();
    if (message.kind === 'result') call.resolve(message.value);
    else call.reject(toError(message));
  }

  #rejectAll(): void {
    for (const { reject, cancelTimeout } of this.#calls.values()) {
      cancelTimeout();
      reject(unavailable());
    }
    this.#calls.clear();
  }
}

/** Nothing of the gateway's own but where Node keeps what it made of the TypeScript: it saves half of a thread's start. */
function threadEnv(): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

function isAnswer(message: unknown): message is AnswerMessage {
  const { kind } = message as { kind: string };
  return kind === 'result' || kind === 'failure';
}

function unavailable(): ApiError {
  return new ApiError(
    'STORAGE_UNAVAILABLE',
    'The disk with the recordings does not answer. Try again in a moment; if it goes on, check the disk.',
  );
}

/** What a thread's function threw. Only errors that were made to be shown keep their text. */
function toError({ code, message }: { code?: string; message: string }): Error {
  if (code !== undefined && Object.hasOwn(ERROR_TABLE, code)) return new ApiError(code as ErrorCode, message);
  return new ApiError(
    'STORAGE_UNAVAILABLE',
    `The recordings cannot be read or written just now (${message}).`,
  );
}
