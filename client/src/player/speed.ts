/** What the controls offer. Any number in between does too. */
export const SPEEDS: readonly number[] = [0.25, 0.5, 1, 1.5, 2, 4, 8, 16];
/** Above that only key frames are fetched and shown, without sound. */
const FULL_SPEED_MAX = 4;
const SLOWEST = 0.25;
const FASTEST = 16;

/** A speed as it was asked for, within what can be done; 1 where it is no number at all. */
export function speedOf(asked: number | string | null): number {
  const speed = asked === null || asked === '' ? 1 : Number(asked);
  return Number.isFinite(speed) && speed > 0 ? Math.min(FASTEST, Math.max(SLOWEST, speed)) : 1;
}

/** The next one of the offered speeds, up or down; the same where there is none. */
export function nextSpeed(speed: number, direction: 1 | -1): number {
  const faster = SPEEDS.find((one) => one > speed + 1e-6);
  const slower = SPEEDS.findLast((one) => one < speed - 1e-6);
  return (direction === 1 ? faster : slower) ?? speed;
}

export function needsKeyFrames(speed: number): boolean {
  return speed > FULL_SPEED_MAX;
}

/** `1.5×`: how players everywhere write it. */
export function speedText(speed: number): string {
  return `${Math.round(speed * 100) / 100}×`;
}
