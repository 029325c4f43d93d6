import type { types } from 'mediasoup';
import type { FeedTrack } from './feed-track.ts';
import type { PipeLease, Pipes } from './pipes.ts';
import type { RouterRef } from './router-set.ts';

/** One consumer of a stream's track on a viewer's transport. Closing it lets go of the pipe it came through. */
export interface TrackConsumer {
  readonly track: FeedTrack;
  readonly consumer: types.Consumer;
  close(): void;
}

export interface ConsumeOptions {
  readonly pipes: Pipes;
  readonly router: RouterRef;
  readonly transport: types.WebRtcTransport;
  readonly track: FeedTrack;
  readonly rtpCapabilities: types.RtpCapabilities;
  readonly mid?: string;
  /** The consumer ended without `close()`: its producer or its pipe is gone. */
  onClosed(): void;
}

/** Consumes a track, paused; undefined where the viewer's capabilities do not fit it. */
export async function consumeTrack(options: ConsumeOptions): Promise<TrackConsumer | undefined> {
  const { router, track, transport } = options;
  const pipe = await options.pipes.acquire(track.producerId, track.router, router);
  try {
    const { rtpCapabilities } = options;
    if (!router.router.canConsume({ producerId: pipe.producerId, rtpCapabilities })) {
      pipe.release();
      return undefined;
    }
    const consumer = await transport.consume({
      producerId: pipe.producerId,
      rtpCapabilities,
      paused: true,
      ...(options.mid === undefined ? {} : { mid: options.mid }),
    });
    return holdConsumer(options, consumer, pipe);
  } catch (failure) {
    pipe.release();
    throw failure;
  }
}

function holdConsumer(options: ConsumeOptions, consumer: types.Consumer, pipe: PipeLease): TrackConsumer {
  const undoLoad = options.router.worker.addLoad('consumer');
  let isClosing = false;
  let isGone = false;
  const gone = () => {
    if (isGone) return;
    isGone = true;
    undoLoad();
    pipe.release();
    if (!isClosing) options.onClosed();
  };
  consumer.observer.on('close', gone);
  if (consumer.closed) {
    isClosing = true;
    gone();
    throw new Error('the producer was closed while it was consumed');
  }
  return {
    track: options.track,
    consumer,
    close: () => {
      isClosing = true;
      consumer.close();
      gone();
    },
  };
}
