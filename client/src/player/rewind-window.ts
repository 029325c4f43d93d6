import type { StreamId } from '../../../shared/names.ts';
import { timelineSchema } from '../../../shared/recording.ts';
import type { Target } from '../live/index.ts';
import type { Playhead } from './playback-engine.ts';

/** How far back the bar of a live picture reaches; by `seek()` one gets anywhere. */
const WINDOW_MS = 60 * 60_000;
/** What was learnt holds that long. */
const FRESH_MS = 15_000;
const TIMEOUT_MS = 5_000;
/** The newest of it is on its way to the disk. */
const MIN_LENGTH_MS = 4_000;

/** What of a stream that is shown live was recorded lately, to go back to. */
export class RewindWindow {
  #key = '';
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #startMs: number | undefined;
  #asking: Promise<void> = Promise.resolve();

  /** Where now is in it; undefined where nothing is known to be recorded. */
  playhead(nowMs: number): Playhead | undefined {
    const startMs = Math.max(this.#startMs ?? Number.POSITIVE_INFINITY, nowMs - WINDOW_MS);
    const lengthS = (nowMs - startMs) / 1000;
    if (lengthS * 1000 < MIN_LENGTH_MS) return undefined;
    return {
      timeMs: nowMs,
      positionS: lengthS,
      lengthS,
      growing: true,
      timeAt: (positionS) => startMs + positionS * 1000,
    };
  }

  /** Another stream is shown. */
  forget(): void {
    this.#key = '';
    this.#startMs = undefined;
  }

  /** Asks anew where that is due; resolves when it is known. Never rejects: who does not know offers nothing. */
  ask(target: Target, stream: StreamId): Promise<void> {
    const key = `${target.server} ${stream}`;
    const nowMs = Date.now();
    if (key === this.#key && nowMs - this.#askedAtMs < FRESH_MS) return this.#asking;
    if (key !== this.#key) this.#startMs = undefined;
    this.#key = key;
    this.#askedAtMs = nowMs;
    this.#asking = firstRecordedMs(target, stream, nowMs).then((startMs) => {
      if (key === this.#key) this.#startMs = startMs;
    });
    return this.#asking;
  }
}

async function firstRecordedMs(
  { server, token }: Target,
  stream: StreamId,
  nowMs: number,
): Promise<number | undefined> {
  try {
    const response = await fetch(
      `${server}/api/v1/streams/${stream}/timeline?from=${nowMs - WINDOW_MS}&to=${nowMs}`,
      {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
    );
    const { ranges } = timelineSchema.pick({ ranges: true }).parse(await response.json());
    return ranges.length === 0 ? undefined : Math.min(...ranges.map(({ start }) => start));
  } catch {
    return undefined;
  }
}
