import { afterEach, beforeAll, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../server/base/log.ts';
import { PLAYOUT_DELAY_URI } from '../../server/webrtc/rtp-parameters.ts';
import { AAC, ClipCamera, PCMA, PCMU } from '../support/clip-camera.ts';
import { type Clip, encodeClip } from '../support/h264-clip.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, streamDefinition, TestSession, untilLive } from '../support/webrtc-house.ts';
import type { ReceivedPacket, WeriftViewer } from '../support/werift-viewer.ts';
import { inSentOrder, VIEWER_CAPABILITIES } from '../support/werift-viewer.ts';

let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip();
});

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function house(camera: ClipCamera, options: Parameters<typeof openHouse>[1] = {}) {
  const opened = await openHouse({ cam: camera }, options);
  cleanups.push(() => opened.close());
  return opened;
}

async function play(session: TestSession) {
  const playing = await session.play('live/cam');
  cleanups.push(() => playing.viewer.close());
  return playing;
}

const enough = (viewer: WeriftViewer, count = 50) =>
  waitFor(`${count} video packets`, () => viewer.ofKind('video').length > count);

/** NAL unit types of a packet's payload; the first fragment of a FU-A counts as the unit. */
function nalTypes({ payload }: ReceivedPacket): number[] {
  const type = payload.readUInt8(0) & 0x1f;
  if (type === 28) {
    const header = payload.readUInt8(1);
    return (header & 0x80) === 0 ? [] : [header & 0x1f];
  }
  if (type !== 24) return [type];
  const types: number[] = [];
  for (let at = 1; at < payload.length; at += 2 + payload.readUInt16BE(at)) {
    types.push(payload.readUInt8(at + 2) & 0x1f);
  }
  return types;
}

/**
 * The first `count` packets of the picture, none missing, in the order in which they were sent: on a busy machine
 * a viewer's socket overflows, and what it asks for again comes late.
 */
const wholeRun = (viewer: WeriftViewer, count: number) =>
  waitFor(`${count} video packets without a hole`, () => {
    const run = inSentOrder(viewer.ofKind('video')).slice(0, count);
    const isWhole = run.every(
      ({ sequence }, index) => sequence === ((run[0]?.sequence ?? 0) + index) % 0x10000,
    );
    return run.length === count && isWhole ? run : undefined;
  });

test('the first packet is a STAP-A of SPS and PPS, the IDR follows, every packet fits and says: no delay', async () => {
  const { hub, webrtc } = await house(
    // Key frames of many packets; yet all of a second, which comes at once, fits into the viewer's socket (Linux: 212992
    // bytes, of which a packet takes 2304), for a hole that it leaves may stay.
    new ClipCamera(await encodeClip({ bitrate: '500k', width: 640, height: 360 })),
  );
  await untilLive(hub, 'live/cam');
  const { viewer } = await play(new TestSession(webrtc));
  const packets = await wholeRun(viewer, 200);
  const [parameterSets, ...following] = packets;
  // The clip's first key frame begins with a message of its encoder (SEI).
  const idr = following.find((packet) => !nalTypes(packet).includes(6));
  if (parameterSets === undefined || idr === undefined) throw new Error('no packets');
  expect(nalTypes(parameterSets)).toEqual([7, 8]);
  expect(nalTypes(idr)).toEqual([5]);
  expect(idr.timestamp).toBe(parameterSets.timestamp);
  // A key frame comes with its parameter sets every time, not only at first.
  const pictures = Map.groupBy(packets, ({ timestamp }) => timestamp);
  const keyFrames = [...pictures.values()].filter((picture) =>
    picture.some((packet) => nalTypes(packet).includes(5)),
  );
  expect(keyFrames.length).toBeGreaterThan(1);
  for (const [first] of keyFrames) expect(first && nalTypes(first)).toEqual([7, 8]);
  // 1200 bytes with header and extension are at most 1180 of payload.
  expect(Math.max(...packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1180);
  const playoutDelay = VIEWER_CAPABILITIES.headerExtensions?.find(({ uri }) => uri === PLAYOUT_DELAY_URI);
  for (const packet of packets) {
    expect(packet.extensions.get(playoutDelay?.preferredId ?? 0)).toEqual(Buffer.from([0, 0, 0]));
  }
});

// A viewer that a busy machine lets connect only a second after the key frame has to wait for the next one, rightly.
test('the first viewer is shown the key frame from just before it came, not the next one', {
  retry: 2,
}, async () => {
  // The next key frame is 20 s away, longer than anything here waits.
  const { hub, webrtc } = await house(new ClipCamera(await encodeClip({ frames: 500, keyFrameEvery: 500 })));
  await untilLive(hub, 'live/cam');
  const { viewer } = await play(new TestSession(webrtc));
  await enough(viewer, 20);
  const [first] = inSentOrder(viewer.ofKind('video'));
  expect(first && nalTypes(first)).toEqual([7, 8]);
});

test('a key frame from long before the first viewer is not sent, for all since then would be one burst', async () => {
  const { hub, webrtc } = await house(new ClipCamera(await encodeClip({ frames: 500, keyFrameEvery: 500 })));
  await untilLive(hub, 'live/cam');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const { viewer } = await play(new TestSession(webrtc));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(viewer.ofKind('video')).toHaveLength(0);
});

test('the transport comes with the first watch only; consumers come paused and bring nothing till resumed', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip, PCMU));
  await untilLive(hub, 'live/cam');
  const session = new TestSession(webrtc);
  const { viewer, watchId } = await play(session);
  await enough(viewer);
  await waitFor('sound', () => viewer.ofKind('audio').length > 10);
  const again = await session.session.startWatch({
    stream: 'live/cam',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  expect(again.transport).toBeUndefined();
  expect(again.consumers.map(({ kind }) => kind)).toEqual(['video', 'audio']);
  expect(again.state).toBe('live');

  await session.session.pauseWatch({ watchId });
  const paused = await waitFor('silence', async () => {
    const before = viewer.packets.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return viewer.packets.length === before ? before : undefined;
  });
  await session.session.resumeWatch({ watchId });
  await waitFor('packets again', () => viewer.packets.length > paused + 20);
});

test('what belongs to another session, or to nobody, is refused', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const mine = new TestSession(webrtc);
  const { watchId } = await play(mine);
  const other = new TestSession(webrtc).session;
  await expect(other.resumeWatch({ watchId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(other.stopWatch({ watchId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(other.restartIce({ transportId: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(
    other.startWatch({ stream: 'live/nothing', rtpCapabilities: VIEWER_CAPABILITIES }),
  ).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  hub.add({ ...streamDefinition('probe-1'), app: 'internal', onDemand: true });
  await expect(
    other.startWatch({ stream: 'internal/probe-1', rtpCapabilities: VIEWER_CAPABILITIES }),
  ).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  await expect(
    other.startWatch({ stream: 'live/cam', rtpCapabilities: { codecs: [] } }),
  ).rejects.toMatchObject({ code: 'NO_COMMON_CODEC' });
});

test('a transport is connected once, ICE restarts give new parameters, a closed session takes nothing', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const { session } = new TestSession(webrtc);
  const { transport } = await session.startWatch({
    stream: 'live/cam',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  if (transport === undefined) throw new Error('no transport');
  const fingerprints = [{ algorithm: 'sha-256' as const, value: Array(32).fill('AB').join(':') }];
  const connect = () =>
    session.connectTransport({ transportId: transport.id, dtlsParameters: { role: 'client', fingerprints } });
  await connect();
  await expect(connect()).rejects.toMatchObject({ code: 'CONFLICT' });
  const restarted = await session.restartIce({ transportId: transport.id });
  expect(restarted.iceParameters.usernameFragment).not.toBe(transport.iceParameters.usernameFragment);
  session.close();
  session.close();
  await expect(
    session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES }),
  ).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

test('a session watches at most 64 streams at a time', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const { session } = new TestSession(webrtc);
  const start = () => session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  const watches = await Promise.all(Array.from({ length: 64 }, start));
  expect(watches.filter(({ transport }) => transport !== undefined)).toHaveLength(1);
  await expect(start()).rejects.toMatchObject({ code: 'TOO_MANY_VIEWERS' });
  await session.stopWatch({ watchId: watches[0]?.watchId ?? '' });
  await start();
  expect(webrtc.viewersOf('live/cam')).toBe(64);
  session.close();
  expect(webrtc.viewersOf('live/cam')).toBe(0);
});

test('a camera that goes and comes back costs a pause: same consumers, SSRC and sequence', async () => {
  const camera = new ClipCamera(clip, PCMU);
  const { hub, webrtc } = await house(camera);
  await untilLive(hub, 'live/cam');
  const session = new TestSession(webrtc);
  const { viewer } = await play(session);
  await enough(viewer);
  camera.lose();
  await waitFor('the state', () => session.ofEvent('stream.state').some(({ state }) => state === 'waiting'));
  const before = viewer.ofKind('video').length;
  camera.restore();
  const packets = await wholeRun(viewer, before + 50);
  expect(new Set(viewer.ofKind('video').map(({ ssrc }) => ssrc)).size).toBe(1);
  const timestamps = packets.map(({ timestamp }) => (timestamp - (packets[0]?.timestamp ?? 0)) >>> 0);
  expect(timestamps).toEqual([...timestamps].sort((a, b) => a - b));
  expect(session.ofEvent('consumer.closed')).toEqual([]);
  expect(session.ofEvent('stream.state').at(-1)).toMatchObject({ stream: 'live/cam', state: 'live' });
  expect(session.ofEvent('stream.state')[0]?.reason).toMatchObject({ code: 'CAMERA_UNREACHABLE' });
});

test('another audio codec is another consumer; the picture stays', async () => {
  const camera = new ClipCamera(clip, PCMU);
  const { hub, webrtc } = await house(camera);
  await untilLive(hub, 'live/cam');
  const session = new TestSession(webrtc);
  const { watchId } = await play(session);
  camera.lose();
  camera.audio = PCMA;
  camera.restore();
  const [added] = await waitFor('the new track', () => {
    const events = session.ofEvent('consumer.added');
    return events.length > 0 ? events : undefined;
  });
  expect(added).toMatchObject({ watchId, consumer: { kind: 'audio' } });
  expect(JSON.stringify(added?.consumer.rtpParameters)).toContain('audio/PCMA');
  expect(session.ofEvent('consumer.closed')).toHaveLength(1);
  const kinds = session.events.map(({ event }) => event).filter((event) => event.startsWith('consumer.'));
  expect(kinds).toEqual(['consumer.closed', 'consumer.added']);
});

test('a track that browsers cannot take is left out', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip, AAC));
  await untilLive(hub, 'live/cam');
  const { session } = new TestSession(webrtc);
  const watch = await session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  expect(watch.consumers.map(({ kind }) => kind)).toEqual(['video']);
});

test('a watch of a stream that is not live answers at once; its tracks follow', async () => {
  const camera = new ClipCamera(clip, PCMU);
  camera.lose();
  const { hub, webrtc } = await house(camera, { onDemand: true });
  expect(hub.get('live/cam')?.state.state).toBe('idle');
  const session = new TestSession(webrtc);
  const watch = await session.session.startWatch({
    stream: 'live/cam',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  expect(watch.consumers).toEqual([]);
  expect(watch.transport).toBeDefined();
  expect(watch).toMatchObject({
    state: 'waiting',
    reason: { code: 'CAMERA_UNREACHABLE', message: 'The camera does not answer.' },
  });
  camera.restore();
  await waitFor('both tracks', () => session.ofEvent('consumer.added').length === 2);
  const kinds = session.ofEvent('consumer.added').map(({ consumer }) => consumer.kind);
  expect(kinds).toEqual(['video', 'audio']);
  session.session.close();
  await waitFor('the camera to rest', () => hub.get('live/cam')?.state.state === 'idle');
});

test('a removed stream ends its watches, and a later one of that name can be watched', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const session = new TestSession(webrtc);
  const { watchId } = await play(session);
  await hub.remove('live/cam');
  expect(session.ofEvent('watch.closed')).toEqual([{ watchId, code: 'STREAM_NOT_FOUND', retryable: false }]);
  await expect(session.session.resumeWatch({ watchId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  hub.add(streamDefinition('cam'));
  await untilLive(hub, 'live/cam');
  const again = await session.session.startWatch({
    stream: 'live/cam',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  expect(again.consumers).toHaveLength(1);
});

test('a removed stream leaves nothing behind that the media worker complains of', async () => {
  const troubles: unknown[] = [];
  const trouble = (fields: object, message: string) => troubles.push({ ...fields, message });
  const log: Logger = { ...silentLogger, warn: trouble, error: trouble, child: () => log };
  const { hub, webrtc } = await house(new ClipCamera(clip, PCMU), { log });
  await untilLive(hub, 'live/cam');
  const session = new TestSession(webrtc);
  await play(session);
  await hub.remove('live/cam');
  hub.add(streamDefinition('cam'));
  await untilLive(hub, 'live/cam');
  // An answer of the worker, behind all that it had to say of the removal; what waits for the log comes with the end.
  await session.session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  await webrtc.close();
  expect(troubles).toEqual([]);
});

test('viewers who ask for key frames without end make the camera send few', async () => {
  const camera = new ClipCamera(await encodeClip({ frames: 250, keyFrameEvery: 250 }));
  const { hub, webrtc } = await house(camera);
  await untilLive(hub, 'live/cam');
  const sessions = Array.from({ length: 5 }, () => new TestSession(webrtc));
  const startedAtMs = performance.now();
  await Promise.all(sessions.map((session) => play(session)));
  await waitFor('a request', () => camera.keyFrameRequests > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const seconds = (performance.now() - startedAtMs) / 1000;
  expect(camera.keyFrameRequests).toBeLessThanOrEqual(1 + Math.ceil(seconds / 2));
});
