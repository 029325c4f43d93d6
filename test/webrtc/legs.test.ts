import { afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { Hub, type LegRequest, type SourceSink, type StartLeg } from '../../server/stream/index.ts';
import { WebRtc } from '../../server/webrtc/index.ts';
import { AAC, ClipCamera, OPUS } from '../support/clip-camera.ts';
import { type Clip, encodeClip } from '../support/h264-clip.ts';
import { h265Clip } from '../support/h265-clip.ts';
import { waitFor } from '../support/wait.ts';
import { streamDefinition, TestSession, untilLive } from '../support/webrtc-house.ts';
import { h264Codec, VIEWER_CAPABILITIES, WeriftViewer } from '../support/werift-viewer.ts';

let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip();
});

const cleanups: Array<() => Promise<unknown> | unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A leg in FFmpeg's place: a test says what it gives. */
class FakeLegs {
  readonly started: LegRequest[] = [];
  readonly sinks = new Map<string, SourceSink>();
  keyFrameRequests = 0;
  closed = 0;
  /** Why none can be had. */
  refusal: string | undefined;

  readonly start: StartLeg = (request, sink) => {
    this.started.push(request);
    this.sinks.set(request.kind, sink);
    const { refusal } = this;
    if (refusal !== undefined) queueMicrotask(() => sink.waiting('TRANSCODER_BUSY', refusal, 5000));
    return {
      setWatched: () => {},
      requestKeyFrame: () => {
        this.keyFrameRequests += 1;
      },
      close: async () => {
        this.closed += 1;
      },
    };
  };
}

async function house(startSource: ConstructorParameters<typeof Hub>[0]['startSource'], legs: FakeLegs) {
  const log = silentLogger;
  const hub = new Hub({
    clock: systemClock,
    log,
    lingerMs: 100,
    startSource,
    startLeg: (request, sink) => legs.start(request, sink),
  });
  cleanups.push(() => hub.close());
  const stream = hub.add(streamDefinition('cam'));
  const webrtc = await WebRtc.start({
    clock: systemClock,
    log,
    streams: hub,
    workers: 1,
    listen: { port: 0 },
    liveTimeoutMs: 2000,
  });
  cleanups.push(() => webrtc.close());
  await untilLive(hub, 'live/cam');
  return { hub, stream, webrtc };
}

/** A camera that sends H.265, which no browser here takes. */
function h265Camera() {
  const { format, pictures } = h265Clip('closed-gop');
  return (_: unknown, sink: SourceSink) => {
    let n = 0;
    sink.playing([format], 'test');
    const timer = setInterval(() => {
      const { payloads, type } = pictures[n % pictures.length] ?? { payloads: [], type: 0 };
      const isKeyFrame = type >= 16 && type <= 23;
      sink.unit({
        kind: 'video',
        rtpTimestamp: n * 3600,
        payloads,
        isKeyFrame,
        receivedAtMs: performance.now(),
      });
      n += 1;
    }, 40);
    return { setWatched: () => {}, requestKeyFrame: () => {}, close: async () => clearInterval(timer) };
  };
}

const givePicture = (sink: SourceSink | undefined, n: number, pts90k: number) => {
  const unit = clip.units[n % clip.units.length];
  if (unit === undefined) throw new Error('the clip is empty');
  sink?.unit({
    kind: 'video',
    rtpTimestamp: 0,
    ...unit,
    receivedAtMs: performance.now(),
    place: { pts90k, wallMs: Date.now() },
  });
};

/** Enough of a picture to tell it from the others of the clip. */
const endOf = (payload: Buffer = Buffer.alloc(0)): Buffer => payload.subarray(-12);

test('AAC is announced as Opus before any leg runs, and comes from one leg on the timeline of the picture', async () => {
  const legs = new FakeLegs();
  const { hub, webrtc } = await house(new ClipCamera(clip, AAC).startSource, legs);
  expect(legs.started).toEqual([]);
  const playing = await new TestSession(webrtc).play('live/cam');
  cleanups.push(() => playing.viewer.close());
  const { viewer } = playing;
  expect(legs.started).toEqual([{ of: 'live/cam', kind: 'opus' }]);
  await waitFor('pictures, sound or not', () => viewer.ofKind('video').length > 20);
  expect(viewer.ofKind('audio')).toEqual([]);
  const sink = legs.sinks.get('opus');
  sink?.playing([OPUS], 'ffmpeg');
  // Sound for each picture, at its place, told by the picture's last bytes.
  const reader = hub.get('live/cam')?.read({
    name: 'test',
    role: 'service',
    start: 'cached',
    write: ({ pts90k, wallMs, format, payloads }) => {
      if (format.kind === 'audio') return true;
      sink?.unit({
        kind: 'audio',
        rtpTimestamp: 0,
        payloads: [Buffer.concat([Buffer.from([0xfc]), endOf(payloads.at(-1))])],
        isKeyFrame: true,
        receivedAtMs: performance.now(),
        place: { pts90k, wallMs },
      });
      return true;
    },
  });
  cleanups.push(() => reader?.close());
  await waitFor('sound', () => viewer.ofKind('audio').length > 20);
  // Each end with its time, by the last report on its kind.
  const endsOf = (kind: string, clockRate: number) => {
    const report = viewer.reports.filter((one) => one.kind === kind).at(-1);
    if (report === undefined) return [];
    return viewer
      .ofKind(kind)
      .filter(({ marker }) => marker || kind === 'audio')
      .map(({ payload, timestamp }) => ({
        end: endOf(payload).toString('hex'),
        seconds: report.ntpSeconds + ((timestamp - report.timestamp) | 0) / clockRate,
      }));
  };
  // The worker moves reports by how late the gateway's own came to it: on a busy machine one may be off, but not the next.
  await waitFor('the reports to say that sound is heard when its picture is shown', () => {
    const pictures = endsOf('video', 90_000);
    const sounds = endsOf('audio', 48_000).slice(-10);
    // The clip comes round each two seconds.
    const apart = sounds.map(({ end, seconds }) =>
      Math.min(...pictures.filter((one) => one.end === end).map((one) => Math.abs(one.seconds - seconds))),
    );
    return apart.length === 10 && Math.max(...apart) < 0.015;
  });
  const second = await new TestSession(webrtc).play('live/cam');
  cleanups.push(() => second.viewer.close());
  expect(legs.started).toHaveLength(1);
});

test('the leg of a picture that no browser takes is the picture: its key frames are asked for there, it ends with the last viewer', async () => {
  const legs = new FakeLegs();
  const { stream, webrtc } = await house(h265Camera(), legs);
  const early = new TestSession(webrtc);
  const watch = await early.session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  expect(watch).toMatchObject({ state: 'live', consumers: [] });
  expect(legs.started).toEqual([{ of: 'live/cam', kind: 'h264' }]);
  const sink = legs.sinks.get('h264');
  sink?.playing([clip.format], 'ffmpeg');
  await waitFor('the track', () => early.ofEvent('consumer.added').length === 1);

  const session = new TestSession(webrtc);
  const { viewer, watchId } = await session.play('live/cam');
  cleanups.push(() => viewer.close());
  let n = 0;
  const timer = setInterval(() => {
    // One key frame, and no other unless somebody asks.
    givePicture(sink, n === 0 ? 0 : 1 + (n % 20), 900_000 + n * 3600);
    n += 1;
  }, 40);
  cleanups.push(() => clearInterval(timer));
  await waitFor('pictures of the leg', () => viewer.ofKind('video').length > 20);
  const asked = legs.keyFrameRequests;
  viewer.askForKeyFrame();
  await waitFor('the wish to reach the leg', () => legs.keyFrameRequests > asked);
  expect(stream.state.state).toBe('live');
  expect(legs.started).toHaveLength(1);
  await session.session.stopWatch({ watchId });
  expect(legs.closed).toBe(0);
  await early.session.stopWatch({ watchId: watch.watchId });
  await waitFor('the leg to end', () => legs.closed === 1);
});

test('where the leg cannot be had, viewers are told why and are sent to HLS, and so are players of WHEP', async () => {
  const legs = new FakeLegs();
  const { webrtc } = await house(h265Camera(), legs);
  const session = new TestSession(webrtc);
  const { watchId } = await session.session.startWatch({
    stream: 'live/cam',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  const why = 'This machine converts all it can; watch it as HLS.';
  // One that starts again is no reason yet.
  legs.sinks.get('h264')?.connecting();
  legs.sinks.get('h264')?.waiting('TRANSCODER_BUSY', why, 5000);
  legs.refusal = why;
  const [closed] = await waitFor('the end', () => {
    const events = session.ofEvent('watch.closed');
    return events.length > 0 && events;
  });
  expect(closed).toMatchObject({ watchId, code: 'WEBRTC_UNSUITABLE', retryable: false });
  const player = new WeriftViewer({ video: [h264Codec(102)] });
  cleanups.push(() => player.close());
  await expect(webrtc.whep.create('live/cam', await player.offer())).rejects.toMatchObject({
    code: 'WEBRTC_UNSUITABLE',
    message: why,
  });
  // A little later it is tried anew.
  legs.refusal = undefined;
  await waitFor('another try', async () => {
    const watch = await session.session
      .startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES })
      .catch(() => undefined);
    return watch?.state === 'live';
  });
});
