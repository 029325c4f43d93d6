import type { EventKind } from '../../../shared/events.ts';
import type { Notification } from './notification.ts';
import { type Item, isPlainMotion, kindOfTopic, labelOf, stateOf } from './topics.ts';

/** What happened in front of a camera, or at its inputs. */
export interface OnvifEvent {
  /** The same at the start and the end of one thing, and of the next of its kind. */
  readonly key: string;
  readonly kind: EventKind;
  /** As the device wrote it. */
  readonly topic: string;
  readonly label: string | undefined;
  /** `moment`: it has no length. */
  readonly state: 'start' | 'end' | 'moment';
  /** Unix milliseconds of the gateway's clock. */
  readonly atMs: number;
  /** It was on already when we began to ask: when it began is not known. */
  readonly isInitial: boolean;
}

/** Names by which messages say which lens they are about. */
const LENS_ITEMS = new Set(['videosourceconfigurationtoken', 'videosource', 'videosourcetoken', 'source']);

/** Tokens by which messages name lenses: those of our profile, and those of the device's other lenses. */
export interface LensTokens {
  readonly own: ReadonlySet<string>;
  readonly others: ReadonlySet<string>;
}

interface Active {
  readonly event: Omit<OnvifEvent, 'state' | 'atMs' | 'isInitial'>;
  /** Of plain motion: the detectors that see it. */
  readonly seenBy: Set<string>;
  isConfirmed: boolean;
  /** It went on through a whole `doubtSilent` without being told again. */
  isSilent: boolean;
}

/** What does not go on for hours of its own; a door may stand open. */
const PASSING: ReadonlySet<EventKind> = new Set(['motion', 'line', 'sound']);

/** A device names some inputs and rules; what sends a new name with each message would fill memory. */
const MAX_ACTIVE = 256;

/**
 * Makes starts and ends of what devices tell: states that they repeat, tell anew to each subscriber, take away, or forget to end when they
 * restart.
 */
export class EventStates {
  readonly #active = new Map<string, Active>();

  get activeCount(): number {
    return this.#active.size;
  }

  /** What a message means; most mean nothing new. */
  take(notification: Notification, atMs: number, lens?: LensTokens): OnvifEvent[] {
    const { topic, operation, source, data } = notification;
    const kind = kindOfTopic(topic);
    if (kind === undefined || isOfOtherLens(source, lens)) return [];
    const state = operation === 'deleted' ? false : stateOf(data);
    const detector = keyOf(topic, source);
    const key = isPlainMotion(topic) ? 'motion' : detector;
    const event = { key, kind, topic, label: labelOf(topic, source) };
    if (state === undefined) {
      // A number or a name that changed is of interest only where something passes by. Told to a new subscriber it is old.
      const passes = kind !== 'other' && operation !== 'initialized';
      return passes ? [{ ...event, state: 'moment', atMs, isInitial: false }] : [];
    }
    return state
      ? this.#on(event, detector, atMs, operation === 'initialized')
      : this.#off(key, detector, atMs);
  }

  /** A new subscription begins: what is on has to be told again. */
  doubt(): void {
    for (const active of this.#active.values()) active.isConfirmed = false;
  }

  /** To be called now and then: what was not told since the last call has to be told again. Gives whether there is any. */
  doubtSilent(): boolean {
    let isAny = false;
    for (const active of this.#active.values()) {
      if (active.isSilent && PASSING.has(active.event.kind)) {
        active.isConfirmed = false;
        isAny = true;
      }
      active.isSilent = true;
    }
    return isAny;
  }

  /** Ends what was not told again. */
  endDoubtful(atMs: number): OnvifEvent[] {
    return [...this.#active].flatMap(([key, { isConfirmed }]) => (isConfirmed ? [] : this.#end(key, atMs)));
  }

  endAll(atMs: number): OnvifEvent[] {
    return [...this.#active.keys()].flatMap((key) => this.#end(key, atMs));
  }

  #on(event: Active['event'], detector: string, atMs: number, isInitial: boolean): OnvifEvent[] {
    const known = this.#active.get(event.key);
    if (known !== undefined) {
      if (known.seenBy.size < MAX_ACTIVE) known.seenBy.add(detector);
      known.isConfirmed = true;
      known.isSilent = false;
      return [];
    }
    if (this.#active.size >= MAX_ACTIVE) return [];
    this.#active.set(event.key, { event, seenBy: new Set([detector]), isConfirmed: true, isSilent: false });
    return [{ ...event, state: 'start', atMs, isInitial }];
  }

  #off(key: string, detector: string, atMs: number): OnvifEvent[] {
    const known = this.#active.get(key);
    if (known === undefined) return [];
    known.seenBy.delete(detector);
    return known.seenBy.size > 0 ? [] : this.#end(key, atMs);
  }

  #end(key: string, atMs: number): OnvifEvent[] {
    const known = this.#active.get(key);
    if (known === undefined) return [];
    this.#active.delete(key);
    return [{ ...known.event, state: 'end', atMs, isInitial: false }];
  }
}

function keyOf(topic: string, source: readonly Item[]): string {
  const items = source.map(([name, value]) => `${name}=${value}`).sort();
  return [topic, ...items].join(' ');
}

function isOfOtherLens(source: readonly Item[], lens: LensTokens | undefined): boolean {
  if (lens === undefined) return false;
  return source.some(
    ([name, value]) => LENS_ITEMS.has(name.toLowerCase()) && lens.others.has(value) && !lens.own.has(value),
  );
}
