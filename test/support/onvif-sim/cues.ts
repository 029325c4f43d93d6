import type { PullPoints } from './events.ts';
import type { SimFault } from './faults.ts';
import type { EventWording, Maker } from './maker.ts';
import type { ToldHosts } from './options.ts';

/** What has come over the device; cues change it. */
export interface SimMood {
  clockOffsetMs: number;
  readonly faults: ActiveFault[];
  told: ToldHosts;
  discovery:
    | { readonly xaddrs?: readonly string[]; readonly datagrams?: readonly (string | Buffer)[] | 'silent' }
    | undefined;
}

export interface ActiveFault {
  readonly fault: SimFault;
  /** The call's name, or all. */
  readonly on: string | RegExp | undefined;
  timesLeft: number;
  count: number;
}

export interface OnvifCueDeps {
  readonly mood: SimMood;
  readonly maker: Maker;
  readonly pullPoints: PullPoints;
  wallMs(): number;
}

/** What can be made to happen at a device while it runs. */
export class OnvifCues {
  readonly #deps: OnvifCueDeps;

  constructor(deps: OnvifCueDeps) {
    this.#deps = deps;
  }

  /** Something moves, or has come to rest, in the maker's words. */
  motion(isOn: boolean): void {
    this.#property(this.#deps.maker.motion, {}, isOn);
  }

  /** A contact at its back, closed or open. */
  input(isOn: boolean, token?: string): void {
    const wording = this.#deps.maker.input;
    const [name] = Object.keys(wording.source);
    this.#property(wording, token === undefined || name === undefined ? {} : { [name]: token }, isOn);
  }

  /** Any news. With `operation` it is a property, whose last state new subscriptions are told. */
  event(event: {
    readonly topic: string;
    readonly source?: Readonly<Record<string, string>>;
    readonly data?: Readonly<Record<string, string>>;
    readonly operation?: 'Initialized' | 'Changed' | 'Deleted';
  }): void {
    const { topic, source = {}, data = {}, operation } = event;
    this.#deps.pullPoints.publish({ topic, source, data, operation, wallMs: this.#deps.wallMs() });
  }

  /** Its clock is off by so much from now on: of a step by NTP, or by hand. */
  clockOffset(ms: number): void {
    this.#deps.mood.clockOffsetMs = ms;
  }

  /** Ends all subscriptions without a word, as some firmware does now and then. */
  loseSubscriptions(): void {
    this.#deps.pullPoints.forget();
  }

  /** Answers are spoilt: all of them, or those of one call (`PullMessages`; `snapshot` for its pictures). Returns its undo. */
  fault(fault: SimFault, options: { on?: string | RegExp; times?: number } = {}): () => void {
    const { faults } = this.#deps.mood;
    const active = { fault, on: options.on, timesLeft: options.times ?? Infinity, count: 0 };
    faults.push(active);
    return () => {
      const index = faults.indexOf(active);
      if (index >= 0) faults.splice(index, 1);
    };
  }

  /** Ends all faults. */
  calm(): void {
    this.#deps.mood.faults.length = 0;
    this.#deps.mood.discovery = undefined;
  }

  /** Hosts in the addresses that it gives from now on. Without any: its own again. */
  tell(hosts: ToldHosts = {}): void {
    this.#deps.mood.told = hosts;
  }

  /** What probes are answered with: other addresses, these datagrams, or nothing. Without any: the right answer again. */
  discovery(otherwise?: NonNullable<SimMood['discovery']>): void {
    this.#deps.mood.discovery = otherwise;
  }

  #property(wording: EventWording, source: Readonly<Record<string, string>>, isOn: boolean): void {
    this.event({
      topic: wording.topic,
      source: { ...wording.source, ...source },
      data: { [wording.item]: String(isOn) },
      operation: 'Changed',
    });
  }
}
