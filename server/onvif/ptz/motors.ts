import { PTZ_DEAD_MAN_MS, type PtzStatus } from '../../../shared/onvif.ts';
import type { ProfileRecord } from '../read/profiles.ts';
import { type PtzNode, readNode, readTimeoutRange } from '../read/ptz.ts';
import type { SafeCam } from '../soap/safe-cam.ts';
import { at } from '../xml/find.ts';
import { readSpaces } from './spaces.ts';

/** All that a movement needs to know. */
export interface Motors extends PtzNode {
  readonly profileToken: string;
  /** What the camera itself is told to stop a movement after; undefined: it takes none. */
  timeoutMs: number | undefined;
  /** A Sony takes pan and tilt in one message and zoom in another. */
  isZoomApart: boolean;
}

/** A little more than the desk's dead man: this one is for a gateway that is gone, in whole seconds, as some cameras know no others. */
const CAMERA_TIMEOUT_MS = Math.ceil((PTZ_DEAD_MAN_MS + 500) / 1000) * 1000;
/** For each question about movement: somebody waits for it. */
export const PTZ_TIMEOUT_MS = 5_000;

/** Asks for what the motors of a profile can. Rejects with the camera's failure rather than take anything for granted. */
export async function readMotors(
  cam: SafeCam,
  profile: ProfileRecord,
  signal?: AbortSignal,
): Promise<Motors> {
  const options = { signal, timeoutMs: PTZ_TIMEOUT_MS };
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
  return {
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
}

/** What the motors can, in our own words. */
export function capabilities({ spaces, home, maxPresets }: Motors): PtzStatus['can'] {
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
