import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import { PTZ_DEAD_MAN_MS, type PtzCommand } from '../../../shared/onvif.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';

/** Who moves a camera holds it for so long after the last thing that was asked for. */
export const LEASE_MS = 3_000;
/** How often a camera that did not take a stop is told again, and after how long. */
const STOP_TRIES = 4;
const STOP_AGAIN_MS = 300;

/** What steers one camera; rejects with `ApiError`. */
export interface PtzCamera {
  do(command: PtzCommand): Promise<void>;
}

export interface PtzDeskOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** STREAM_NOT_FOUND, ONVIF_UNSUPPORTED. Streams of one camera have the same one. */
  camera(stream: StreamId): PtzCamera;
}

interface Waiting {
  readonly command: PtzCommand;
  readonly done: Array<{ resolve(): void; reject(failure: unknown): void }>;
}

/** One camera that is being steered. */
interface Steered {
  readonly camera: PtzCamera;
  holder: string;
  leaseUntilMs: number;
  /** A continuous move was begun, and no stop has got through since. */
  isMoving: boolean;
  cancelDeadMan: () => void;
  cancelForget: () => void;
  /** A command is on its way to the camera. */
  isBusy: boolean;
  /** The newest command; those that it overtook were never sent. */
  waiting: Waiting | undefined;
}

/**
 * Passes on what people want cameras to do, so that no camera runs away and no two people fight over one.
 *
 * 1. A `move` ends `PTZ_DEAD_MAN_MS` after it was last asked for, and with the session of who asked (`release`): a lost
 *    connection stops the camera.
 * 2. Who moves a camera holds it till `LEASE_MS` after the last command; others get PTZ_BUSY meanwhile.
 * 3. A camera gets one command at a time. Those that come faster than it answers overtake each other: the newest counts.
 */
export class PtzDesk {
  readonly #options: PtzDeskOptions;
  readonly #steered = new Map<PtzCamera, Steered>();
  readonly #counts = { commands: 0, deadManStops: 0, refused: 0 };
  #isClosed = false;

  constructor(options: PtzDeskOptions) {
    this.#options = options;
  }

  /** Since the start. */
  get counts(): { readonly commands: number; readonly deadManStops: number; readonly refused: number } {
    return this.#counts;
  }

  /** Cameras that move now. */
  get moving(): number {
    return [...this.#steered.values()].filter(({ isMoving }) => isMoving).length;
  }

  /**
   * Resolves when the camera has taken it, or something newer of the same operator. `operator`: who asks, such as a session;
   * it is shown to nobody. STREAM_NOT_FOUND, ONVIF_UNSUPPORTED, PTZ_BUSY, and what the camera answers.
   */
  do(operator: string, stream: StreamId, command: PtzCommand): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ApiError('SHUTTING_DOWN', 'The gateway is shutting down.'));
    let steered: Steered;
    try {
      steered = this.#hold(operator, this.#options.camera(stream));
    } catch (failure) {
      return Promise.reject(failure);
    }
    this.#counts.commands += 1;
    this.#mind(steered, command);
    return this.#send(steered, command);
  }

  /** Who asked is gone: what still moves for it stops, and others may take over. */
  release(operator: string): void {
    for (const steered of this.#steered.values()) {
      if (steered.holder !== operator) continue;
      steered.leaseUntilMs = 0;
      if (steered.isMoving) this.#stop(steered);
    }
  }

  /** Stops what moves; resolves when the cameras have been told. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const moving = [...this.#steered.values()].filter(({ isMoving }) => isMoving);
    for (const steered of this.#steered.values()) {
      steered.cancelDeadMan();
      steered.cancelForget();
    }
    await Promise.all(moving.map((steered) => this.#send(steered, { action: 'stop' }).catch(() => {})));
    this.#steered.clear();
  }

  /** PTZ_BUSY where somebody else has the camera. */
  #hold(operator: string, camera: PtzCamera): Steered {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const known = this.#steered.get(camera);
    if (known !== undefined && known.holder !== operator && nowMs < known.leaseUntilMs) {
      this.#counts.refused += 1;
      const retryInMs = Math.ceil(known.leaseUntilMs - nowMs);
      throw new ApiError(
        'PTZ_BUSY',
        `Somebody else moves this camera just now. Try again in ${Math.ceil(retryInMs / 1000)} s.`,
        { retryInMs },
      );
    }
    const steered: Steered = known ?? {
      ...{ camera, holder: operator, leaseUntilMs: 0, isMoving: false, isBusy: false, waiting: undefined },
      cancelDeadMan: () => {},
      cancelForget: () => {},
    };
    this.#steered.set(camera, steered);
    steered.holder = operator;
    steered.leaseUntilMs = nowMs + LEASE_MS;
    this.#forgetLater(steered);
    return steered;
  }

  #forgetLater(steered: Steered): void {
    steered.cancelForget();
    steered.cancelForget = this.#options.clock.after(LEASE_MS, () => {
      if (steered.isMoving || steered.isBusy) this.#forgetLater(steered);
      else this.#steered.delete(steered.camera);
    });
  }

  /** A move needs to be asked for again and again; anything else ends it. */
  #mind(steered: Steered, { action }: PtzCommand): void {
    steered.cancelDeadMan();
    steered.cancelDeadMan = () => {};
    if (action !== 'move') return;
    steered.isMoving = true;
    steered.cancelDeadMan = this.#options.clock.after(PTZ_DEAD_MAN_MS, () => {
      this.#counts.deadManStops += 1;
      this.#stop(steered);
    });
  }

  #stop(steered: Steered, tries = STOP_TRIES): void {
    const { clock, log } = this.#options;
    steered.cancelDeadMan();
    steered.cancelDeadMan = () => {};
    this.#send(steered, { action: 'stop' }).catch((failure: unknown) => {
      // Something newer is on its way, or the camera stands by now.
      if (!steered.isMoving || this.#isClosed) return;
      if (tries > 1) {
        steered.cancelDeadMan = clock.after(STOP_AGAIN_MS, () => this.#stop(steered, tries - 1));
        return;
      }
      steered.isMoving = false;
      log.warn({ err: failure }, 'a camera may still be moving: it does not take the stop');
    });
  }

  #send(steered: Steered, command: PtzCommand): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = [...(steered.waiting?.done ?? []), { resolve, reject }];
      steered.waiting = { command, done };
      if (!steered.isBusy) void this.#work(steered);
    });
  }

  async #work(steered: Steered): Promise<void> {
    steered.isBusy = true;
    for (let next = steered.waiting; next !== undefined; next = steered.waiting) {
      steered.waiting = undefined;
      try {
        await steered.camera.do(next.command);
        // A newer move may have been asked for while the camera took this.
        if (next.command.action !== 'move' && !isMove(steered.waiting)) steered.isMoving = false;
        for (const { resolve } of next.done) resolve();
      } catch (failure) {
        for (const { reject } of next.done) reject(failure);
      }
    }
    steered.isBusy = false;
  }
}

const isMove = (waiting: Waiting | undefined) => waiting?.command.action === 'move';
