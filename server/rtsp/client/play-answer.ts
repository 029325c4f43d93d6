import type { Clock } from '../../base/clock.ts';
import { asRtspError, type RtspError } from './errors.ts';

export interface PlayAnswerOptions {
  readonly clock: Clock;
  /** Rejects where the camera refuses, or does not answer. */
  readonly answer: Promise<void>;
  isVideoComing(): boolean;
  /** The camera refused after all. */
  onLateFailure(error: RtspError): void;
}

const LOOK_MS = 100;
/** Cameras that answer do so before the first packet, or right behind it. */
const PATIENCE_MS = 500;

/**
 * Waits until the camera has agreed to play: by its answer, or by sending video for a while without one, as some do.
 * Rejects as `answer` does.
 */
export async function answerOrVideo(options: PlayAnswerOptions): Promise<void> {
  const { clock, answer } = options;
  let stop = (): void => {};
  let isLate = false;
  const video = new Promise<void>((resolve) => {
    let sinceMs: number | undefined;
    stop = clock.every(LOOK_MS, () => {
      if (!options.isVideoComing()) return;
      const nowMs = clock.monotonicMs();
      sinceMs ??= nowMs;
      if (nowMs - sinceMs < PATIENCE_MS) return;
      isLate = true;
      resolve();
    });
  });
  answer.catch((thrown) => {
    const error = asRtspError(thrown);
    if (isLate && error.kind !== 'request-timeout') options.onLateFailure(error);
  });
  try {
    await Promise.race([answer, video]);
  } finally {
    stop();
  }
}
