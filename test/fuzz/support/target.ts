import type { Arbitrary } from 'fast-check';

/** One thing that takes bytes from outside, and what must hold whatever they are. */
export interface FuzzTarget<T = unknown> {
  readonly name: string;
  readonly summary: string;
  /** Its part of a run's inputs, relative to the others'. */
  readonly share: number;
  /** How many of them `npm test` feeds, where that is less than the usual. */
  readonly countInTests?: number;
  /** What one input may cost on the thread that everything else runs on too. */
  readonly maxCpuMs: number;
  readonly input: Arbitrary<T>;
  /** Throws where something does not hold. */
  run(input: T): void;
  /** The input as plain JSON, for the file that is kept of a failure; `revive` is its inverse. */
  plain(input: T): unknown;
  revive(plain: unknown): T;
}

/** Names what did not hold; its message is what is kept of a failure. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** What must hold, said in words for the day when it does not. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

export const plainBytes = (bytes: Buffer): string => bytes.toString('base64');
export const reviveBytes = (plain: unknown): Buffer => Buffer.from(String(plain), 'base64');
