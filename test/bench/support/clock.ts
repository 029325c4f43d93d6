/**
 * Milliseconds of CLOCK_MONOTONIC, which on Linux is one and the same for all processes of a machine: times taken
 * in a camera's process and in a viewer's may be subtracted from each other.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Add it to a monotonic time to get Unix time, for the browser's clock: it cannot read the monotonic one. */
export function wallOffsetMs(): number {
  // Date.now() has whole milliseconds; the smallest difference of a few lies nearest to the truth.
  let offset = Number.NEGATIVE_INFINITY;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const edge = Date.now();
    let now = edge;
    while (now === edge) now = Date.now();
    offset = Math.max(offset, now - monotonicMs());
  }
  return offset;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
