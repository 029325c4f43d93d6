import type { CameraEvent } from '../../../shared/events.ts';
import { type StreamId, streamId } from '../../../shared/names.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { RecordingArchive } from '../store/recording-archive.ts';

const MAX_WAITING = 2_000;
const MAX_AT_ONCE = 200;
const AGAIN_MS = 5_000;

export interface EventQueueOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly archive: Pick<RecordingArchive, 'command' | 'rootOf'>;
}

/**
 * Events on their way to the disk, which nobody waits for: a disk that is away gets them when it is back, as far as they
 * have room here.
 */
export class EventQueue {
  readonly #options: EventQueueOptions;
  /** By folder, then by id: a later state of an event takes the place of the one before. */
  readonly #waiting = new Map<string, Map<string, CameraEvent>>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #retries = new Map<string, () => void>();
  #lost = 0;
  #isClosed = false;

  constructor(options: EventQueueOptions) {
    this.#options = options;
  }

  /** How many had no room. */
  get lost(): number {
    return this.#lost;
  }

  add(event: CameraEvent): void {
    const root = this.#options.archive.rootOf(idOf(event));
    let waiting = this.#waiting.get(root);
    if (waiting === undefined) {
      waiting = new Map();
      this.#waiting.set(root, waiting);
    }
    waiting.set(event.id, event);
    if (waiting.size > MAX_WAITING) {
      const [oldest] = waiting.keys();
      if (oldest !== undefined) waiting.delete(oldest);
      this.#lost += 1;
    }
    if (!this.#retries.has(root)) this.#start(root);
  }

  /** Those that are not written yet, of a stream or of all. */
  waiting(stream?: StreamId): CameraEvent[] {
    const all = [...this.#waiting.values()].flatMap((events) => [...events.values()]);
    return stream === undefined ? all : all.filter((event) => idOf(event) === stream);
  }

  forget(id: string): void {
    for (const events of this.#waiting.values()) events.delete(id);
  }

  /** Resolves when all that can be written now is written. */
  async flush(): Promise<void> {
    for (const root of this.#waiting.keys()) this.#start(root);
    await Promise.all(this.#running.values());
  }

  /** What could not be written by now is given up. */
  async close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
  }

  #start(root: string): void {
    if (this.#isClosed || this.#running.has(root)) return;
    const running = this.#write(root).finally(() => this.#running.delete(root));
    this.#running.set(root, running);
  }

  async #write(root: string): Promise<void> {
    const { archive, clock, log } = this.#options;
    this.#retries.get(root)?.();
    this.#retries.delete(root);
    // What else happens in this turn goes along.
    await Promise.resolve();
    for (;;) {
      const events = [...(this.#waiting.get(root)?.values() ?? [])].slice(0, MAX_AT_ONCE);
      const [first] = events;
      if (first === undefined) return;
      try {
        await archive.command(idOf(first), 'keepEvents', { events });
      } catch (failure) {
        log.debug({ err: failure }, 'events wait for the disk');
        if (!this.#isClosed)
          this.#retries.set(
            root,
            clock.after(AGAIN_MS, () => this.#start(root)),
          );
        return;
      }
      const waiting = this.#waiting.get(root);
      // One that has changed meanwhile is written once more.
      for (const event of events) if (waiting?.get(event.id) === event) waiting.delete(event.id);
    }
  }
}

const idOf = ({ app, name }: CameraEvent): StreamId => streamId(app, name);
