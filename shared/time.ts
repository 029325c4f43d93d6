/** Unix milliseconds as ISO 8601 in UTC, for example `2026-11-21T12:43:26.000Z`. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** Unix milliseconds of a time in ISO 8601, or undefined where it is none. */
export function unixMsOf(iso: string): number | undefined {
  const unixMs = Date.parse(iso);
  return Number.isFinite(unixMs) ? unixMs : undefined;
}

/** Whoever sends less means seconds: as milliseconds this is in March 1973. */
const SECONDS_BELOW = 1e11;

/** Whether what should be Unix milliseconds is a time in seconds, as many programs give it. */
export function looksLikeSeconds(time: number, nowMs: number): boolean {
  return time < SECONDS_BELOW && nowMs > SECONDS_BELOW;
}
