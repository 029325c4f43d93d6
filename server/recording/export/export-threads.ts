import { Readable } from 'node:stream';
import { ApiError, ERROR_TABLE, type ErrorCode } from '../../../shared/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { ThreadLink } from '../store/thread-link.ts';
import type {
  ClipSpec,
  ExportOutcome,
  ExportSpec,
  ExportThreadData,
  FromExportThread,
  ToExportThread,
} from './export-messages.ts';

export interface ExportThreadsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: `ffmpeg` by PATH. */
  readonly ffmpegPath?: string | undefined;
}

/** A clip under way. Destroying `body` ends it. */
export interface ClipStream {
  /** How much earlier than asked it begins, since it begins with a key frame. */
  readonly leadMs: number;
  readonly durationMs: number;
  readonly body: Readable;
}

/** A running export that was cancelled. */
export class ExportCancelled extends Error {}

type Link = ThreadLink<Record<never, never>, ToExportThread, FromExportThread>;

interface Pooled {
  readonly link: Link;
  readonly tasks: Map<number, (message: FromExportThread) => void>;
  cancelIdle: () => void;
}

/** Threads that have nothing to do are kept so long: starting one takes a third of a second. */
const IDLE_MS = 15 * 60_000;
const CLOSE_TIMEOUT_MS = 3_000;
const CLIP_BEGIN_TIMEOUT_MS = 10_000;
/** A clip whose reader takes nothing for so long is given up. */
const CLIP_STALL_MS = 60_000;
/** Chunks of a clip (about 64 KB each) that may be under way. */
const CLIP_CREDIT = 16;
const MAX_HEAP_MB = 128;
const INHERITED_ENV = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'] as const;

/**
 * The threads that read footage and feed FFmpeg: one for files and one for clips for each recordings folder, so that neither
 * a disk that hangs nor a long export holds up the others. Started when first needed.
 */
export class ExportThreads {
  readonly #options: ExportThreadsOptions;
  readonly #pool = new Map<string, Pooled>();
  readonly #env: Readonly<Record<string, string>>;
  #nextId = 0;
  #isClosed = false;

  constructor(options: ExportThreadsOptions) {
    this.#options = options;
    const env: Record<string, string> = {};
    for (const name of INHERITED_ENV) {
      const value = process.env[name];
      if (value !== undefined) env[name] = value;
    }
    this.#env = env;
  }

  /** Resolves when all files are durable. Rejects with `ApiError`, or ExportCancelled where `stop` aborts. */
  export(
    recordingsDir: string,
    spec: ExportSpec,
    events: { stop: AbortSignal; onProgress(progress: number): void },
  ): Promise<ExportOutcome> {
    return new Promise((resolve, reject) => {
      if (events.stop.aborted) {
        reject(new ExportCancelled());
        return;
      }
      const task = this.#begin('files', recordingsDir, (message) => {
        if (message.kind === 'progress') {
          events.onProgress(message.progress);
          return;
        }
        events.stop.removeEventListener('abort', onStop);
        task.end();
        if (message.kind === 'exported') resolve(message.outcome);
        else if (message.kind === 'failed') reject(toApiError(message));
        else reject(new ExportCancelled());
      });
      const onStop = () => task.send({ kind: 'stop', id: task.id });
      events.stop.addEventListener('abort', onStop, { once: true });
      task.send({ kind: 'export', id: task.id, spec });
    });
  }

  /** Resolves when it begins. Rejects with `ApiError` (NOT_RECORDED, STORAGE_UNAVAILABLE). */
  clip(recordingsDir: string, spec: ClipSpec): Promise<ClipStream> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      let body: Readable | undefined;
      let lastReadMs = clock.monotonicMs();
      const stopWatching = clock.every(CLIP_STALL_MS / 4, () => {
        if (body === undefined || clock.monotonicMs() - lastReadMs < CLIP_STALL_MS) return;
        body.destroy(new Error('nobody reads this clip'));
      });
      const cancelTimeout = clock.after(CLIP_BEGIN_TIMEOUT_MS, () => {
        finish();
        task.send({ kind: 'stop', id: task.id });
        reject(
          new ApiError(
            'STORAGE_UNAVAILABLE',
            'The disk with the recordings does not answer; try again later.',
          ),
        );
      });
      const finish = () => {
        cancelTimeout();
        stopWatching();
        task.end();
      };
      const task = this.#begin('clips', recordingsDir, (message) => {
        switch (message.kind) {
          case 'clip-begins': {
            cancelTimeout();
            body = new Readable({
              read: () => {
                lastReadMs = clock.monotonicMs();
                if (waiting > 0) {
                  task.send({ kind: 'more', id: task.id, chunks: waiting });
                  waiting = 0;
                }
              },
              destroy: (failure, callback) => {
                finish();
                task.send({ kind: 'stop', id: task.id });
                callback(failure);
              },
            });
            // Until somebody listens a failure is nobody's; the thread is told all the same.
            body.on('error', () => {});
            resolve({ leadMs: message.leadMs, durationMs: message.durationMs, body });
            break;
          }
          case 'chunk':
            // What was read makes room for more; a full buffer makes `read` ask for it later.
            waiting += 1;
            if (body?.push(message.data) === true) {
              task.send({ kind: 'more', id: task.id, chunks: waiting });
              waiting = 0;
            }
            break;
          case 'clip-ends':
            finish();
            body?.push(null);
            break;
          case 'failed':
            finish();
            if (body === undefined) reject(toApiError(message));
            else body.destroy(toApiError(message));
            break;
          default:
            finish();
            reject(new ExportCancelled());
            body?.destroy();
        }
      });
      let waiting = 0;
      task.send({ kind: 'clip', id: task.id, spec });
      task.send({ kind: 'more', id: task.id, chunks: CLIP_CREDIT });
    });
  }

  /** Ends what runs; resolves when the threads are gone, or hang for good. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pool.values()].map((pooled) => this.#closeOne(pooled)));
    this.#pool.clear();
  }

  #begin(use: 'files' | 'clips', recordingsDir: string, onMessage: (message: FromExportThread) => void) {
    this.#nextId += 1;
    const id = this.#nextId;
    const key = `${use} ${recordingsDir}`;
    const pooled = this.#pooled(key, recordingsDir);
    pooled.cancelIdle();
    pooled.tasks.set(id, onMessage);
    return {
      id,
      send: (message: ToExportThread) => pooled.link.send(message),
      end: () => {
        pooled.tasks.delete(id);
        if (pooled.tasks.size > 0) return;
        pooled.cancelIdle();
        pooled.cancelIdle = this.#options.clock.after(IDLE_MS, () => {
          if (this.#pool.get(key) === pooled) this.#pool.delete(key);
          void this.#closeOne(pooled);
        });
      },
    };
  }

  #pooled(key: string, recordingsDir: string): Pooled {
    if (this.#isClosed)
      throw new ApiError('SHUTTING_DOWN', 'The gateway is shutting down. Try again in a moment.');
    const known = this.#pool.get(key);
    if (known !== undefined && !known.link.hasExited) return known;
    const workerData: ExportThreadData = {
      recordingsDir,
      env: this.#env,
      ffmpegPath: this.#options.ffmpegPath,
    };
    const tasks = new Map<number, (message: FromExportThread) => void>();
    const link: Link = new ThreadLink({
      clock: this.#options.clock,
      name: `export ${key}`,
      entry: new URL('./export-thread.ts', import.meta.url),
      workerData,
      maxHeapMb: MAX_HEAP_MB,
      onMessage: (message) => tasks.get(message.id)?.(message),
      onExit: (failure) => {
        if (failure !== undefined)
          this.#options.log.error({ err: failure, thread: key }, 'an export thread failed');
        const message = 'The export was cut short by a fault of the gateway; retry it.';
        for (const [id, onMessage] of [...tasks])
          onMessage({ kind: 'failed', id, code: 'INTERNAL', message });
      },
    });
    const pooled: Pooled = { link, tasks, cancelIdle: () => {} };
    this.#pool.set(key, pooled);
    return pooled;
  }

  async #closeOne({ link, cancelIdle }: Pooled): Promise<void> {
    cancelIdle();
    link.send({ kind: 'close' });
    let cancel = () => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(CLOSE_TIMEOUT_MS, resolve);
    });
    await Promise.race([link.exited, timeout]);
    cancel();
    if (!link.hasExited) link.terminate();
  }
}

function toApiError({ code, message }: { code: string; message: string }): ApiError {
  return new ApiError(Object.hasOwn(ERROR_TABLE, code) ? (code as ErrorCode) : 'INTERNAL', message);
}
