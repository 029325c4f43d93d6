import { type CameraOptions, CameraSim, type SimVideo } from '../../support/camera-sim/index.ts';

/** A camera of the soak, with what was last done to it. */
export interface SoakCamera {
  readonly name: string;
  readonly sim: CameraSim;
  /** What it may show; all of one codec. */
  readonly films: readonly SimVideo[];
  readonly source: object;
  /** Under a blow: then it may do anything. */
  isStruck: boolean;
  /** `performance.now()` of the end of the last blow. */
  healedAtMs: number;
  lastBlow: string;
}

export interface SoakCameraOptions {
  readonly name: string;
  readonly films: readonly SimVideo[];
  readonly camera?: CameraOptions;
  readonly source?: object;
}

export async function startSoakCamera(options: SoakCameraOptions, seed: number): Promise<SoakCamera> {
  const { name, films, camera = {}, source = {} } = options;
  const sim = await CameraSim.start({ video: films[0], seed, ...camera });
  return { name, sim, films, source, isStruck: false, healedAtMs: performance.now(), lastBlow: 'none' };
}

/** How long nothing was done to it; 0 while something is. */
export function undisturbedMs({ isStruck, healedAtMs }: SoakCamera): number {
  return isStruck ? 0 : performance.now() - healedAtMs;
}
