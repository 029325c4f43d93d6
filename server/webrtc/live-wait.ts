import { ApiError } from '../../shared/errors.ts';
import type { Clock } from '../base/clock.ts';
import { noSuchStream } from '../base/no-such-stream.ts';
import { unsuitable } from './failures.ts';
import type { StreamFeed } from './stream-feed.ts';

/**
 * Resolves once the stream is live and its picture can be consumed; the caller keeps it wanted meanwhile.
 * Rejects with `STREAM_NOT_LIVE` and the reason when that takes too long, `STREAM_NOT_FOUND` when it is removed,
 * `WEBRTC_UNSUITABLE` when no browser can show it.
 */
export async function waitUntilLive(feed: StreamFeed, clock: Clock, timeoutMs: number): Promise<void> {
  const { stream } = feed;
  const isLive = () => stream.state.state === 'live' && feed.tracks.some((track) => track.kind === 'video');
  const undo: Array<() => void> = [];
  const removed = new Promise<never>((_, reject) => {
    undo.push(stream.onRemoved(() => reject(noSuchStream(stream.id))));
  });
  try {
    await Promise.race([removed, feed.settled()]);
    requireSuitable(feed);
    if (isLive()) return;
    const live = new Promise<void>((resolve, reject) => {
      const look = () => {
        if (isLive() || feed.unsuitable !== undefined) resolve();
      };
      undo.push(
        feed.onChanged(look),
        stream.onState(look),
        clock.after(timeoutMs, () => reject(notLive(feed))),
      );
    });
    await Promise.race([removed, live]);
    requireSuitable(feed);
  } finally {
    for (const step of undo) step();
  }
}

/** Throws `WEBRTC_UNSUITABLE`. */
export function requireSuitable(feed: StreamFeed): void {
  if (feed.unsuitable !== undefined) throw unsuitable(feed.unsuitable);
}

function notLive(feed: StreamFeed): ApiError {
  const { state } = feed.stream.state;
  const reason = feed.stream.state.reason ?? feed.pictureTrouble;
  return new ApiError(
    'STREAM_NOT_LIVE',
    reason?.message ?? `The stream is ${state}; try again in a moment.`,
    {
      state,
      ...(reason === undefined ? {} : { reason: reason.code }),
    },
  );
}
