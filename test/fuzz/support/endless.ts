import fc from 'fast-check';
import type { FuzzTarget } from './target.ts';

/** Never ends with one of its inputs, to show that this is noticed. Not among the targets. */
export const endless: FuzzTarget<number> = {
  name: 'endless',
  summary: 'hangs on purpose',
  share: 0,
  maxCpuMs: 1_000,
  input: fc.integer({ min: 0, max: 20 }),
  run(input) {
    while (input === 7);
  },
  plain: (input) => input,
  revive: Number,
};
