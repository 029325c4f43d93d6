import type { Bench } from '../support/bench.ts';
import { cpuBench } from './cpu.ts';
import { clipBench, exportBench } from './export.ts';
import { glassBench } from './glass.ts';
import { indexBench } from './index-rows.ts';
import { joinBench } from './join.ts';
import { latencyBench } from './latency.ts';
import { playlistBench } from './playlist.ts';
import { recordBench } from './record.ts';
import { scrubBench } from './scrub.ts';
import { syncBench } from './sync.ts';
import { wallBench } from './wall.ts';

/** In the order in which they run. */
export const benches: readonly Bench[] = [
  latencyBench,
  glassBench,
  joinBench,
  wallBench,
  scrubBench,
  syncBench,
  cpuBench,
  recordBench,
  indexBench,
  playlistBench,
  exportBench,
  clipBench,
];
