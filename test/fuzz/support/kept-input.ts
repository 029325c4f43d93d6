import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetResult } from './one-target.ts';

/** An input that something did not hold for, in a file. */
export interface KeptInput {
  readonly target: string;
  readonly message: string;
  readonly seed: number;
  readonly path: string;
  readonly input: unknown;
}

/** Writes a failure's smallest input to `folder`, and gives the file's name, which begins with `name`. */
export function keepInput(
  folder: string,
  target: string,
  failure: Pick<Extract<TargetResult, { kind: 'failed' }>, 'message' | 'seed' | 'path' | 'input'>,
  name = target,
): string {
  const { message, seed, path, input } = failure;
  const file = join(folder, `${name}-${seed >>> 0}.json`);
  mkdirSync(folder, { recursive: true });
  const kept: KeptInput = { target, message: message.split('\n')[0] ?? '', seed, path, input };
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  return file;
}

/** Throws where the file is none of those. */
export function readKept(file: string | URL): KeptInput {
  const kept = JSON.parse(readFileSync(file, 'utf8')) as KeptInput;
  if (typeof kept.target !== 'string' || !('input' in kept)) throw new Error(`${file} keeps no input`);
  return kept;
}
