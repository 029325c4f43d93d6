import type { CameraEvent } from '../../shared/events.ts';
import { type StreamId, streamId } from '../../shared/names.ts';
import type { EventData, MethodResult, Params } from '../../shared/signaling.ts';
import type { CameraDesk } from './ports.ts';

/** What goes on at each camera is some few; of cameras that make it up there could be more than a session is sent at once. */
const MAX_ACTIVE_TOLD = 500;

/** What one session asks of cameras besides their media: to move them, and to hear of their events. */
export class CameraSession {
  readonly #id: string;
  readonly #desk: CameraDesk;
  readonly #onEvent: (data: EventData<'camera.event'>) => void;
  #unsubscribe: (() => void) | undefined;
  #hasSteered = false;

  constructor(options: {
    /** Of the session; nobody else may know it. */
    readonly id: string;
    readonly desk: CameraDesk;
    onEvent(data: EventData<'camera.event'>): void;
  }) {
    this.#id = options.id;
    this.#desk = options.desk;
    this.#onEvent = (data) => options.onEvent(data);
  }

  async ptz({ stream, command }: Params<'ptz.command'>): Promise<void> {
    this.#hasSteered = true;
    await this.#desk.ptz(this.#id, stream, command);
  }

  subscribe({ streams }: Params<'events.subscribe'>): MethodResult<'events.subscribe'> {
    this.unsubscribe();
    const wanted = streams === undefined ? undefined : new Set(streams);
    this.#unsubscribe = this.#desk.onEvent(({ event, removed }) => {
      if (wanted === undefined || wanted.has(idOf(event))) {
        this.#onEvent(removed ? { ...event, removed: true } : event);
      }
    });
    return { active: this.#desk.activeEvents(wanted).slice(-MAX_ACTIVE_TOLD) };
  }

  unsubscribe(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** The session ends, and what it moves with it. Idempotent. */
  close(): void {
    this.unsubscribe();
    if (this.#hasSteered) this.#desk.releasePtz(this.#id);
    this.#hasSteered = false;
  }
}

const idOf = ({ app, name }: CameraEvent): StreamId => streamId(app, name);
