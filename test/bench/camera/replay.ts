import type { PictureTemplate } from '../media/packets.ts';
import { monotonicMs } from '../support/clock.ts';

/** Takes one picture with its RTP timestamp. Calls back or returns when its last packet went to the socket. */
export interface PictureSink {
  send(picture: PictureTemplate, timestamp: number): void;
}

export interface ReplayOptions {
  readonly pictures: readonly PictureTemplate[];
  readonly fps: number;
  /** Shift against other cameras: pictures of real ones do not come at the same moment. */
  readonly phaseMs: number;
  /** Index of the first picture, a key frame: nor do the key frames of real ones. */
  readonly firstPicture: number;
  readonly sink: PictureSink;
}

/** Sends a loop of pictures at their pace; returns the undo. A late timer is made up for by the next. */
export function startReplay({ pictures, fps, phaseMs, firstPicture, sink }: ReplayOptions): () => void {
  const periodMs = 1000 / fps;
  const startMs = monotonicMs() + phaseMs;
  const ticks = 90_000 / fps;
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    timer = setTimeout(tick, Math.max(0, startMs + count * periodMs - monotonicMs()));
  };
  const tick = () => {
    // Never more than one picture a turn, so that no pause of this process becomes a burst of its own.
    const picture = pictures[(firstPicture + count) % pictures.length];
    if (picture !== undefined) sink.send(picture, Math.round(count * ticks) >>> 0);
    count += 1;
    next();
  };
  next();
  return () => clearTimeout(timer);
}
