import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { DeviceAccess, DeviceFacts, Preset, PtzCommand, PtzStatus } from '../../../shared/onvif.ts';
import type { OnvifCameras } from './onvif-cameras.ts';
import { type CameraAccess, deviceError, type OpenedCamera } from './ports.ts';
import type { PtzDesk } from './ptz-desk.ts';

/** Devices that are asked what they are, at once. */
const MAX_INSPECTED = 8;

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
  #inspecting = 0;

  constructor(options: OnvifDeskOptions) {
    this.#options = options;
  }

  facts(stream: StreamId): Promise<DeviceFacts> {
    return asked(() => this.#camera(stream).facts());
  }

  ptzStatus(stream: StreamId): Promise<PtzStatus> {
    return asked(() => this.#camera(stream).ptz.status());
  }

  ptz(operator: string, stream: StreamId, command: PtzCommand): Promise<void> {
    return this.#options.ptz.do(operator, stream, command);
  }

  addPreset(stream: StreamId, name: string): Promise<Preset> {
    return asked(() => this.#camera(stream).ptz.setPreset(name));
  }

  removePreset(stream: StreamId, token: string): Promise<void> {
    return asked(() => this.#camera(stream).ptz.removePreset(token));
  }

  /** A JPEG as the camera itself makes it. */
  snapshot(stream: StreamId): Promise<{ readonly bytes: Buffer }> {
    return asked(() => this.#camera(stream).snapshot());
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
