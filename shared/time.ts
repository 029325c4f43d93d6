/** Unix milliseconds as ISO 8601 in UTC, for example `2026-11-21T12:43:26.000Z`. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
