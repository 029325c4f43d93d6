import type { Clock } from '../../../server/base/clock.ts';
import { invalid, SoapFault } from './replies.ts';

export interface PtzPosition {
  /** -1..1, left to right. */
  pan: number;
  /** -1..1, down to up. */
  tilt: number;
  /** 0..1, wide to tele. */
  zoom: number;
}

export type PtzVector = Partial<PtzPosition>;

/** What it was told, and when (by its clock's `monotonicMs`). */
export interface PtzLogEntry {
  readonly atMs: number;
  readonly command:
    | { readonly do: 'continuous'; readonly velocity: PtzVector; readonly timeoutMs: number }
    | { readonly do: 'relative' | 'fov' | 'absolute'; readonly to: PtzVector }
    | { readonly do: 'stop'; readonly panTilt: boolean; readonly zoom: boolean }
    | { readonly do: 'preset'; readonly token: string }
    | { readonly do: 'home' };
}

export interface PtzTraits {
  /** Shares of the half range per second at full speed. */
  readonly speed: number;
  readonly zoomSpeed: number;
  /** Without a Timeout in the request. */
  readonly defaultTimeoutMs: number;
  /** Moves on for ever, whatever Timeout it was told, as some cameras do: only Stop helps. */
  readonly ignoresTimeout: boolean;
  readonly maxPresets: number;
}

export const USUAL_PTZ: PtzTraits = {
  speed: 0.5,
  zoomSpeed: 0.5,
  defaultTimeoutMs: 10_000,
  ignoresTimeout: false,
  maxPresets: 16,
};

type Axis = keyof PtzPosition;
const AXES: readonly Axis[] = ['pan', 'tilt', 'zoom'];
const LOWEST: PtzPosition = { pan: -1, tilt: -1, zoom: 0 };

/** One axis: from where and when it moves, how fast, and where (or when) it comes to rest. */
interface AxisMove {
  from: number;
  sinceMs: number;
  /** Per second; 0 rests. */
  velocity: number;
  untilMs: number;
}

/** Horizontal angle of view as a share of the half range at zoom 0, i.e. 60 degrees of 360; 20 times less at full zoom. */
const WIDE_VIEW = 1 / 3;
const ZOOM_FACTOR = 20;

/**
 * A head that moves as time goes by, without timers: where it is follows from its last command and the clock. Ranges end
 * at their limits.
 */
export class PtzHead {
  readonly log: PtzLogEntry[] = [];
  readonly presets = new Map<string, { name: string; position: PtzPosition }>();
  home: PtzPosition = { pan: 0, tilt: 0, zoom: 0 };
  readonly traits: PtzTraits;
  readonly #clock: Clock;
  readonly #axes: Record<Axis, AxisMove>;
  #lastPreset = 0;

  constructor(clock: Clock, traits: Partial<PtzTraits> = {}) {
    this.#clock = clock;
    this.traits = { ...USUAL_PTZ, ...traits };
    const rest = (): AxisMove => ({ from: 0, sinceMs: clock.monotonicMs(), velocity: 0, untilMs: 0 });
    this.#axes = { pan: rest(), tilt: rest(), zoom: rest() };
  }

  get position(): PtzPosition {
    return { pan: this.#at('pan'), tilt: this.#at('tilt'), zoom: this.#at('zoom') };
  }

  get isMoving(): boolean {
    return this.isPanTiltMoving || this.isZooming;
  }

  get isPanTiltMoving(): boolean {
    return this.#isMoving('pan') || this.#isMoving('tilt');
  }

  get isZooming(): boolean {
    return this.#isMoving('zoom');
  }

  /** The newest command, of the kind if one is given. */
  last<D extends PtzLogEntry['command']['do']>(
    kind?: D,
  ): Extract<PtzLogEntry['command'], { readonly do: D }> | undefined {
    return this.log.findLast(({ command }) => kind === undefined || command.do === kind)?.command as
      | Extract<PtzLogEntry['command'], { readonly do: D }>
      | undefined;
  }

  /** Axes without a velocity go on as they were; 0 stops them. */
  continuous(velocity: PtzVector, timeoutMs = this.traits.defaultTimeoutMs): void {
    this.#note({ do: 'continuous', velocity, timeoutMs });
    for (const axis of AXES) {
      const wanted = velocity[axis];
      if (wanted === undefined) continue;
      if (Math.abs(wanted) > 1) throw invalid('InvalidVelocity', 'The velocity is out of bounds.');
      this.#begin(axis, wanted * this.#speed(axis), this.traits.ignoresTimeout ? Infinity : timeoutMs);
    }
  }

  relative(by: PtzVector): void {
    this.#note({ do: 'relative', to: by });
    const now = this.position;
    this.#go(
      Object.fromEntries(
        AXES.flatMap((axis) => (by[axis] === undefined ? [] : [[axis, now[axis] + by[axis]]])),
      ),
    );
  }

  /** By halves of the picture, as ONVIF's TranslationSpaceFov has it: 1 brings its edge to its middle. */
  relativeToView(by: PtzVector): void {
    this.#note({ do: 'fov', to: by });
    const now = this.position;
    const half = WIDE_VIEW / 2 / (1 + now.zoom * (ZOOM_FACTOR - 1));
    this.#go({
      ...(by.pan === undefined ? {} : { pan: now.pan + by.pan * half }),
      ...(by.tilt === undefined ? {} : { tilt: now.tilt + by.tilt * half }),
      ...(by.zoom === undefined ? {} : { zoom: now.zoom + by.zoom }),
    });
  }

  absolute(to: PtzVector): void {
    for (const axis of AXES) {
      const wanted = to[axis];
      if (wanted !== undefined && (wanted < LOWEST[axis] || wanted > 1)) {
        throw invalid('InvalidPosition', 'The requested position is out of bounds.');
      }
    }
    this.#note({ do: 'absolute', to });
    this.#go(to);
  }

  stop(which: { panTilt: boolean; zoom: boolean }): void {
    this.#note({ do: 'stop', ...which });
    for (const axis of AXES) {
      if (axis === 'zoom' ? which.zoom : which.panTilt) this.#begin(axis, 0, 0);
    }
  }

  goHome(): void {
    this.#note({ do: 'home' });
    this.#go(this.home);
  }

  goTo(token: string): void {
    const preset = this.presets.get(token);
    if (preset === undefined) throw invalid('NoToken', 'The requested preset token does not exist.');
    this.#note({ do: 'preset', token });
    this.#go(preset.position);
  }

  /** @returns Its token. */
  setPreset(name: string, token?: string): string {
    const known = token === undefined ? undefined : this.presets.get(token);
    if (token !== undefined && known === undefined) {
      throw invalid('NoToken', 'The requested preset token does not exist.');
    }
    if (known === undefined && this.presets.size >= this.traits.maxPresets) {
      throw new SoapFault(
        'Receiver',
        ['ter:Action', 'ter:TooManyPresets'],
        'Maximum number of presets reached.',
      );
    }
    const used = token ?? this.#nextToken();
    this.presets.set(used, { name, position: this.position });
    return used;
  }

  removePreset(token: string): void {
    if (!this.presets.delete(token)) {
      throw invalid('NoToken', 'The requested preset token does not exist.');
    }
  }

  #nextToken(): string {
    do this.#lastPreset += 1;
    while (this.presets.has(String(this.#lastPreset)));
    return String(this.#lastPreset);
  }

  #go(to: PtzVector): void {
    for (const axis of AXES) {
      const wanted = to[axis];
      if (wanted === undefined) continue;
      const way = Math.min(1, Math.max(LOWEST[axis], wanted)) - this.#at(axis);
      const speed = this.#speed(axis);
      this.#begin(axis, Math.sign(way) * speed, (Math.abs(way) / speed) * 1_000);
    }
  }

  #begin(axis: Axis, velocity: number, forMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#axes[axis] = { from: this.#at(axis), sinceMs: nowMs, velocity, untilMs: nowMs + forMs };
  }

  #speed(axis: Axis): number {
    return axis === 'zoom' ? this.traits.zoomSpeed : this.traits.speed;
  }

  #at(axis: Axis): number {
    const { from, sinceMs, velocity, untilMs } = this.#axes[axis];
    const forMs = Math.max(0, Math.min(this.#clock.monotonicMs(), untilMs) - sinceMs);
    const at = from + (velocity * forMs) / 1_000;
    // Tidy, for 0.1 + 0.2 is no place to be.
    return Math.round(Math.min(1, Math.max(LOWEST[axis], at)) * 1e6) / 1e6;
  }

  #isMoving(axis: Axis): boolean {
    const { velocity, untilMs } = this.#axes[axis];
    if (velocity === 0 || this.#clock.monotonicMs() >= untilMs) return false;
    const at = this.#at(axis);
    return velocity > 0 ? at < 1 : at > LOWEST[axis];
  }

  #note(command: PtzLogEntry['command']): void {
    this.log.push({ atMs: this.#clock.monotonicMs(), command });
  }
}
