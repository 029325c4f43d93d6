/** Clocks of viewers may be wrong by minutes; times on the page are those of the gateway, which recorded. */

/** The answer's date has no finer steps, and has travelled. */
const TOLERANCE_MS = 2_500;

let offsetMs = 0;
let asked: Promise<void> | undefined;

/** Unix milliseconds by the gateway's clock, as well as is known. */
export function gatewayNow(): number {
  return Date.now() + offsetMs;
}

/** Asks once how far the two clocks are apart. */
export function readGatewayClock(): Promise<void> {
  asked ??= ask();
  return asked;
}

async function ask(): Promise<void> {
  const startMs = Date.now();
  try {
    const response = await fetch('healthz', { cache: 'no-store' });
    const endMs = Date.now();
    const date = Date.parse(response.headers.get('date') ?? '');
    const apartMs = offsetBy(date, startMs, endMs);
    if (apartMs !== undefined) offsetMs = apartMs;
  } catch {
    // Whoever cannot reach it is told so elsewhere, and the next page asks again.
    asked = undefined;
  }
}

/** How far that clock is ahead of ours by a date in whole seconds; undefined where that says nothing. */
function offsetBy(dateMs: number, startMs: number, endMs: number): number | undefined {
  if (Number.isNaN(dateMs) || endMs < startMs) return undefined;
  const apartMs = dateMs + 500 - (startMs + endMs) / 2;
  return Math.abs(apartMs) <= TOLERANCE_MS + (endMs - startMs) / 2 ? 0 : Math.round(apartMs);
}
