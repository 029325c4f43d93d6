import type { Closers } from '../../../server/base/closers.ts';
import type { Report } from './report.ts';

export interface BenchOptions {
  /** How long each measurement lasts, once everything runs. */
  readonly seconds: number;
  /** How long everything runs before it is measured: the last viewers get a key frame, processes warm up. */
  readonly settleMs: number;
  /** Overrides how many cameras there are in the full load. */
  readonly cameras: number;
  /** How many times the `join` bench clicks, for each GOP length. */
  readonly joins: number;
}

export interface BenchContext extends BenchOptions {
  /** Whatever a bench opens it adds here; closed when it ends, fails or is stopped by Ctrl-C. */
  readonly closers: Closers;
  progress(text: string): void;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(context: BenchContext): Promise<Report>;
}
