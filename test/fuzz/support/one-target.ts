import fc from 'fast-check';
import { Broken, type FuzzTarget } from './target.ts';

export interface TargetRun {
  readonly seed: number;
  readonly count: number;
  /** Replays one input (and what fast-check made of it), as a failure tells it. */
  readonly path?: string;
  /** Told every so many inputs. */
  onInput?(nth: number): void;
}

export type TargetResult =
  | { readonly kind: 'passed'; readonly count: number; readonly slowestCpuMs: number }
  | {
      readonly kind: 'failed';
      readonly seed: number;
      readonly path: string;
      readonly message: string;
      /** The smallest input that fails, as plain JSON. */
      readonly input: unknown;
      readonly shrinks: number;
    };

/** CPU time of this thread, without what garbage collection does beside it. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Feeds a target; fast-check makes a failing input small. */
export function runTarget<T>(target: FuzzTarget<T>, run: TargetRun): TargetResult {
  let nth = 0;
  let slowestCpuMs = 0;
  const property = fc.property(target.input, (input) => {
    nth += 1;
    run.onInput?.(nth);
    slowestCpuMs = Math.max(slowestCpuMs, timed(target, input));
  });
  const details = fc.check(property, {
    seed: run.seed,
    numRuns: run.count,
    ...(run.path === undefined ? {} : { path: run.path }),
  });
  if (!details.failed) return { kind: 'passed', count: details.numRuns, slowestCpuMs };
  const error = details.errorInstance;
  const [smallest] = details.counterexample ?? [];
  return {
    kind: 'failed',
    seed: run.seed,
    path: details.counterexamplePath ?? '',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    input: smallest === undefined ? undefined : target.plain(smallest),
    shrinks: details.numShrinks,
  };
}

/** Throws where the input takes too long, also when it is tried again: a pause of the collector is not its fault. */
function timed<T>(target: FuzzTarget<T>, input: T): number {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 4; tries += 1) {
    const before = threadCpuMs();
    target.run(input);
    bestMs = Math.min(bestMs, threadCpuMs() - before);
    if (bestMs <= target.maxCpuMs) return bestMs;
  }
  throw new Broken(`takes ${bestMs.toFixed(1)} ms, and may take ${target.maxCpuMs} ms`);
}

/** The input at a place of a seed's inputs, as plain JSON; nothing is fed with it. */
export function inputAt<T>(target: FuzzTarget<T>, seed: number, path: string): unknown {
  const nothing = fc.property(target.input, () => false);
  const [input] = fc.check(nothing, { seed, path, numRuns: 1, endOnFailure: true }).counterexample ?? [];
  return input === undefined ? undefined : target.plain(input as T);
}

/** Feeds one input, as it was kept. Throws where something does not hold. */
export function replay<T>(target: FuzzTarget<T>, plain: unknown): void {
  timed(target, target.revive(plain));
}
