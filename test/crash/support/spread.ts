import type { Figure } from '../../bench/support/report.ts';
import { percentile } from '../../bench/support/stats.ts';

/** Median and maximum of a figure that was taken several times; the target is for the latter. */
export function spread(id: string, what: string, values: readonly number[], target?: number): Figure[] {
  const known = values.filter(Number.isFinite);
  return [
    { id: `${id}.p50`, what: `${what}, median`, value: percentile(known, 0.5), unit: 'ms' },
    {
      id: `${id}.max`,
      what: `${what}, at most`,
      value: Math.max(...known),
      unit: 'ms',
      ...(target === undefined ? {} : { target }),
    },
  ];
}
