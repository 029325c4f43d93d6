import type { Bench } from '../support/bench.ts';
import { latencyBench } from './latency.ts';

/** In the order in which they run. */
export const benches: readonly Bench[] = [latencyBench];
