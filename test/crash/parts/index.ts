import type { CrashPart } from '../support/part.ts';
import { killPart } from './kill.ts';

export const crashParts: readonly CrashPart[] = [killPart];
