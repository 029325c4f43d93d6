import { cameras } from './cameras.ts';
import { hoards } from './hoards.ts';
import { inputs } from './inputs.ts';
import type { FuzzPart } from './part.ts';
import { sockets } from './sockets.ts';

export const fuzzParts: readonly FuzzPart[] = [inputs, hoards, sockets, cameras];
