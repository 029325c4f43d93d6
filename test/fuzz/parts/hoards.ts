import fc from 'fast-check';
import { anyHoard, heldBytes, knownHoards } from './memory.ts';
import type { FuzzPart } from './part.ts';

const MIB = 1024 * 1024;
/**
 * One picture in work may be 8 MiB, hold twice that of the socket's chunks and 4 MiB more (server/rtsp/parse/access-unit.ts); beside it
 * there are a message, a packet and what waits to be put in order.
 */
export const MAX_HELD_MIB = 28;
/** Twice the bound, so that what grows without one is seen. */
export const HOARD_BYTES = 56 * MIB;

/** Cameras that send what has to be kept, and never its end. */
export const hoards: FuzzPart = {
  name: 'memory',
  summary: 'what one connection can be made to hold',
  isWished: (context) => context.isWished('memory'),
  async run(context) {
    const random = fc.sample(anyHoard, { numRuns: 60, seed: context.seed });
    let mostMib = 0;
    let worst = '';
    for (const [n, how] of [...knownHoards, ...random].entries()) {
      const heldMib = heldBytes(how, HOARD_BYTES) / MIB;
      context.progress(
        `memory: ${n + 1} of ${knownHoards.length + random.length}, ${heldMib.toFixed(1)} MiB`,
      );
      if (heldMib <= mostMib) continue;
      mostMib = heldMib;
      worst = JSON.stringify(how);
    }
    const what = `held by one connection at most, of ${HOARD_BYTES / MIB} MiB sent`;
    return {
      title: 'Memory',
      figures: [{ id: 'fuzz.memory.held', what, value: mostMib, unit: 'MiB', target: MAX_HELD_MIB }],
      notes: [`most by ${worst}`],
    };
  },
};
