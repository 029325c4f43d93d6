import { type PanTiltSpace, type PtzSpaces, toMovement } from './spaces.ts';

/** A place in the picture, 0..1 from the left and from the top. */
export interface PictureSpot {
  readonly x: number;
  readonly y: number;
}

/** A relative movement in one of the camera's coordinate systems. */
export interface RelativePanTilt {
  readonly space: PanTiltSpace;
  readonly x: number;
  readonly y: number;
}

/** What a camera sees without zoom, as most that can be moved do: a 1/2.8" sensor behind 4.8 mm, in degrees. */
const WIDE_VIEW = { width: 60, height: 34 };
/** How much closer the end of the zoom is, as with most. */
const FULL_ZOOM = 20;
/** Half of what the camera can turn, in degrees: the generic space's 1 (ONVIF PTZ section 5.8.2.1). */
const HALF_TURN = { pan: 180, tilt: 50 };

/**
 * How to turn so that a spot comes into the middle. Exact where the camera moves by shares of its picture. Where it moves by degrees or by
 * shares of its whole range, by what the picture covers with a usual lens at that zoom (0..1): near enough for a second click to hit.
 * Undefined: this camera cannot.
 */
export function centreMove(spaces: PtzSpaces, spot: PictureSpot, zoom = 0): RelativePanTilt | undefined {
  // From -1 (left, bottom) to 1.
  const right = spot.x * 2 - 1;
  const up = 1 - spot.y * 2;
  const { relativeFov, relativeDegrees, relativePanTilt } = spaces;
  if (relativeFov !== undefined) {
    return { space: relativeFov, x: toMovement(right, relativeFov.x), y: toMovement(up, relativeFov.y) };
  }
  const closer = 1 + Math.min(1, Math.max(0, zoom)) * (FULL_ZOOM - 1);
  const panDegrees = degreesTo(right, WIDE_VIEW.width, closer);
  const tiltDegrees = degreesTo(up, WIDE_VIEW.height, closer);
  if (relativeDegrees !== undefined) {
    return { space: relativeDegrees, x: rounded(panDegrees), y: rounded(tiltDegrees) };
  }
  if (relativePanTilt === undefined) return undefined;
  return {
    space: relativePanTilt,
    x: toMovement(panDegrees / HALF_TURN.pan, relativePanTilt.x),
    y: toMovement(tiltDegrees / HALF_TURN.tilt, relativePanTilt.y),
  };
}

/** From the middle of the picture to a share of its half, through a lens without distortion. */
function degreesTo(share: number, wideDegrees: number, closer: number): number {
  const half = Math.tan((wideDegrees / 2) * (Math.PI / 180)) / closer;
  return Math.atan(share * half) * (180 / Math.PI);
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4 + 0;
}
