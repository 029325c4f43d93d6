import { createWorker, type types } from 'mediasoup';
import { backoffDelayMs } from '../base/backoff.ts';
import { type Clock, withTimeout } from '../base/clock.ts';
import { Listeners } from '../base/emitter.ts';
import type { Logger } from '../base/log.ts';
import { shuttingDown, workerDied } from './failures.ts';
import { type ListenOptions, listenInfos } from './listen-infos.ts';
import { DEFAULT_PAYLOAD_TYPES, presentedCapabilities, routerCodecs } from './rtp-parameters.ts';
import { WorkerHandle } from './worker-handle.ts';
import { watchWorker } from './worker-watchdog.ts';

export interface WorkerPoolOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly workers: number;
  readonly listen: ListenOptions;
}

const RESTART = { minMs: 200, maxMs: 30_000 };
/** A worker that lived this long has earned a quick restart again. */
const STABLE_AFTER_MS = 60_000;
const WAIT_FOR_WORKER_MS = 5000;
/** One that is told to end and has not by then hangs. */
const CLOSE_TIMEOUT_MS = 2000;

type SlotState =
  | { readonly kind: 'running'; readonly handle: WorkerHandle; readonly worker: types.Worker }
  | { readonly kind: 'starting' }
  | { readonly kind: 'waiting'; readonly cancel: () => void };

export interface SlotUsage {
  readonly id: number;
  readonly state: 'running' | 'starting' | 'hanging';
  readonly restarts: number;
  readonly pid?: number;
  readonly handle?: WorkerHandle;
  readonly usage?: types.WorkerResourceUsage;
}

interface Slot {
  readonly index: number;
  state: SlotState;
  attempts: number;
  restarts: number;
}

/**
 * The mediasoup workers: worker n listens on `port + n`. One that dies is started anew after a back-off, and one that
 * hangs is killed first; the others do not notice.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: Slot[];
  readonly #started = new Listeners<WorkerHandle>();
  readonly #starts = new Set<Promise<void>>();
  #capabilities: types.RtpCapabilities = {};
  #isClosed = false;

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: Math.max(1, options.workers) }, (_, index) => ({
      index,
      state: { kind: 'starting' },
      attempts: 0,
      restarts: 0,
    }));
  }

  /** Starts every worker; rejects, with all of them closed, when one does not start. */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      await Promise.all(pool.#slots.map((slot) => pool.#launch(slot)));
    } catch (failure) {
      await pool.close();
      throw failure;
    }
    return pool;
  }

  /** What a default router takes; the same on every worker. */
  get routerRtpCapabilities(): types.RtpCapabilities {
    return this.#capabilities;
  }

  get workers(): WorkerHandle[] {
    return this.#slots.flatMap((slot) => (slot.state.kind === 'running' ? [slot.state.handle] : []));
  }

  /** Every place for a worker, with what the one there says of itself; `hanging` where it says nothing in time. */
  usage(timeoutMs: number): Promise<SlotUsage[]> {
    return Promise.all(
      this.#slots.map(async ({ index, state, restarts }): Promise<SlotUsage> => {
        if (state.kind !== 'running') return { id: index, state: 'starting', restarts };
        const { handle } = state;
        const known = { id: index, pid: handle.pid, handle, restarts };
        try {
          const usage = await withTimeout(
            this.#options.clock,
            timeoutMs,
            handle.resourceUsage(),
            () => new Error('the worker does not answer'),
          );
          return { ...known, state: 'running', usage };
        } catch {
          return { ...known, state: handle.isAlive ? 'hanging' : 'starting' };
        }
      }),
    );
  }

  /** The least loaded worker; waits a little for one to come back when all are gone. Throws `WORKER_DIED`. */
  async leastLoaded(): Promise<WorkerHandle> {
    const worker = this.#least();
    if (worker !== undefined) return worker;
    if (this.#isClosed) throw shuttingDown();
    let undo = () => {};
    try {
      const next = new Promise<WorkerHandle>((resolve) => {
        undo = this.#started.add(resolve);
      });
      return await withTimeout(this.#options.clock, WAIT_FOR_WORKER_MS, next, workerDied);
    } finally {
      undo();
    }
  }

  /**
   * The worker for one end of a stream whose other end is at `near`: that one, which costs no pipe, unless it
   * carries notably more than the least loaded.
   */
  async besides(near: WorkerHandle, slack: number): Promise<WorkerHandle> {
    const least = await this.leastLoaded();
    if (!near.isAlive) return least;
    return near.load <= least.load * 1.25 + slack ? near : least;
  }

  /** Ends every worker and waits for their processes to be gone. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#starts);
    await Promise.all(
      this.#slots.map(async (slot) => {
        if (slot.state.kind === 'waiting') slot.state.cancel();
        if (slot.state.kind !== 'running') return;
        const { worker, handle } = slot.state;
        slot.state = { kind: 'starting' };
        await closeWorker(this.#options.clock, worker);
        handle.markDied();
      }),
    );
    this.#started.clear();
  }

  #least(): WorkerHandle | undefined {
    let least: WorkerHandle | undefined;
    for (const worker of this.workers) {
      if (least === undefined || worker.load < least.load) least = worker;
    }
    return least;
  }

  #launch(slot: Slot): Promise<void> {
    const start = this.#launchOnce(slot);
    this.#starts.add(start);
    const done = () => {
      this.#starts.delete(start);
    };
    start.then(done, done);
    return start;
  }

  async #launchOnce(slot: Slot): Promise<void> {
    const { clock, log, listen } = this.#options;
    slot.state = { kind: 'starting' };
    const worker = await createWorker({ logLevel: 'warn' });
    const startedAtMs = clock.monotonicMs();
    try {
      const port = listen.port === 0 ? 0 : listen.port + slot.index;
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: listenInfos({ ...listen, port }),
      });
      const defaultRouter = await worker.createRouter({ mediaCodecs: routerCodecs(DEFAULT_PAYLOAD_TYPES) });
      if (this.#isClosed) throw shuttingDown();
      this.#capabilities = presentedCapabilities(defaultRouter.rtpCapabilities);
      const handle = new WorkerHandle({ index: slot.index, worker, webRtcServer, defaultRouter });
      slot.state = { kind: 'running', handle, worker };
      const unwatch = watchWorker(clock, {
        ask: () => worker.getResourceUsage(),
        onHung: () => {
          log.error({ worker: slot.index, pid: handle.pid }, 'a media worker hangs; killing it');
          killWorker(worker);
        },
      });
      worker.observer.once('close', unwatch);
      worker.on('died', (error) => {
        if (slot.state.kind !== 'running' || slot.state.worker !== worker) return;
        if (clock.monotonicMs() - startedAtMs > STABLE_AFTER_MS) slot.attempts = 0;
        const fields = { worker: slot.index, pid: handle.pid };
        // A terminal's Ctrl-C reaches the workers too, which then end in order, ahead of the gateway.
        if (error.message.includes('code:0')) log.info(fields, 'a media worker was told to end');
        else log.error({ ...fields, how: error.message }, 'a media worker died; starting another');
        this.#relaunchLater(slot);
        handle.markDied();
      });
      log.info({ worker: slot.index, pid: handle.pid, ...(port === 0 ? {} : { port }) }, 'media worker runs');
      this.#started.emit(handle);
    } catch (failure) {
      await closeWorker(clock, worker);
      throw failure;
    }
  }

  #relaunchLater(slot: Slot): void {
    if (this.#isClosed) {
      slot.state = { kind: 'starting' };
      return;
    }
    const delayMs = backoffDelayMs(RESTART, slot.attempts);
    slot.attempts += 1;
    slot.restarts += 1;
    const cancel = this.#options.clock.after(delayMs, () => {
      if (this.#isClosed) return;
      this.#launch(slot).catch((failure: unknown) => {
        this.#options.log.error({ worker: slot.index, err: failure }, 'a media worker does not start');
        this.#relaunchLater(slot);
      });
    });
    slot.state = { kind: 'waiting', cancel };
  }
}

function closeWorker(clock: Clock, worker: types.Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.subprocessClosed) {
      resolve();
      return;
    }
    const cancel = clock.after(CLOSE_TIMEOUT_MS, () => killWorker(worker));
    worker.once('subprocessclose', () => {
      cancel();
      resolve();
    });
    worker.close();
  });
}

/** Also where it is stopped, and takes no other signal. */
function killWorker(worker: types.Worker): void {
  if (worker.subprocessClosed) return;
  try {
    process.kill(worker.pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}
