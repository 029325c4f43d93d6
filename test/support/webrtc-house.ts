import { type Clock, systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { Hub } from '../../server/stream/index.ts';
import {
  type ViewerEvent,
  type ViewerSession,
  WebRtc,
  type WebRtcOptions,
} from '../../server/webrtc/index.ts';
import type { EventData } from '../../shared/signaling.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import type { ClipCamera } from './clip-camera.ts';
import { waitFor } from './wait.ts';
import { h264Codec, VIEWER_CAPABILITIES, WeriftViewer } from './werift-viewer.ts';

export interface WebRtcHouse {
  readonly hub: Hub;
  readonly webrtc: WebRtc;
  close(): Promise<void>;
}

/**
 * A hub whose cameras are given by name (app `live`), and real mediasoup workers behind it on loopback. `cam~sub` is the
 * second stream of `cam`.
 */
export async function openHouse(
  cameras: Readonly<Record<string, ClipCamera>>,
  options: Partial<WebRtcOptions> & { onDemand?: boolean } = {},
): Promise<WebRtcHouse> {
  const clock: Clock = systemClock;
  const byName = new Map(Object.entries(cameras));
  const hub = new Hub({
    clock,
    log: silentLogger,
    startSource: (definition, sink) => {
      const camera = byName.get(definition.name);
      if (camera === undefined) throw new Error(`no camera ${definition.name}`);
      return camera.startSource(definition, sink);
    },
    lingerMs: 200,
  });
  const { onDemand = false, ...rest } = options;
  for (const name of byName.keys()) {
    if (!name.includes('~')) hub.add(streamDefinition(name, onDemand, byName.has(`${name}~sub`)));
  }
  const webrtc = await WebRtc.start({
    clock,
    log: silentLogger,
    streams: hub,
    workers: 1,
    listen: { port: 0 },
    ...rest,
  }).catch(async (failure: unknown) => {
    await hub.close();
    throw failure;
  });
  return {
    hub,
    webrtc,
    close: async () => {
      await webrtc.close();
      await hub.close();
    },
  };
}

export function streamDefinition(name: string, onDemand = false, hasSub = false) {
  const sub = hasSub ? { sub: { url: 'rtsp://camera.test/sub' } } : {};
  return streamDefinitionSchema.parse({ name, source: { url: 'rtsp://camera.test/', ...sub }, onDemand });
}

/** A signaling session with its events, as its player sees it. */
export class TestSession {
  readonly events: ViewerEvent[] = [];
  readonly session: ViewerSession;

  constructor(webrtc: WebRtc) {
    this.session = webrtc.viewers.openSession({ onEvent: (event) => this.events.push(event) });
  }

  ofEvent<E extends ViewerEvent['event']>(event: E): Array<EventData<E>> {
    // The union says that `data` belongs to `event`; TypeScript cannot follow that through a type parameter.
    return this.events.flatMap((given) => (given.event === event ? [given.data as EventData<E>] : []));
  }

  /** Watches a stream with a headless viewer of its own and resumes it. */
  async play(stream: `${string}/${string}`): Promise<{ viewer: WeriftViewer; watchId: string }> {
    const watch = await this.session.startWatch({ stream, rtpCapabilities: VIEWER_CAPABILITIES });
    if (watch.transport === undefined) throw new Error('the session had a transport before');
    const viewer = new WeriftViewer({ video: [h264Codec(102)] });
    const fingerprint = await viewer.answer(watch.transport, watch.consumers);
    await this.session.connectTransport({
      transportId: watch.transport.id,
      dtlsParameters: { role: 'client', fingerprints: [fingerprint] },
    });
    await this.session.resumeWatch({ watchId: watch.watchId });
    return { viewer, watchId: watch.watchId };
  }
}

export function untilLive(hub: Hub, id: `${string}/${string}`): Promise<unknown> {
  return waitFor(`${id} to be live`, () => hub.get(id)?.state.state === 'live');
}
