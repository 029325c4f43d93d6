import { afterEach, beforeAll, expect, test } from 'vitest';
import { parseSps, type Unit } from '../../server/stream/index.ts';
import { InOrder } from '../../server/webrtc/picture-order.ts';
import { ClipCamera, PCMU } from '../support/clip-camera.ts';
import { type Clip, encodeClip } from '../support/h264-clip.ts';
import { encodeReorderedClip } from '../support/reordered-clip.ts';
import { H264, unitOf } from '../support/rtp-units.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, TestSession, untilLive } from '../support/webrtc-house.ts';
import {
  h264Codec,
  inSentOrder,
  type ReceivedPacket,
  VIEWER_CAPABILITIES,
  WeriftViewer,
} from '../support/werift-viewer.ts';

let plain: Clip;
let droppable: Clip;
let pyramid: Clip;
beforeAll(async () => {
  plain = await encodeClip();
  droppable = await encodeReorderedClip({ bFrames: 2 });
  pyramid = await encodeReorderedClip({ bFrames: 3, pyramid: true });
});

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function house(cameras: Record<string, ClipCamera>) {
  const opened = await openHouse(cameras);
  cleanups.push(() => opened.close());
  for (const name of Object.keys(cameras)) await untilLive(opened.hub, `live/${name}`);
  return opened;
}

/** Header bytes of the slices that begin in a packet. */
function sliceHeads({ payload }: ReceivedPacket): number[] {
  const head = payload.readUInt8(0);
  const type = head & 0x1f;
  if (type !== 28) return [head].filter(() => type === 1 || type === 5);
  const fragment = payload.readUInt8(1);
  return (fragment & 0x80) === 0 ? [] : [(head & 0xe0) | (fragment & 0x1f)];
}

/** The SPS of a STAP-A. */
function spsOf({ payload }: ReceivedPacket): Buffer {
  return payload.subarray(3, 3 + payload.readUInt16BE(1));
}

test('viewers get a stream without its B-pictures, in order and told so; the hub keeps them all', async () => {
  const { hub, webrtc } = await house({ cam: new ClipCamera(droppable, PCMU) });
  const seen: Unit[] = [];
  const reader = hub.get('live/cam')?.read({
    name: 'recorder',
    role: 'service',
    start: 'next',
    write: (unit) => seen.push(unit) > 0,
  });
  const { viewer } = await new TestSession(webrtc).play('live/cam');
  cleanups.push(() => viewer.close());
  await waitFor('two seconds of pictures', () => {
    const times = new Set(viewer.ofKind('video').map(({ timestamp }) => timestamp));
    return times.size > 16;
  });
  const packets = inSentOrder(viewer.ofKind('video'));
  expect(packets.flatMap(sliceHeads).every((head) => (head & 0x60) !== 0)).toBe(true);
  // Pictures three frame times apart, and no time that goes back.
  const times = [...new Set(packets.map(({ timestamp }) => timestamp))];
  const steps = times.slice(1).map((time, i) => (time - (times[i] ?? 0)) | 0);
  expect(steps.every((step) => step > 0 && step <= 4 * 3_600)).toBe(true);
  expect(new Set(steps)).toContain(3 * 3_600);
  const [first] = packets;
  const sps = first === undefined ? undefined : parseSps(spsOf(first));
  expect(sps).toMatchObject({ reorderFrames: 0, width: 320, height: 240 });
  expect(hub.get('live/cam')?.reordering).toBe('droppable');
  const pictures = seen.filter(({ format }) => format.kind === 'video');
  expect(pictures.filter(({ isReordered }) => isReordered).length).toBeGreaterThan(pictures.length / 2);
  reader?.close();
});

test('where other pictures need them, viewers are told why and where to go, and their session stays', async () => {
  const { hub, webrtc } = await house({ cam: new ClipCamera(pyramid), plain: new ClipCamera(plain) });
  const session = new TestSession(webrtc);
  // Read by a viewer or not: after some pictures it is known.
  const wait = hub.get('live/cam')?.read({
    name: 'other',
    role: 'service',
    start: 'next',
    write: () => true,
  });
  await waitFor('the pictures to be looked at', () => hub.get('live/cam')?.reordering === 'needed');
  wait?.close();
  const why = { code: 'WEBRTC_UNSUITABLE', message: expect.stringMatching(/B-frames.*HLS.*in the camera/) };
  const params = { stream: 'live/cam' as const, rtpCapabilities: VIEWER_CAPABILITIES };
  await expect(session.session.startWatch(params)).rejects.toMatchObject({
    ...why,
    status: 406,
    retryable: false,
  });
  const player = new WeriftViewer({ video: [h264Codec(102)] });
  cleanups.push(() => player.close());
  await expect(webrtc.whep.create('live/cam', await player.offer())).rejects.toMatchObject(why);
  const { viewer } = await session.play('live/plain');
  cleanups.push(() => viewer.close());
  await waitFor('pictures of the other stream', () => viewer.ofKind('video').length > 20);
});

test('a camera that is switched to such a stream ends its watches with the reason, and nothing else', async () => {
  const camera = new ClipCamera(plain);
  const { webrtc } = await house({ cam: camera, plain: new ClipCamera(plain) });
  const session = new TestSession(webrtc);
  const { viewer, watchId } = await session.play('live/cam');
  cleanups.push(() => viewer.close());
  const { watchId: other } = await session.session.startWatch({
    stream: 'live/plain',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  const player = new WeriftViewer({ video: [h264Codec(102)] });
  cleanups.push(() => player.close());
  const { sessionId } = await webrtc.whep.create('live/cam', await player.offer());
  await waitFor('pictures', () => viewer.ofKind('video').length > 20);
  camera.switchTo(pyramid);
  const [closed] = await waitFor('the watch to end', () => {
    const events = session.ofEvent('watch.closed');
    return events.length > 0 ? events : undefined;
  });
  expect(closed).toMatchObject({
    watchId,
    code: 'WEBRTC_UNSUITABLE',
    retryable: false,
    message: expect.stringContaining('HLS'),
  });
  expect(session.ofEvent('watch.closed')).toHaveLength(1);
  // A player that came by WHEP has no other word for it.
  await expect(webrtc.whep.remove(sessionId)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  await session.session.resumeWatch({ watchId: other });
  // What went out before had no picture out of its order.
  const times = inSentOrder(viewer.ofKind('video')).map(({ timestamp }) => timestamp);
  expect(times.every((time, i) => i === 0 || ((time - (times[i - 1] ?? 0)) | 0) >= 0)).toBe(true);
});

test('after a needed picture that was left out nothing comes up to the next key frame', () => {
  const inOrder = new InOrder();
  const pass = (over: Partial<Unit>) =>
    inOrder.passes({ ...unitOf(H264, [Buffer.from([0x41])], { isKeyFrame: false }), ...over });
  expect(pass({ isKeyFrame: true })).toBe(true);
  expect(pass({})).toBe(true);
  expect(pass({ isReordered: true, isDisposable: true })).toBe(false);
  expect(pass({ isReordered: false })).toBe(true);
  expect(pass({ isReordered: true })).toBe(false);
  expect(pass({})).toBe(false);
  expect(pass({ isReordered: true, isDisposable: true })).toBe(false);
  expect(pass({ isKeyFrame: true })).toBe(true);
  expect(pass({ isDisposable: true })).toBe(true);
});

test('a resting stream wakes up for its viewer, and says so as soon as it is seen', async () => {
  const opened = await openHouse({ cam: new ClipCamera(pyramid) }, { onDemand: true });
  cleanups.push(() => opened.close());
  const session = new TestSession(opened.webrtc);
  const { watchId } = await session.session.startWatch({
    stream: 'live/cam',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  const [closed] = await waitFor('the watch to end', () => {
    const events = session.ofEvent('watch.closed');
    return events.length > 0 ? events : undefined;
  });
  expect(closed).toMatchObject({ watchId, code: 'WEBRTC_UNSUITABLE' });
  // It rests again, so it may have been set otherwise the next time.
  await waitFor('it to rest', () => opened.hub.get('live/cam')?.state.state === 'idle');
  const again = await session.session.startWatch({
    stream: 'live/cam',
    rtpCapabilities: VIEWER_CAPABILITIES,
  });
  await waitFor('that watch to end', () =>
    session.ofEvent('watch.closed').some((event) => event.watchId === again.watchId),
  );
});
