import { type Preset, PTZ_DEAD_MAN_MS, type PtzCommand, type PtzStatus } from '../../../shared/onvif.ts';
import { assertNever } from '../../../shared/result.ts';
import type { OnvifDevice } from '../device.ts';
import type { Connected } from '../device-connection.ts';
import { OnvifError } from '../errors.ts';
import type { ProfileRecord } from '../read/profiles.ts';
import { type PtzNode, readNode, readPresets, readStatus, readTimeoutRange } from '../read/ptz.ts';
import { at, textAt } from '../xml/find.ts';
import { escapeXml } from '../xml/write.ts';
import { centreMove, type RelativePanTilt } from './centre.ts';
import { PAN_TILT_SHARES, readSpaces, toMovement, toPlace, ZOOM_SHARES, type ZoomSpace } from './spaces.ts';

type Vector = {
  readonly pan?: number | undefined;
  readonly tilt?: number | undefined;
  readonly zoom?: number | undefined;
};

/** All that a movement needs to know. */
interface Motors extends PtzNode {
  readonly profileToken: string;
  /** What the camera itself is told to stop a movement after; undefined: it takes none. */
  timeoutMs: number | undefined;
  /** A Sony takes pan and tilt in one message and zoom in another. */
  isZoomApart: boolean;
}

/** A little more than the desk's dead man: this one is for a gateway that is gone, in whole seconds, as some cameras know no others. */
const CAMERA_TIMEOUT_MS = Math.ceil((PTZ_DEAD_MAN_MS + 500) / 1000) * 1000;
const TIMEOUT_MS = 5_000;

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
      const options = { signal, timeoutMs: TIMEOUT_MS };
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
          return this.#stop(connected, motors, signal);
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

  async #move(connected: Connected, motors: Motors, vector: Vector, signal?: AbortSignal): Promise<void> {
    const { continuousPanTilt, continuousZoom } = motors.spaces;
    const { pan = 0, tilt = 0, zoom = 0 } = vector;
    if ((pan !== 0 || tilt !== 0) && continuousPanTilt === undefined) throw this.#cannot('turn');
    if (zoom !== 0 && continuousZoom === undefined) throw this.#cannot('zoom');
    if (pan === 0 && tilt === 0 && zoom === 0) return this.#stop(connected, motors, signal);
    const panTilt = continuousPanTilt && {
      x: toMovement(pan, continuousPanTilt.x),
      y: toMovement(tilt, continuousPanTilt.y),
    };
    const zoomed = continuousZoom && { zoom: toMovement(zoom, continuousZoom.x) };
    const send = async (parts: { readonly x?: number; readonly y?: number; readonly zoom?: number }) => {
      const { timeoutMs } = motors;
      const parameters = {
        profileToken: motors.profileToken,
        ...parts,
        ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
        // The package else makes zeros of what is left out, which cameras refuse that have no such motor.
        onlySendPanTilt: parts.zoom === undefined,
        onlySendZoom: parts.x === undefined,
      };
      await connected.cam.ask('continuousMove', parameters, { signal, timeoutMs: TIMEOUT_MS });
    };
    const both = async () => {
      if (!motors.isZoomApart || panTilt === undefined || zoomed === undefined) {
        await send({ ...panTilt, ...zoomed });
        return;
      }
      await send(panTilt);
      await send(zoomed);
    };
    try {
      await both();
    } catch (failure) {
      // Either the timeout or both at once is too much for it. What works is kept.
      if (!isRefusal(failure)) throw failure;
      const before = { timeoutMs: motors.timeoutMs, isZoomApart: motors.isZoomApart };
      for (const simpler of [
        { timeoutMs: undefined },
        { timeoutMs: before.timeoutMs, isZoomApart: true },
        { timeoutMs: undefined, isZoomApart: true },
      ]) {
        Object.assign(motors, before, simpler);
        if (motors.timeoutMs === before.timeoutMs && motors.isZoomApart === before.isZoomApart) continue;
        try {
          await both();
          return;
        } catch (again) {
          if (!isRefusal(again)) throw again;
        }
      }
      Object.assign(motors, before);
      throw failure;
    }
  }

  async #stop({ cam }: Connected, { profileToken }: Motors, signal?: AbortSignal): Promise<void> {
    const options = { signal, timeoutMs: TIMEOUT_MS };
    try {
      await cam.ask('stop', { profileToken, panTilt: 'true', zoom: 'true' }, options);
    } catch (failure) {
      // One without zoom may mind that it is told to stop it; without either, all is meant.
      if (!isRefusal(failure)) throw failure;
      await cam.ask('stop', { profileToken }, options);
    }
  }

  #relative(connected: Connected, motors: Motors, vector: Vector, signal?: AbortSignal): Promise<void> {
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
    return this.#sendRelative(connected, motors, panTilt, zoomed, signal);
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
        .ask('getStatus', { profileToken }, { signal, timeoutMs: TIMEOUT_MS })
        .catch(unlessGone);
      zoom = status === undefined ? 0 : (readStatus(status, spaces).position?.zoom ?? 0);
    }
    const move = centreMove(spaces, spot, zoom);
    if (move === undefined) throw this.#cannot('put a spot of its picture into the middle');
    await this.#sendRelative(connected, motors, move, undefined, signal);
  }

  /** Ours, as the package always sends a zoom along, which cameras without one refuse. */
  async #sendRelative(
    { cam }: Connected,
    { profileToken }: Motors,
    panTilt: RelativePanTilt | undefined,
    zoom: { readonly space: ZoomSpace; readonly x: number } | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    if (panTilt === undefined && zoom === undefined) return;
    const schema = 'xmlns="http://www.onvif.org/ver10/schema"';
    const vectors =
      (panTilt === undefined
        ? ''
        : `<PanTilt ${schema} x="${panTilt.x}" y="${panTilt.y}"${spaceOf(panTilt.space.uri)}/>`) +
      (zoom === undefined ? '' : `<Zoom ${schema} x="${zoom.x}"${spaceOf(zoom.space.uri)}/>`);
    await cam.post({
      service: 'ptz',
      body: `<RelativeMove xmlns="http://www.onvif.org/ver20/ptz/wsdl"><ProfileToken>${escapeXml(profileToken)}</ProfileToken><Translation>${vectors}</Translation></RelativeMove>`,
      signal,
      timeoutMs: TIMEOUT_MS,
    });
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
      const status = await cam.ask('getStatus', { profileToken }, { signal, timeoutMs: TIMEOUT_MS });
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
    await cam.ask('absoluteMove', parameters, { signal, timeoutMs: TIMEOUT_MS });
  }

  async #goto(
    { cam }: Connected,
    { profileToken }: Motors,
    token: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await cam
      .ask('gotoPreset', { profileToken, preset: token }, { signal, timeoutMs: TIMEOUT_MS })
      .catch(explainPreset);
  }

  async #home({ cam }: Connected, { profileToken }: Motors, signal?: AbortSignal): Promise<void> {
    await cam.ask('gotoHomePosition', { profileToken }, { signal, timeoutMs: TIMEOUT_MS });
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
    const { cam } = connected;
    const profile: ProfileRecord = await this.#device.ptzProfile(connected, signal);
    const options = { signal, timeoutMs: TIMEOUT_MS };
    const { ptz: own } = profile;
    const [nodes, configuration] = await Promise.allSettled([
      cam.ask('getNodes', undefined, options),
      // A method of the package that takes its one parameter bare.
      own === undefined ? undefined : cam.ask('getConfigurationOptions', own.configuration, options),
    ]);
    const node = nodes.status === 'fulfilled' ? readNode(nodes.value, own?.node) : undefined;
    const settings = configuration.status === 'fulfilled' ? configuration.value : undefined;
    // Nothing is taken for granted, and kept, because of a busy moment.
    if (node === undefined && settings === undefined && nodes.status === 'rejected') throw nodes.reason;
    const range = settings === undefined ? undefined : readTimeoutRange(settings);
    const configured = at(settings, 'PTZConfigurationOptions', 'Spaces');
    const motors: Motors = {
      profileToken: profile.token,
      spaces:
        configured === undefined || configured.children.length === 0
          ? (node?.spaces ?? readSpaces(undefined))
          : readSpaces(configured),
      home: node?.home ?? false,
      maxPresets: node?.maxPresets,
      timeoutMs: Math.min(range?.maxMs ?? CAMERA_TIMEOUT_MS, Math.max(range?.minMs ?? 0, CAMERA_TIMEOUT_MS)),
      isZoomApart: false,
    };
    this.#motors = { of: connected, motors };
    return motors;
  }

  #cannot(what: string): OnvifError {
    return new OnvifError('unsupported', `The camera at ${this.#device.name} cannot ${what}.`);
  }
}

function capabilities({ spaces, home, maxPresets }: Motors): PtzStatus['can'] {
  const {
    continuousPanTilt,
    continuousZoom,
    relativePanTilt,
    relativeFov,
    relativeDegrees,
    relativeZoom,
    absolutePanTilt,
    absoluteZoom,
  } = spaces;
  return {
    continuous: continuousPanTilt !== undefined || continuousZoom !== undefined,
    relative: relativePanTilt !== undefined || relativeZoom !== undefined,
    absolute: absolutePanTilt !== undefined || absoluteZoom !== undefined,
    centre: relativeFov !== undefined || relativeDegrees !== undefined || relativePanTilt !== undefined,
    zoom: continuousZoom !== undefined || relativeZoom !== undefined || absoluteZoom !== undefined,
    panTilt:
      continuousPanTilt !== undefined || relativePanTilt !== undefined || absolutePanTilt !== undefined,
    home,
    presets: maxPresets !== 0,
  };
}

function isRefusal(failure: unknown): boolean {
  return failure instanceof OnvifError && (failure.kind === 'refused' || failure.kind === 'unsupported');
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

function spaceOf(uri: string): string {
  return uri === '' ? '' : ` space="${escapeXml(uri)}"`;
}
