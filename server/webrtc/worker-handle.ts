import type { types } from 'mediasoup';
import { Listeners } from '../base/emitter.ts';
import { RouterSet } from './router-set.ts';

/** One living mediasoup worker; its replacement after a death is another handle. */
export class WorkerHandle {
  readonly index: number;
  readonly pid: number;
  readonly webRtcServer: types.WebRtcServer;
  readonly routers: RouterSet;
  readonly #worker: types.Worker;
  readonly #died = new Listeners<void>();
  #load = 0;
  #consumers = 0;
  #isAlive = true;

  constructor(options: {
    index: number;
    worker: types.Worker;
    webRtcServer: types.WebRtcServer;
    defaultRouter: types.Router;
  }) {
    this.index = options.index;
    this.pid = options.worker.pid;
    this.webRtcServer = options.webRtcServer;
    this.#worker = options.worker;
    this.routers = new RouterSet(this, options.worker, options.defaultRouter);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Streams that pass through the worker in either direction, viewers' ones among them. */
  get load(): number {
    return this.#load;
  }

  get consumers(): number {
    return this.#consumers;
  }

  /** Counts something that passes through this worker, till the returned undo is called. */
  addLoad(kind: 'consumer' | 'feed' | 'pipe'): () => void {
    const isConsumer = kind === 'consumer' ? 1 : 0;
    this.#load += 1;
    this.#consumers += isConsumer;
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      this.#load -= 1;
      this.#consumers -= isConsumer;
    };
  }

  /** The worker ended, by itself or because the pool closes it; nothing on it exists any more. */
  onDied(listener: () => void): () => void {
    return this.#died.add(listener);
  }

  resourceUsage(): Promise<types.WorkerResourceUsage> {
    return this.#worker.getResourceUsage();
  }

  /** For the pool alone. */
  markDied(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#died.emit();
    this.#died.clear();
  }
}
