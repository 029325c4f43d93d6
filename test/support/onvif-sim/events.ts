import type { Clock } from '../../../server/base/clock.ts';
import { SoapFault } from './replies.ts';

/** One notification: a property's state, or something that just happened (ONVIF Core, section 9.4). */
export interface SimEvent {
  /** `tns1:VideoSource/MotionAlarm`. */
  readonly topic: string;
  readonly operation?: 'Initialized' | 'Changed' | 'Deleted' | undefined;
  readonly source: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  /** By the device's clock. */
  readonly wallMs: number;
}

export interface PullPoint {
  readonly id: number;
  /** Topic expression it asked for; undefined: everything. */
  readonly filter: string | undefined;
  readonly queue: SimEvent[];
  /** By its clock's `monotonicMs`. */
  readonly endsAtMs: number;
  readonly isBeingPulled: boolean;
  readonly pulls: number;
  readonly renewals: number;
}

interface Held {
  readonly limit: number;
  answer(messages: SimEvent[]): void;
  refuse(fault: SoapFault): void;
  readonly cancel: () => void;
}

interface State {
  readonly id: number;
  readonly filter: string | undefined;
  queue: SimEvent[];
  endsAtMs: number;
  pulls: number;
  renewals: number;
  held: Held | undefined;
}

export interface PullPointTraits {
  readonly maxPullPoints: number;
  /** What it grants at most, whatever is asked for. */
  readonly maxTerminationMs: number;
  /** Notifications that are kept for a client that does not ask; the oldest go. */
  readonly maxQueued: number;
  /** Answers at once, with nothing if there is nothing, whatever Timeout it was told. */
  readonly answersAtOnce: boolean;
}

export const USUAL_PULL_POINTS: PullPointTraits = {
  maxPullPoints: 10,
  maxTerminationMs: 600_000,
  maxQueued: 200,
  answersAtOnce: false,
};

/** Subscriptions that are asked for news (ONVIF Core, section 9.2), with their properties' last states. */
export class PullPoints {
  /** Of properties: by topic and source. */
  readonly properties = new Map<string, SimEvent>();
  readonly #points = new Map<number, State>();
  readonly #clock: Clock;
  readonly #traits: PullPointTraits;
  #lastId = 0;

  constructor(clock: Clock, traits: Partial<PullPointTraits> = {}) {
    this.#clock = clock;
    this.#traits = { ...USUAL_PULL_POINTS, ...traits };
  }

  /** Those that have not run out. */
  get list(): PullPoint[] {
    this.#sweep();
    return [...this.#points.values()].map(({ held, ...rest }) => ({
      ...rest,
      isBeingPulled: held !== undefined,
    }));
  }

  create(terminationMs: number, filter: string | undefined): number {
    this.#sweep();
    if (this.#points.size >= this.#traits.maxPullPoints) {
      throw new SoapFault(
        'Receiver',
        ['wsnt:SubscribeCreationFailedFault'],
        'The maximum number of pull points is reached.',
      );
    }
    this.#lastId += 1;
    const point: State = {
      id: this.#lastId,
      filter,
      queue: [],
      endsAtMs: this.#endOf(terminationMs),
      pulls: 0,
      renewals: 0,
      held: undefined,
    };
    this.#points.set(point.id, point);
    this.synchronise(point.id);
    return point.id;
  }

  /** Every property's state once more (SetSynchronizationPoint of the event service). */
  synchronise(id: number): void {
    for (const event of this.properties.values()) {
      this.#offer(this.#need(id), { ...event, operation: 'Initialized' });
    }
  }

  /** @returns When it ends now, by the clock's `monotonicMs`. */
  renew(id: number, terminationMs: number): number {
    const point = this.#need(id);
    point.renewals += 1;
    point.endsAtMs = this.#endOf(terminationMs);
    return point.endsAtMs;
  }

  /** It lasts at least so long from now. */
  keep(id: number, forMs: number): void {
    const point = this.#need(id);
    point.endsAtMs = Math.max(point.endsAtMs, this.#endOf(forMs));
  }

  endOf(id: number): number {
    return this.#need(id).endsAtMs;
  }

  /** Rejects when the point ends meanwhile. A second pull in the same time is refused, as real devices do it. */
  pull(id: number, timeoutMs: number, limit: number): Promise<SimEvent[]> {
    const point = this.#need(id);
    if (point.held !== undefined) {
      throw new SoapFault(
        'Receiver',
        ['ter:Action', 'ter:OperationProhibited'],
        'A pull is going on already.',
      );
    }
    point.pulls += 1;
    if (point.queue.length > 0 || this.#traits.answersAtOnce || timeoutMs <= 0) {
      return Promise.resolve(point.queue.splice(0, limit));
    }
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => this.#answer(point));
      point.held = { limit, answer: resolve, refuse: reject, cancel };
    });
  }

  /** Who pulled has gone away. */
  letGo(id: number): void {
    const point = this.#points.get(id);
    point?.held?.cancel();
    if (point !== undefined) point.held = undefined;
  }

  /** @throws SoapFault where there is none. */
  end(id: number): void {
    this.#close(this.#need(id));
  }

  /** Loses all of them, as a reboot does; who waits is refused. */
  forget(): void {
    for (const point of [...this.#points.values()]) this.#close(point);
  }

  /** News to all. With an operation it is a property and its state is kept. */
  publish(event: SimEvent): void {
    if (event.operation !== undefined) {
      this.properties.set(`${event.topic} ${JSON.stringify(event.source)}`, event);
    }
    this.#sweep();
    for (const point of this.#points.values()) this.#offer(point, event);
  }

  #offer(point: State, event: SimEvent): void {
    if (!isWanted(point.filter, event.topic)) return;
    point.queue.push(event);
    if (point.queue.length > this.#traits.maxQueued) point.queue.shift();
    if (point.held !== undefined) this.#answer(point);
  }

  #answer(point: State): void {
    const held = point.held;
    point.held = undefined;
    held?.cancel();
    held?.answer(point.queue.splice(0, held.limit));
  }

  #close(point: State): void {
    this.#points.delete(point.id);
    point.held?.cancel();
    point.held?.refuse(unknown());
  }

  #need(id: number): State {
    this.#sweep();
    const point = this.#points.get(id);
    if (point === undefined) throw unknown();
    return point;
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const point of [...this.#points.values()]) if (point.endsAtMs <= nowMs) this.#close(point);
  }

  #endOf(terminationMs: number): number {
    return this.#clock.monotonicMs() + Math.min(terminationMs, this.#traits.maxTerminationMs);
  }
}

function unknown(): SoapFault {
  return new SoapFault('Sender', ['wsrf-rw:ResourceUnknownFault'], 'The subscription is not known.', 400);
}

/** A ConcreteSet expression (ONVIF Core, section 9.6.3): alternatives by `|`, `//.` for all that is below. */
export function isWanted(filter: string | undefined, topic: string): boolean {
  if (filter === undefined || filter.trim() === '') return true;
  return filter.split('|').some((part) => {
    const wanted = part.trim();
    return wanted.endsWith('//.')
      ? topic === wanted.slice(0, -3) || topic.startsWith(`${wanted.slice(0, -3)}/`)
      : topic === wanted;
  });
}
