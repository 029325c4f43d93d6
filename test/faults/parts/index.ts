import type { Fault } from '../support/fault.ts';
import { cameraGoneFaults } from './camera-gone.ts';
import { codecFaults } from './codec.ts';
import { networkFaults } from './network.ts';
import { processFaults } from './processes.ts';
import { streamFaults } from './stream.ts';

/** By number. */
export const faults: readonly Fault[] = [
  ...cameraGoneFaults,
  ...networkFaults,
  ...streamFaults,
  ...codecFaults,
  ...processFaults,
].toSorted((a, b) => Number.parseInt(a.id, 10) - Number.parseInt(b.id, 10));
