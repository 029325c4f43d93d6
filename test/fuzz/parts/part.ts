import type { Report } from '../../bench/support/report.ts';

export interface FuzzContext {
  /** Inputs of all targets together. */
  readonly count: number;
  readonly seed: number;
  /** Folder for inputs that something did not hold for. */
  readonly keepIn: string;
  isWished(name: string): boolean;
  progress(text: string): void;
}

/** One way to be hard on the gateway. A figure over its target is a failure. */
export interface FuzzPart {
  readonly name: string;
  readonly summary: string;
  isWished(context: FuzzContext): boolean;
  run(context: FuzzContext): Promise<Report>;
}
