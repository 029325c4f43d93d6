import { PTZ_DEAD_MAN_MS, type PtzCommand } from '../../../../../shared/onvif.ts';

/** A direction with its speed, -1..1 each: left to right, down to up, out to in. */
export interface Vector {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

/** Well before the gateway would stop the camera, also where one of them is late. */
export const RENEW_MS = PTZ_DEAD_MAN_MS / 3;
/** A finger that trembles is not asked for again each time. */
const SAME = 0.05;

type Timers = Pick<typeof globalThis, 'setInterval' | 'clearInterval'>;

/**
 * A button or stick that is held: the camera moves for as long, because the move is asked for again and again, and stops
 * when it is let go. Should this page die, the gateway stops the camera by itself.
 */
export class PtzHold {
  readonly #send: (command: PtzCommand) => void;
  readonly #timers: Timers;
  #vector: Vector | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(send: (command: PtzCommand) => void, timers: Timers = globalThis) {
    this.#send = send;
    this.#timers = timers;
  }

  get isHeld(): boolean {
    return this.#vector !== undefined;
  }

  /** Moves that way, or turns to it. */
  hold(vector: Vector): void {
    const before = this.#vector;
    if (vector.pan === 0 && vector.tilt === 0 && vector.zoom === 0) {
      this.release();
      return;
    }
    if (before !== undefined && isSame(before, vector)) return;
    this.#vector = vector;
    this.#send(moveOf(vector));
    if (this.#timer !== undefined) this.#timers.clearInterval(this.#timer);
    this.#timer = this.#timers.setInterval(() => {
      if (this.#vector !== undefined) this.#send(moveOf(this.#vector));
    }, RENEW_MS);
  }

  /** Idempotent. */
  release(): void {
    if (this.#vector === undefined) return;
    this.#vector = undefined;
    if (this.#timer !== undefined) this.#timers.clearInterval(this.#timer);
    this.#timer = undefined;
    this.#send({ action: 'stop' });
  }
}

/** Axes that stand still are left out: cameras without them refuse a move that names them. */
function moveOf({ pan, tilt, zoom }: Vector): PtzCommand {
  return {
    action: 'move',
    ...(pan === 0 && tilt === 0 ? {} : { pan, tilt }),
    ...(zoom === 0 ? {} : { zoom }),
  };
}

function isSame(a: Vector, b: Vector): boolean {
  return (['pan', 'tilt', 'zoom'] as const).every(
    (axis) => Math.abs(a[axis] - b[axis]) < SAME && (a[axis] === 0) === (b[axis] === 0),
  );
}

/** Where a stick of that radius stands, from its middle, right and down positive: as a direction. Near the middle it rests. */
export function stickVector(right: number, down: number, radius: number): Vector {
  const distance = Math.hypot(right, down) / radius;
  if (distance < 0.15) return { pan: 0, tilt: 0, zoom: 0 };
  // Fine near the middle, and full before the rim.
  const speed = Math.min(1, ((distance - 0.1) / 0.75) ** 1.5 + 0.08);
  const length = Math.hypot(right, down);
  const axis = (part: number): number => {
    const value = (part / length) * speed;
    // Straight is meant straight.
    return Math.abs(part / length) < 0.2 ? 0 : Math.round(value * 100) / 100;
  };
  return { pan: axis(right), tilt: axis(-down) || 0, zoom: 0 };
}

/** Where in a picture a click is, 0..1 from left and top, when it is shown as large as fits; undefined beside it. */
export function placeInPicture(
  click: { readonly x: number; readonly y: number },
  box: { readonly width: number; readonly height: number },
  picture: { readonly width: number; readonly height: number },
): { readonly x: number; readonly y: number } | undefined {
  if (picture.width <= 0 || picture.height <= 0 || box.width <= 0 || box.height <= 0) return undefined;
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const x = (click.x - (box.width - picture.width * scale) / 2) / (picture.width * scale);
  const y = (click.y - (box.height - picture.height * scale) / 2) / (picture.height * scale);
  return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { x, y } : undefined;
}
