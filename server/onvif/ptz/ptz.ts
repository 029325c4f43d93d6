import type { Preset, PtzCommand, PtzStatus } from '../../../shared/onvif.ts';
import { assertNever } from '../../../shared/result.ts';
import type { OnvifDevice } from '../device.ts';
import type { Connected } from '../device-connection.ts';
import { OnvifError } from '../errors.ts';
import { readPresets, readStatus } from '../read/ptz.ts';
import type { SafeCam } from '../soap/safe-cam.ts';
import { textAt } from '../xml/find.ts';
import { centreMove } from './centre.ts';
import { capabilities, type Motors, PTZ_TIMEOUT_MS, readMotors } from './motors.ts';
import { isRefusal, moveBy, moveOn } from './moves.ts';
import { PAN_TILT_SHARES, toMovement, toPlace, ZOOM_SHARES } from './spaces.ts';

type Vector = {
  readonly pan?: number | undefined;
  readonly tilt?: number | undefined;
  readonly zoom?: number | undefined;
};

/** Pan, tilt and zoom of a device, for the profile that its stream takes. */
export class OnvifPtz {
  readonly #device: OnvifDevice;
  #motors: { readonly of: Connected; readonly motors: Motors } | undefined;

  constructor(device: OnvifDevice) {
    this.#device = device;
  }

  /** What the camera can, where it looks, and its presets. What it does not tell is left out. */
  status(signal?: AbortSignal): Promise<PtzStatus> {
    return this.#with(async (connected, motors) => {
      const { cam } = connected;
      const profileToken = motors.profileToken;
      const options = { signal, timeoutMs: PTZ_TIMEOUT_MS };
      const can = capabilities(motors);
      const [status, presets] = await Promise.all([
        cam.ask('getStatus', { profileToken }, options).catch(unlessGone),
        can.presets ? cam.ask('getPresets', { profileToken }, options).catch(unlessGone) : undefined,
      ]);
      return {
        can,
        ...(status === undefined ? {} : readStatus(status, motors.spaces)),
        presets: presets === undefined ? [] : readPresets(presets),
      };
    }, signal);
  }

  /** Resolves when the camera has taken the command; it may still move then. */
  do(command: PtzCommand, signal?: AbortSignal): Promise<void> {
    return this.#with((connected, motors) => {
      switch (command.action) {
        case 'move':
          return this.#move(connected, motors, command, signal);
        case 'stop':
          return this.#stop(connected.cam, motors, signal);
        case 'relative':
          return this.#relative(connected, motors, command, signal);
        case 'absolute':
          return this.#absolute(connected, motors, command, signal);
        case 'centre':
          return this.#centre(connected, motors, command, signal);
        case 'preset':
          return this.#goto(connected, motors, command.token, signal);
        case 'home':
          return this.#home(connected, motors, signal);
        default:
          return assertNever(command);
      }
    }, signal);
  }

  presets(signal?: AbortSignal): Promise<Preset[]> {
    return this.#with(
      async ({ cam }, { profileToken }) =>
        readPresets(await cam.ask('getPresets', { profileToken }, { signal })),
      signal,
    );
  }

  /** Keeps where the camera looks; one of that name is set anew. */
  setPreset(name: string, signal?: AbortSignal): Promise<Preset> {
    return this.#with(async ({ cam }, { profileToken }) => {
      const before = readPresets(await cam.ask('getPresets', { profileToken }, { signal }));
      const known = before.find((preset) => preset.name === name);
      const reply = await cam.ask(
        'setPreset',
        { profileToken, presetName: name, ...(known === undefined ? {} : { presetToken: known.token }) },
        { signal },
      );
      return { token: textAt(reply, 'PresetToken') ?? known?.token ?? name, name };
    }, signal);
  }

  removePreset(token: string, signal?: AbortSignal): Promise<void> {
    return this.#with(async ({ cam }, { profileToken }) => {
      await cam.ask('removePreset', { profileToken, presetToken: token }, { signal }).catch(explainPreset);
    }, signal);
  }

  async #move({ cam }: Connected, motors: Motors, vector: Vector, signal?: AbortSignal): Promise<void> {
    const { continuousPanTilt, continuousZoom } = motors.spaces;
    const { pan = 0, tilt = 0, zoom = 0 } = vector;
    if ((pan !== 0 || tilt !== 0) && continuousPanTilt === undefined) throw this.#cannot('turn');
    if (zoom !== 0 && continuousZoom === undefined) throw this.#cannot('zoom');
    if (pan === 0 && tilt === 0 && zoom === 0) return this.#stop(cam, motors, signal);
    const panTilt = continuousPanTilt && {
      x: toMovement(pan, continuousPanTilt.x),
      y: toMovement(tilt, continuousPanTilt.y),
    };
    const zoomed = continuousZoom && { zoom: toMovement(zoom, continuousZoom.x) };
    await moveOn(cam, motors, panTilt, zoomed, signal);
  }

  async #stop(cam: SafeCam, { profileToken }: Motors, signal?: AbortSignal): Promise<void> {
    const options = { signal, timeoutMs: PTZ_TIMEOUT_MS };
    try {
      await cam.ask('stop', { profileToken, panTilt: 'true', zoom: 'true' }, options);
    } catch (failure) {
      // One without zoom may mind that it is told to stop it; without either, all is meant.
      if (!isRefusal(failure)) throw failure;
      await cam.ask('stop', { profileToken }, options);
    }
  }

  #relative({ cam }: Connected, motors: Motors, vector: Vector, signal?: AbortSignal): Promise<void> {
    const { relativePanTilt, relativeZoom } = motors.spaces;
    const { pan = 0, tilt = 0, zoom = 0 } = vector;
    if ((pan !== 0 || tilt !== 0) && relativePanTilt === undefined) throw this.#cannot('turn by a step');
    if (zoom !== 0 && relativeZoom === undefined) throw this.#cannot('zoom by a step');
    const panTilt =
      relativePanTilt !== undefined && (pan !== 0 || tilt !== 0)
        ? {
            space: relativePanTilt,
            x: toMovement(pan, relativePanTilt.x),
            y: toMovement(tilt, relativePanTilt.y),
          }
        : undefined;
    const zoomed =
      relativeZoom !== undefined && zoom !== 0
        ? { space: relativeZoom, x: toMovement(zoom, relativeZoom.x) }
        : undefined;
    return moveBy(cam, motors, panTilt, zoomed, signal);
  }

  async #centre(
    connected: Connected,
    motors: Motors,
    spot: { readonly x: number; readonly y: number },
    signal?: AbortSignal,
  ): Promise<void> {
    const { spaces, profileToken } = motors;
    let zoom = 0;
    if (spaces.relativeFov === undefined) {
      const status = await connected.cam
        .ask('getStatus', { profileToken }, { signal, timeoutMs: PTZ_TIMEOUT_MS })
        .catch(unlessGone);
      zoom = status === undefined ? 0 : (readStatus(status, spaces).position?.zoom ?? 0);
    }
    const move = centreMove(spaces, spot, zoom);
    if (move === undefined) throw this.#cannot('put a spot of its picture into the middle');
    await moveBy(connected.cam, motors, move, undefined, signal);
  }

  async #absolute({ cam }: Connected, motors: Motors, vector: Vector, signal?: AbortSignal): Promise<void> {
    const { spaces, profileToken } = motors;
    const { absolutePanTilt, absoluteZoom } = spaces;
    const hasPanTilt = vector.pan !== undefined || vector.tilt !== undefined;
    if (hasPanTilt && absolutePanTilt === undefined) throw this.#cannot('turn to a place');
    if (vector.zoom !== undefined && absoluteZoom === undefined) throw this.#cannot('zoom to a place');
    let { pan, tilt } = vector;
    if (hasPanTilt && (pan === undefined || tilt === undefined)) {
      // A message has both: the other one stays where it is.
      const status = await cam.ask('getStatus', { profileToken }, { signal, timeoutMs: PTZ_TIMEOUT_MS });
      const { position } = readStatus(status, spaces);
      pan ??= position?.pan ?? 0;
      tilt ??= position?.tilt ?? 0;
    }
    const panTilt =
      pan === undefined || tilt === undefined || absolutePanTilt === undefined
        ? undefined
        : {
            x: toPlace(pan, PAN_TILT_SHARES, absolutePanTilt.x),
            y: toPlace(tilt, PAN_TILT_SHARES, absolutePanTilt.y),
          };
    const zoom =
      vector.zoom === undefined || absoluteZoom === undefined
        ? undefined
        : toPlace(Math.max(0, vector.zoom), ZOOM_SHARES, absoluteZoom.x);
    if (panTilt === undefined && zoom === undefined) return;
    const parameters = {
      profileToken,
      ...panTilt,
      ...(zoom === undefined ? {} : { zoom }),
      onlySendPanTilt: zoom === undefined,
      onlySendZoom: panTilt === undefined,
    };
    await cam.ask('absoluteMove', parameters, { signal, timeoutMs: PTZ_TIMEOUT_MS });
  }

  async #goto(
    { cam }: Connected,
    { profileToken }: Motors,
    token: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await cam
      .ask('gotoPreset', { profileToken, preset: token }, { signal, timeoutMs: PTZ_TIMEOUT_MS })
      .catch(explainPreset);
  }

  async #home({ cam }: Connected, { profileToken }: Motors, signal?: AbortSignal): Promise<void> {
    await cam.ask('gotoHomePosition', { profileToken }, { signal, timeoutMs: PTZ_TIMEOUT_MS });
  }

  #with<T>(work: (connected: Connected, motors: Motors) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#device.with(
      async (connected) => work(connected, await this.#readMotors(connected, signal)),
      signal,
    );
  }

  /** Asked for once for each connection: it is what PTZ's first command waits for. */
  async #readMotors(connected: Connected, signal?: AbortSignal): Promise<Motors> {
    if (this.#motors?.of === connected) return this.#motors.motors;
    const profile = await this.#device.ptzProfile(connected, signal);
    const motors = await readMotors(connected.cam, profile, signal);
    this.#motors = { of: connected, motors };
    return motors;
  }

  #cannot(what: string): OnvifError {
    return new OnvifError('unsupported', `The camera at ${this.#device.name} cannot ${what}.`);
  }
}

/** What a camera need not have is left out; one that is gone is gone. */
function unlessGone(failure: unknown): undefined {
  if (isRefusal(failure) || (failure instanceof OnvifError && failure.kind === 'not-onvif')) return undefined;
  throw failure;
}

function explainPreset(failure: unknown): never {
  if (failure instanceof OnvifError && failure.context.faultCodes?.includes('NoToken')) {
    throw new OnvifError(
      'unsupported',
      'The camera has no such preset any more. Read its presets anew.',
      failure.context,
      failure,
    );
  }
  throw failure;
}
