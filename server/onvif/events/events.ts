import type { AddressResolver } from '../../base/address-policy.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { Audience, type EventListener } from './audience.ts';
import { EventLoop } from './event-loop.ts';

/** One device that is listened to. */
interface Room {
  readonly audience: Audience;
  /** By whose device it is asked just now, and that. */
  leading:
    | { readonly listener: EventListener; readonly stop: AbortController; readonly ended: Promise<void> }
    | undefined;
  running: Promise<void> | undefined;
}

/** Listens to devices: one subscription at each, however many listen to its lenses, for recorders have many cameras and room for few. */
export class OnvifEvents {
  readonly #parts: { readonly clock: Clock; readonly log: Logger };
  /** By what says where a device may be, and by the device. */
  readonly #rooms = new WeakMap<AddressResolver, Map<string, Room>>();

  constructor(parts: { readonly clock: Clock; readonly log: Logger }) {
    this.#parts = parts;
  }

  /** Listens until aborted, whatever fails. Then what is on ends, and the subscription is given back unless others need it. Never rejects. */
  async listen(listener: EventListener, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { identity, resolveAddress } = listener.device;
    const rooms = this.#rooms.get(resolveAddress) ?? new Map<string, Room>();
    this.#rooms.set(resolveAddress, rooms);
    const room = rooms.get(identity) ?? { audience: new Audience(), leading: undefined, running: undefined };
    rooms.set(identity, room);
    const { audience } = room;
    audience.add(listener);
    // Who comes wants to know now.
    if (audience.isWaiting) room.leading?.stop.abort();
    room.running ??= this.#run(room);
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    audience.leave(listener, this.#parts.clock.wallMs());
    const { leading } = room;
    if (leading?.listener === listener) {
      leading.stop.abort();
      await leading.ended;
    }
    if (audience.first === undefined && rooms.get(identity) === room) rooms.delete(identity);
  }

  /** By the device of whoever listens longest; when that one leaves, by another's. */
  async #run(room: Room): Promise<void> {
    for (let listener = room.audience.first; listener !== undefined; listener = room.audience.first) {
      const stop = new AbortController();
      const loop = new EventLoop({ ...this.#parts, device: listener.device, audience: room.audience });
      room.leading = { listener, stop, ended: loop.run(stop.signal) };
      await room.leading.ended;
    }
    room.leading = undefined;
    room.running = undefined;
  }
}
