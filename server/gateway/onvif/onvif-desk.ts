import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { DeviceAccess, DeviceFacts, Preset, PtzCommand, PtzStatus } from '../../../shared/onvif.ts';
import { Turns } from '../../base/turns.ts';
import type { OnvifCameras } from './onvif-cameras.ts';
import { type CameraAccess, deviceError, type OpenedCamera } from './ports.ts';
import type { PtzDesk } from './ptz-desk.ts';

/** Devices that are asked what they are, at once. */
const MAX_INSPECTED = 8;
/** Cameras that are asked for a picture of up to 16 MB at once, and how many more may wait for that. */
const MAX_SNAPSHOTS = 16;
const MAX_WAITING_SNAPSHOTS = 128;
/** Changes of one camera's presets that wait for each other; people make one in a while. */
const MAX_CHANGES = 8;

export interface OnvifDeskOptions {
  readonly cameras: Pick<OnvifCameras, 'cameraOf'>;
  readonly ptz: Pick<PtzDesk, 'do'>;
  open(access: CameraAccess): OpenedCamera;
  /** Whether a device that is no stream yet may be on this machine. */
  readonly mayBeLocal: boolean;
}

/** What people ask of ONVIF devices. All reject with `ApiError`, in the device's words where that is to blame. */
export class OnvifDesk {
  readonly #options: OnvifDeskOptions;
  /** What cameras are being asked just now, and by that what comes of it. */
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #changes = new Map<StreamId, { count: number; last: Promise<unknown> }>();
  readonly #snapshots = new Turns({
    ...{ maxRunning: MAX_SNAPSHOTS, maxWaiting: MAX_WAITING_SNAPSHOTS },
    refuse: () =>
      new ApiError(
        'RATE_LIMITED',
        'Too many cameras are being asked for pictures just now; try again in a moment.',
      ),
  });
  #inspecting = 0;

  constructor(options: OnvifDeskOptions) {
    this.#options = options;
  }

  facts(stream: StreamId): Promise<DeviceFacts> {
    return this.#once(stream, 'facts', () => this.#camera(stream).facts());
  }

  ptzStatus(stream: StreamId): Promise<PtzStatus> {
    return this.#once(stream, 'status', () => this.#camera(stream).ptz.status());
  }

  ptz(operator: string, stream: StreamId, command: PtzCommand): Promise<void> {
    return this.#options.ptz.do(operator, stream, command);
  }

  /** RATE_LIMITED besides, as `removePreset`. */
  addPreset(stream: StreamId, name: string): Promise<Preset> {
    return this.#inTurn(stream, () => this.#camera(stream).ptz.setPreset(name));
  }

  removePreset(stream: StreamId, token: string): Promise<void> {
    return this.#inTurn(stream, () => this.#camera(stream).ptz.removePreset(token));
  }

  /** A JPEG as the camera itself makes it. RATE_LIMITED besides. */
  snapshot(stream: StreamId): Promise<{ readonly bytes: Buffer }> {
    return this.#once(stream, 'snapshot', () => this.#snapshots.run(() => this.#camera(stream).snapshot()));
  }

  /** What a device that is no stream yet says of itself. */
  async inspect({ url, username, password }: DeviceAccess): Promise<DeviceFacts> {
    if (this.#inspecting >= MAX_INSPECTED) {
      const message = `${MAX_INSPECTED} devices are being asked already; try again in a moment.`;
      throw new ApiError('TOO_MANY_PROBES', message);
    }
    this.#inspecting += 1;
    try {
      return await asked(() =>
        this.#inspect({ url, username, password, mayBeLocal: this.#options.mayBeLocal, isAsked: true }),
      );
    } finally {
      this.#inspecting -= 1;
    }
  }

  async #inspect(access: CameraAccess): Promise<DeviceFacts> {
    const { camera } = this.#options.open(access);
    try {
      return await camera.facts();
    } finally {
      camera.close();
    }
  }

  /** However many want to know it now, a camera is asked once: it has little time, and its pictures are large. */
  #once<T>(stream: StreamId, what: string, question: () => Promise<T>): Promise<T> {
    const key = `${stream} ${what}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running as Promise<T>;
    const asking = asked(question);
    this.#running.set(key, asking);
    const over = () => {
      if (this.#running.get(key) === asking) this.#running.delete(key);
    };
    asking.then(over, over);
    return asking;
  }

  async #inTurn<T>(stream: StreamId, change: () => Promise<T>): Promise<T> {
    const changes = this.#changes.get(stream) ?? { count: 0, last: Promise.resolve() };
    if (changes.count >= MAX_CHANGES) {
      const message = 'Presets of this camera are being changed already; try again in a moment.';
      throw new ApiError('RATE_LIMITED', message);
    }
    this.#changes.set(stream, changes);
    changes.count += 1;
    const turn = changes.last.then(() => asked(change));
    changes.last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      // Whoever asks from here on has to see it.
      this.#running.delete(`${stream} status`);
      changes.count -= 1;
      if (changes.count === 0) this.#changes.delete(stream);
    }
  }

  #camera(stream: StreamId) {
    return this.#options.cameras.cameraOf(stream);
  }
}

/** Runs a question to a device; what it fails with is for whoever asked. */
async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (failure) {
    throw deviceError(failure);
  }
}
