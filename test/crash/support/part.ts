import type { Closers } from '../../../server/base/closers.ts';
import type { Report } from '../../bench/support/report.ts';

export interface CrashContext {
  /** How often; each part has its own number for a full run. */
  readonly times: number | undefined;
  /** One of the faults that a part has, by its name. */
  readonly only?: string | undefined;
  /** Shorter everywhere: for the slices that `npm test` runs. */
  readonly isSlice: boolean;
  /** Whatever a part opens it adds here; closed when it ends, fails or is stopped by Ctrl-C. */
  readonly closers: Closers;
  progress(text: string): void;
}

/** One kind of fault, brought about for real. */
export interface CrashPart {
  readonly name: string;
  readonly summary: string;
  /** A sentence where this machine cannot bring the fault about. */
  missing?(): Promise<string | undefined>;
  run(context: CrashContext): Promise<readonly Report[]>;
}

/** Uniform in [min, max). */
export function randomBetween(min: number, max: number): number {
  return min + Math.random() * (max - min);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
