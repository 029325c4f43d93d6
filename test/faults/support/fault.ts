import type { FaultSite } from './site.ts';

/** What a fault has cost. Times in milliseconds; what a fault has not is left out. */
export interface Outcome {
  /** From the blow until the gateway's status told of it. */
  readonly detectedMs?: number;
  /** From the camera's first key frame after its return (or the blow, where nothing went away) to picture at the viewer. */
  readonly recoveredMs?: number;
  /** The longest time without a picture at the fault's own viewer. */
  readonly pauseMs?: number;
  /** Missing in the recording. */
  readonly gapMs?: number;
  /** Of that, the camera itself was away. */
  readonly awayMs?: number;
  readonly gapReasons?: readonly string[];
  /** One more thing worth telling, for people. */
  readonly note?: string;
  /** What must not be and was; a fault with any of these fails. */
  readonly problems?: readonly string[];
}

export interface Limits {
  readonly detectedMs?: number;
  readonly recoveredMs?: number;
  readonly pauseMs?: number;
  /** Of `gapMs` beyond `awayMs`. */
  readonly lostMs?: number;
}

/** One fault of the numbered ones that a gateway has to survive. */
export interface Fault {
  /** `2`, or `2 udp` where a fault has several forms. */
  readonly id: string;
  readonly what: string;
  readonly limits: Limits;
  /** A sentence where this machine cannot bring it about. */
  missing?(): Promise<string | undefined>;
  run(site: FaultSite): Promise<Outcome>;
}

/** How a camera that nothing was done to fared meanwhile. */
export interface Others {
  readonly pauseMs: number;
  readonly pictures: number;
  readonly lostPackets: number;
  readonly reconnected: boolean;
  /** How long the measuring process itself was held up at most. */
  readonly ownStallMs: number;
}

export interface Result {
  readonly fault: Fault;
  readonly outcome: Outcome;
  readonly others: Others;
}

/** Longer than any pause that a busy machine makes by itself. */
const OTHERS_PAUSE_MS = 500;

/** Sentences on what did not hold; none where all did. */
export function failuresOf({ fault, outcome, others }: Result): string[] {
  const { limits } = fault;
  const failures = [...(outcome.problems ?? [])];
  const hold = (what: string, value: number | undefined, limit: number | undefined, slackMs = 0): void => {
    if (limit === undefined) return;
    if (value === undefined || !(value <= limit + slackMs))
      failures.push(
        `${what}: ${value === undefined ? 'not measured' : `${Math.round(value)} ms`}, at most ${limit} ms`,
      );
  };
  hold('detected', outcome.detectedMs, limits.detectedMs);
  hold('picture again', outcome.recoveredMs, limits.recoveredMs);
  // Camera and viewer are in one process, on a machine that may do other things.
  hold('pause', outcome.pauseMs, limits.pauseMs, others.ownStallMs);
  hold('lost', lostMs(outcome), limits.lostMs);
  hold('pause of the other camera', others.pauseMs, OTHERS_PAUSE_MS, others.ownStallMs);
  if (others.lostPackets > 0) failures.push(`the other viewer lost ${others.lostPackets} packets`);
  if (others.reconnected) failures.push('the other camera was dialled anew');
  return failures;
}

/** What the camera sent and the recording has not. */
export function lostMs({ gapMs, awayMs = 0 }: Outcome): number | undefined {
  return gapMs === undefined ? undefined : Math.max(0, gapMs - awayMs);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
