import type { OnvifDevice } from '../device.ts';
import { EventStates, type LensTokens, type OnvifEvent } from './event-states.ts';
import type { Notification } from './notification.ts';

export type EventsState = 'subscribed' | 'waiting' | 'unsupported';

/** Somebody who is told what one lens of a device sees: that of `device`. */
export interface EventListener {
  readonly device: OnvifDevice;
  readonly onEvent: (event: OnvifEvent) => void;
  /** `waiting`: until the next try, after a failure whose message comes along. */
  readonly onStateChange?: (state: EventsState, message?: string) => void;
}

interface Hearer {
  readonly states: EventStates;
  /** Which messages are for it; undefined: all. */
  lens: LensTokens | undefined;
  /** It is known which messages are for it. */
  isReady: boolean;
  /** It has not heard yet what is on. */
  isNew: boolean;
}

/** All who listen to one device: a recorder has many cameras, and room for few subscriptions. */
export class Audience {
  readonly #hearers = new Map<EventListener, Hearer>();
  #told: { readonly state: EventsState; readonly message: string | undefined } | undefined;

  get first(): EventListener | undefined {
    return this.#hearers.keys().next().value;
  }

  get isWaiting(): boolean {
    return this.#told?.state === 'waiting';
  }

  add(listener: EventListener): void {
    const hearer = { states: new EventStates(), lens: undefined, isReady: false, isNew: true };
    this.#hearers.set(listener, hearer);
    if (this.#told === undefined) return;
    listener.onStateChange?.(this.#told.state, this.#told.message);
    // A pull may be under way for long; what it brings is for this one too.
    if (this.#told.state === 'subscribed') void learn(listener, hearer);
  }

  /** What is on ends for who leaves. */
  leave(listener: EventListener, atMs: number): void {
    const hearer = this.#hearers.get(listener);
    this.#hearers.delete(listener);
    for (const event of hearer?.states.endAll(atMs) ?? []) listener.onEvent(event);
  }

  /** A subscription begins, by which all hear what is on: asks which messages are for whom. */
  async learn(signal: AbortSignal): Promise<void> {
    const hearers = [...this.#hearers];
    for (const [, hearer] of hearers) hearer.isNew = false;
    await Promise.all(hearers.map(([listener, hearer]) => learn(listener, hearer, signal)));
  }

  /** Whether somebody has come since who has to hear what is on; told once. */
  async hasNew(signal: AbortSignal): Promise<boolean> {
    const fresh = [...this.#hearers].filter(([, { isNew }]) => isNew);
    for (const [, hearer] of fresh) hearer.isNew = false;
    const unready = fresh.filter(([, { isReady }]) => !isReady);
    await Promise.all(unready.map(([listener, hearer]) => learn(listener, hearer, signal)));
    return fresh.length > 0;
  }

  /** Asks again which messages are for those of whom it could not be learnt, who hear all. Whether it is known of more now, whose states are in doubt. */
  async learnMissing(signal: AbortSignal): Promise<boolean> {
    const missing = [...this.#hearers].filter(([, { isReady, lens }]) => isReady && lens === undefined);
    await Promise.all(missing.map(([listener, hearer]) => learn(listener, hearer, signal)));
    const learnt = missing.filter(([, { lens }]) => lens !== undefined);
    for (const [, { states }] of learnt) states.doubt();
    return learnt.length > 0;
  }

  tellState(state: EventsState, message?: string): void {
    this.#told = { state, message };
    for (const { onStateChange } of this.#hearers.keys()) onStateChange?.(state, message);
  }

  take(notification: Notification, atMs: number): void {
    for (const [{ onEvent }, { states, lens, isReady }] of this.#hearers) {
      if (isReady) for (const event of states.take(notification, atMs, lens)) onEvent(event);
    }
  }

  /** See `EventStates`; the same for the next two. */
  doubt(): void {
    for (const { states } of this.#hearers.values()) states.doubt();
  }

  doubtSilent(): boolean {
    return [...this.#hearers.values()].filter(({ states }) => states.doubtSilent()).length > 0;
  }

  endDoubtful(atMs: number): void {
    for (const [{ onEvent }, { states }] of this.#hearers)
      for (const event of states.endDoubtful(atMs)) onEvent(event);
  }
}

/** What was learnt before holds where the device does not answer just now. One whose lens was never known hears all. */
async function learn({ device }: EventListener, hearer: Hearer, signal?: AbortSignal): Promise<void> {
  const asking = device.with((connected) => device.lensTokens(connected, signal), signal);
  hearer.lens = await asking.catch(() => hearer.lens);
  hearer.isReady = true;
}
