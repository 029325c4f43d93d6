import type { Bench } from '../support/bench.ts';
import { cpuBench } from './cpu.ts';
import { glassBench } from './glass.ts';
import { joinBench } from './join.ts';
import { latencyBench } from './latency.ts';

/** In the order in which they run. */
export const benches: readonly Bench[] = [latencyBench, glassBench, joinBench, cpuBench];
