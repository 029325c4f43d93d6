import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ExportFiles } from './export-files.ts';
import type { StoredJob } from './exports-database.ts';

export interface JobSaverOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly files: Pick<ExportFiles, 'catalog'>;
}

const RETRY_MS = 5_000;

/** Writes jobs as they change, the newest state of each; what the disk does not take now is tried again. */
export class JobSaver {
  readonly #options: JobSaverOptions;
  readonly #unsaved = new Map<string, StoredJob>();
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(options: JobSaverOptions) {
    this.#options = options;
  }

  save(stored: StoredJob): void {
    this.#unsaved.set(stored.job.id, stored);
    void this.#write();
  }

  /** The job is removed: a state that waits to be written would bring it back. */
  forget(id: string): void {
    this.#unsaved.delete(id);
  }

  /** Writes what is left, once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    await this.#write();
  }

  async #write(): Promise<void> {
    const { files, log, clock } = this.#options;
    const stored = [...this.#unsaved.values()];
    this.#unsaved.clear();
    const writes = stored.map((one) => files.catalog.call('putJob', one));
    for (const [index, result] of (await Promise.allSettled(writes)).entries()) {
      const one = stored[index];
      if (result.status === 'fulfilled' || one === undefined) continue;
      // A newer state may be on its way already.
      if (!this.#unsaved.has(one.job.id)) this.#unsaved.set(one.job.id, one);
      if (this.#cancelRetry !== undefined || this.#isClosed) continue;
      log.warn({ err: result.reason }, 'the state of an export cannot be written yet');
      this.#cancelRetry = clock.after(RETRY_MS, () => {
        this.#cancelRetry = undefined;
        void this.#write();
      });
    }
  }
}
