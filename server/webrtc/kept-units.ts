import type { Unit } from '../stream/index.ts';

/**
 * A kept key frame that is older than this is not shown to a viewer who has just come: all that came after it would
 * have to be sent in one burst. Many a younger one came while the viewer was connecting.
 */
const MAX_START_AGE_MS = 1000;
/** Units that are older when they are sent were kept. */
const KEPT_AGE_MS = 100;

/** Between kept units as they are sent: a viewer's socket holds little more than a key frame. */
export const KEPT_PAUSE_MS = 1;

/** Whether viewers can be begun with a unit at `nowMs` (monotonic). */
export function canStartWith(unit: Unit, nowMs: number): boolean {
  return unit.isKeyFrame && unit.format.kind === 'video' && nowMs - unit.receivedAtMs <= MAX_START_AGE_MS;
}

/** Whether a unit comes out of the hub's group of pictures rather than from the camera at `nowMs` (monotonic). */
export function wasKept(unit: Unit, nowMs: number): boolean {
  return nowMs - unit.receivedAtMs >= KEPT_AGE_MS;
}
