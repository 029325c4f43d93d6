import { networkInterfaces } from 'node:os';
import type { types } from 'mediasoup';
import { announcedAddresses, candidatesFor, type ListenOptions } from './listen-infos.ts';
import type { RouterLease } from './router-set.ts';
import type { PayloadTypes } from './rtp-parameters.ts';
import { DEFAULT_PAYLOAD_TYPES } from './rtp-parameters.ts';
import type { StreamFeed } from './stream-feed.ts';
import type { WorkerHandle } from './worker-handle.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Where a viewer lives: a transport on a router of a worker. */
export interface Placement {
  readonly router: RouterLease;
  readonly transport: types.WebRtcTransport;
  readonly iceCandidates: readonly types.IceCandidate[];
  close(): void;
}

export interface PlacementDeps {
  readonly pool: WorkerPool;
  readonly listen: ListenOptions;
  /** How many more consumers a stream's own worker may carry before viewers go to another. */
  readonly spreadSlack: number;
}

/** A viewer whose network is gone is noticed after this long without a connectivity check (RFC 7675). */
export const ICE_CONSENT_TIMEOUT_SECONDS = 20;

/** Beyond the default, so that the first key frame is not held back by a bandwidth estimate that starts low. */
const INITIAL_BITRATE_BPS = 8_000_000;

/** Makes a transport for a viewer whose first stream is `feed`. Rejects as mediasoup does. */
export async function placeViewer(
  deps: PlacementDeps,
  feed: StreamFeed,
  payloadTypes: PayloadTypes = DEFAULT_PAYLOAD_TYPES,
): Promise<Placement> {
  const worker = await workerFor(deps, feed);
  const router = await worker.routers.lease(payloadTypes);
  try {
    const transport = await router.router.createWebRtcTransport({
      webRtcServer: worker.webRtcServer,
      preferUdp: true,
      initialAvailableOutgoingBitrate: INITIAL_BITRATE_BPS,
      iceConsentTimeout: ICE_CONSENT_TIMEOUT_SECONDS,
    });
    const addresses = announcedAddresses(
      deps.listen,
      Object.values(networkInterfaces()).flatMap((own) => own ?? []),
    );
    return {
      router,
      transport,
      iceCandidates: candidatesFor(transport.iceCandidates, addresses),
      close: () => {
        transport.close();
        router.release();
      },
    };
  } catch (failure) {
    router.release();
    throw failure;
  }
}

async function workerFor(deps: PlacementDeps, feed: StreamFeed): Promise<WorkerHandle> {
  const home = feed.worker;
  return home === undefined ? deps.pool.leastLoaded() : deps.pool.besides(home, deps.spreadSlack);
}
