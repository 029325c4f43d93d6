import { startLoadCameras, startUdpCameras } from '../camera/load-cameras.ts';
import type { SentLog } from '../camera/sent-log.ts';
import { CAMERA_FOOTAGE } from '../media/footage.ts';
import { startRelay } from '../relay/relay.ts';
import type { Bench, BenchContext } from '../support/bench.ts';
import { monotonicMs, sleep } from '../support/clock.ts';
import { startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';
import { withClosers } from '../support/with-closers.ts';
import type { ReceivedLog } from '../viewers/received-log.ts';
import { startUdpReceiver, startViewers } from '../viewers/viewers.ts';
import { type Matched, matchPictures } from './match.ts';

/** Time for the last pictures to come in. */
const TRAIL_MS = 500;

/** Added latency of gateway and of relay, with one camera and with many. */
export const latencyBench: Bench = {
  name: 'latency',
  summary: 'added latency from the camera’s last packet to the viewer’s, beside a plain UDP relay',
  async run(context) {
    const figures: Figure[] = [];
    for (const cameras of new Set([1, context.cameras])) {
      const relay = await measureRelay(context, cameras);
      const gateway = await measureGateway(context, cameras);
      figures.push(...figuresOf(cameras, gateway, relay, cameras === context.cameras));
    }
    return {
      title: 'Added latency: last packet of a picture at the camera’s socket to its last packet at a viewer',
      figures,
      notes: [
        'Each camera sends 4 Mbit/s (1280x720, 25 frames/s, a key frame each second) and is watched once.',
        'Gateway: RTSP over TCP in, WebRTC (SRTP) out to libdatachannel. Relay: a Node process that forwards UDP packets.',
      ],
    };
  },
};

function figuresOf(cameras: number, gateway: Matched, relay: Matched, isFullLoad: boolean): Figure[] {
  const who = cameras === 1 ? '1 camera' : `${cameras} cameras`;
  const figures: Figure[] = [];
  for (const [name, share, target] of [
    ['p50', 0.5, 2],
    ['p99', 0.99, 10],
  ] as const) {
    const through = percentile(gateway.latenciesMs, share);
    const beside = percentile(relay.latenciesMs, share);
    const add = (id: string, what: string, value: number, goal?: number) =>
      figures.push({
        id: `latency.${cameras}.${id}.${name}`,
        what: `${who}: ${what} ${name}`,
        value,
        unit: 'ms',
        ...(goal === undefined ? {} : { target: goal }),
      });
    add('gateway', 'gateway', through);
    add('relay', 'relay', beside);
    add('added', 'gateway above relay', through - beside, isFullLoad ? target : undefined);
  }
  figures.push(
    count(`latency.${cameras}.pictures`, `${who}: pictures timed`, gateway.latenciesMs.length),
    count(`latency.${cameras}.lost`, `${who}: pictures lost in the gateway`, gateway.lost, 0),
    count(`latency.${cameras}.relayLost`, `${who}: pictures lost in the relay`, relay.lost),
  );
  return figures;
}

function count(id: string, what: string, value: number, target?: number): Figure {
  return { id, what, value, unit: '', ...(target === undefined ? {} : { target }) };
}

async function measureGateway(context: BenchContext, cameras: number): Promise<Matched> {
  context.progress(`gateway with ${cameras} cameras`);
  return withClosers(context, async (closers) => {
    const load = await startLoadCameras({ cameras, spec: CAMERA_FOOTAGE });
    closers.add(() => load.close());
    const gateway = await startGateway({ cameras: load.urls });
    closers.add(() => gateway.close());
    await gateway.live();
    const viewers = startViewers();
    closers.add(() => viewers.close());
    for (let camera = 0; camera < cameras; camera += 1) {
      await viewers.watch(`${gateway.url}/whep/live/cam${camera}`, camera);
    }
    return measure(context, load, viewers);
  });
}

async function measureRelay(context: BenchContext, cameras: number): Promise<Matched> {
  context.progress(`relay with ${cameras} cameras`);
  return withClosers(context, async (closers) => {
    const receiver = await startUdpReceiver(cameras);
    closers.add(() => receiver.close());
    const relay = await startRelay(receiver.port);
    closers.add(() => relay.close());
    const load = await startUdpCameras({ cameras, spec: CAMERA_FOOTAGE, port: relay.port });
    closers.add(() => load.close());
    return measure(context, load, receiver);
  });
}

interface Side<T> {
  takeLogs(): Promise<T[]>;
}

async function measure(
  context: BenchContext,
  cameras: Side<SentLog>,
  viewers: Side<ReceivedLog>,
): Promise<Matched> {
  await sleep(context.settleMs);
  const fromMs = monotonicMs();
  await sleep(context.seconds * 1000);
  const toMs = monotonicMs();
  await sleep(TRAIL_MS);
  const received = await viewers.takeLogs();
  const sent = await cameras.takeLogs();
  const matches = received.flatMap((log) => {
    const from = sent[log.camera];
    return from === undefined ? [] : [matchPictures(from, log, { fromMs, toMs })];
  });
  return {
    latenciesMs: matches.flatMap((match) => match.latenciesMs),
    lost: matches.reduce((sum, match) => sum + match.lost, 0),
  };
}
