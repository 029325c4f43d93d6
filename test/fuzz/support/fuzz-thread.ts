/** A thread that feeds one target: so that an input that never ends can be noticed, named and stopped. */
import { parentPort, workerData } from 'node:worker_threads';
import { fuzzTargets } from '../targets/index.ts';
import { endless } from './endless.ts';
import { inputAt, runTarget } from './one-target.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzThreadData {
  readonly name: string;
  readonly seed: number;
  readonly count: number;
  readonly path?: string;
  /** Only make the input that `path` names, and do nothing with it. */
  readonly isShown: boolean;
  /** Counts inputs up. */
  readonly progress: SharedArrayBuffer;
}

const { name, seed, count, path, isShown, progress } = workerData as FuzzThreadData;
const counter = new Int32Array(progress);
const target = [...fuzzTargets, endless as FuzzTarget].find((one) => one.name === name);
if (target === undefined) throw new Error(`no target ${name}`);
const answer = isShown
  ? inputAt(target, seed, path ?? '0')
  : runTarget(target, {
      seed,
      count,
      ...(path === undefined ? {} : { path }),
      onInput: (nth) => Atomics.store(counter, 0, nth),
    });
parentPort?.postMessage(answer);
