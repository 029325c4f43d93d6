const DAY_MS = 86_400_000;

/** A stream as the forecast sees it. */
export interface ForecastStream {
  readonly id: number;
  readonly app: string;
  readonly keepMs: number;
  readonly maxBytes: number | undefined;
  /** What it has needed so far; 0 where it is not recorded any more. */
  readonly bytesPerMs: number;
}

export interface ForecastInput {
  readonly streams: readonly ForecastStream[];
  readonly appMaxBytes: ReadonlyMap<string, number>;
  readonly maxBytes: number | undefined;
  /** What the recordings may take of the disk: what they have and what is free for them. */
  readonly diskBytes: number;
}

/** How many days of each stream will be kept once all limits are reached, if the cameras go on as so far. */
export function forecastDays(input: ForecastInput): Map<number, number> {
  const { streams, appMaxBytes, maxBytes, diskBytes } = input;
  const growing = streams.filter(({ bytesPerMs }) => bytesPerMs > 0);
  const ownMs = new Map(growing.map((stream) => [stream.id, ownHorizonMs(stream)]));
  const appMs = new Map(
    [...appMaxBytes].map(([app, limit]) => [
      app,
      sharedHorizonMs(
        limit,
        growing.filter((stream) => stream.app === app).map((stream) => share(stream, ownMs)),
      ),
    ]),
  );
  const inApp = new Map(
    growing.map(({ id, app }) => [id, Math.min(ownMs.get(id) ?? 0, appMs.get(app) ?? Infinity)]),
  );
  const rootBytes = Math.max(0, Math.min(maxBytes ?? Infinity, diskBytes));
  const rootMs = sharedHorizonMs(
    rootBytes,
    growing.map((stream) => share(stream, inApp)),
  );
  return new Map(growing.map(({ id }) => [id, Math.min(inApp.get(id) ?? 0, rootMs) / DAY_MS]));
}

function ownHorizonMs({ keepMs, maxBytes, bytesPerMs }: ForecastStream): number {
  return maxBytes === undefined ? keepMs : Math.min(keepMs, maxBytes / bytesPerMs);
}

interface Share {
  readonly bytesPerMs: number;
  readonly capMs: number;
}

function share({ id, bytesPerMs }: ForecastStream, capsMs: ReadonlyMap<number, number>): Share {
  return { bytesPerMs, capMs: capsMs.get(id) ?? 0 };
}

/**
 * The time for which `roomBytes` hold all shares when the oldest goes first: a share that reaches its own cap leaves the
 * rest to the others. Infinity where the room is never used up.
 */
export function sharedHorizonMs(roomBytes: number, shares: readonly Share[]): number {
  const byCap = [...shares].sort((a, b) => a.capMs - b.capMs);
  let room = roomBytes;
  let rate = byCap.reduce((sum, { bytesPerMs }) => sum + bytesPerMs, 0);
  for (const { bytesPerMs, capMs } of byCap) {
    if (rate * capMs >= room && rate > 0) return room / rate;
    room -= bytesPerMs * capMs;
    rate -= bytesPerMs;
  }
  return Infinity;
}
