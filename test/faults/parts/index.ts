import type { Fault } from '../support/fault.ts';
import { cameraGoneFaults } from './camera-gone.ts';
import { codecFaults } from './codec.ts';
import { halfOpenFault } from './half-open.ts';
import { keyFrameFaults } from './key-frames.ts';
import { manyCamerasFault } from './many.ts';
import { mediaWorkerFaults } from './media-worker.ts';
import { networkFaults } from './network.ts';
import { processFaults } from './processes.ts';
import { streamFaults } from './stream.ts';
import { thinLinkFault } from './thin-link.ts';

/** By number. */
export const faults: readonly Fault[] = [
  ...cameraGoneFaults,
  manyCamerasFault,
  halfOpenFault,
  ...networkFaults,
  thinLinkFault,
  ...streamFaults,
  ...keyFrameFaults,
  ...codecFaults,
  ...processFaults,
  ...mediaWorkerFaults,
].toSorted((a, b) => Number.parseInt(a.id, 10) - Number.parseInt(b.id, 10));
