import type { CrashPart } from '../support/part.ts';
import { clockPart } from './clock.ts';
import { diskPart } from './disk.ts';
import { ffmpegPart } from './ffmpeg.ts';
import { killPart } from './kill.ts';
import { powerPart } from './power.ts';

export const crashParts: readonly CrashPart[] = [killPart, powerPart, diskPart, ffmpegPart, clockPart];
