import type { KeptInput } from '../support/kept-input.ts';
import { replay } from '../support/one-target.ts';
import { fuzzTargets } from '../targets/index.ts';
import { reviveSession, runSession, sockets } from './sockets.ts';

/** Tries again what was kept. Rejects where something still does not hold, or nothing here reads such input. */
export async function replayKept({ target, input }: KeptInput): Promise<void> {
  if (target === sockets.name) return runSession(reviveSession(input));
  const found = fuzzTargets.find(({ name }) => name === target);
  if (found === undefined) throw new Error(`it is for ${target}, which is no target`);
  replay(found, input);
}
