import { afterEach, beforeAll, expect, test } from 'vitest';
import type { WireConsumer } from '../../shared/signaling.ts';
import { ClipCamera, PCMU } from '../support/clip-camera.ts';
import { type Clip, encodeClip } from '../support/h264-clip.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, TestSession, untilLive } from '../support/webrtc-house.ts';
import { h264Codec, VIEWER_CAPABILITIES, WeriftViewer } from '../support/werift-viewer.ts';

let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip();
});

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function house(options: { onDemand?: boolean; withSub?: boolean } = {}) {
  const main = new ClipCamera(clip, PCMU);
  const sub = new ClipCamera(clip, PCMU);
  const cameras = options.withSub === false ? { cam: main } : { cam: main, 'cam~sub': sub };
  const opened = await openHouse(cameras, { onDemand: options.onDemand ?? false });
  cleanups.push(() => opened.close());
  const session = new TestSession(opened.webrtc);
  return { ...opened, main, sub, session };
}

const start = ({ session }: TestSession, wish: { quality?: 'main' | 'sub'; sound?: boolean }) =>
  session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES, ...wish });
const kinds = (consumers: readonly WireConsumer[]) => consumers.map(({ kind }) => kind).sort();

test('a tile asks for the second stream without sound: one consumer, and the camera is dialled for that one alone', async () => {
  const { hub, session, main, sub } = await house({ onDemand: true });
  const watch = await start(session, { quality: 'sub', sound: false });
  expect(watch).toMatchObject({ qualities: ['main', 'sub'], given: 'sub', consumers: [] });
  const added = await waitFor('its picture', () => session.ofEvent('consumer.added')[0]);
  expect(added.consumer.kind).toBe('video');
  expect(hub.get('live/cam')?.state.state).toBe('idle');
  expect([main.connections, sub.connections]).toEqual([0, 1]);
  // The state is that of what it is given.
  expect(session.ofEvent('stream.state').at(-1)).toEqual({ stream: 'live/cam', state: 'live' });
  // The next tile of it has its consumer with the answer.
  const next = await start(session, { quality: 'sub', sound: false });
  expect(kinds(next.consumers)).toEqual(['video']);
});

test('enlarged it gets the stream itself with its sound, and small again the second one', async () => {
  const { hub, session } = await house();
  await untilLive(hub, 'live/cam');
  const { watchId } = await start(session, { quality: 'sub', sound: false });
  const small = await waitFor('its picture', () => session.ofEvent('consumer.added')[0]);
  await session.session.resumeWatch({ watchId });
  await session.session.setQuality({ watchId, quality: 'main', sound: true });
  await waitFor('the event', () => session.ofEvent('watch.quality').length === 1);
  expect(session.ofEvent('watch.quality')).toEqual([{ watchId, given: 'main' }]);
  expect(session.ofEvent('consumer.closed')).toEqual([{ watchId, consumerId: small.consumer.id }]);
  const large = session.ofEvent('consumer.added').slice(1);
  expect(kinds(large.map(({ consumer }) => consumer))).toEqual(['audio', 'video']);
  await session.session.setQuality({ watchId, quality: 'sub', sound: false });
  await waitFor('the second stream again', () => session.ofEvent('watch.quality').length === 2);
  const gone = session.ofEvent('consumer.closed').map(({ consumerId }) => consumerId);
  expect(gone.slice(1).sort()).toEqual(large.map(({ consumer }) => consumer.id).sort());
  expect(kinds(session.ofEvent('consumer.added').map(({ consumer }) => consumer))).toEqual([
    ...['audio', 'video', 'video', 'video'],
  ]);
});

test('sound is the stream itself, and comes and goes alone', async () => {
  const { hub, session } = await house();
  await untilLive(hub, 'live/cam');
  const { watchId, consumers } = await start(session, { quality: 'sub' });
  expect(kinds(consumers)).toEqual(['audio']);
  await waitFor('its picture', () => session.ofEvent('consumer.added').length === 1);
  await session.session.setQuality({ watchId, sound: false });
  const closed = await waitFor('the end of its sound', () => session.ofEvent('consumer.closed')[0]);
  expect(closed.consumerId).toBe(consumers[0]?.id);
  await session.session.setQuality({ watchId, sound: true });
  await waitFor('its sound', () => session.ofEvent('consumer.added').length === 2);
  expect(session.ofEvent('consumer.added')[1]?.consumer.kind).toBe('audio');
  expect(session.ofEvent('watch.quality')).toEqual([]);
});

test('without a second stream there is the stream itself', async () => {
  const { hub, session } = await house({ withSub: false });
  await untilLive(hub, 'live/cam');
  const watch = await start(session, { quality: 'sub' });
  expect(watch).toMatchObject({ qualities: ['main'], given: 'main' });
  expect(kinds(watch.consumers)).toEqual(['audio', 'video']);
});

test('one that is paused awaits nothing, and gets what it asked for when it goes on', async () => {
  const { session, sub } = await house({ onDemand: true });
  sub.lose();
  const { watchId } = await start(session, { quality: 'sub', sound: false });
  await session.session.pauseWatch({ watchId });
  await session.session.setQuality({ watchId, sound: true });
  await session.session.setQuality({ watchId, sound: false });
  sub.restore();
  await session.session.resumeWatch({ watchId });
  const added = await waitFor('its picture', () =>
    session.ofEvent('consumer.added').find(({ consumer }) => consumer.kind === 'video'),
  );
  expect(added.watchId).toBe(watchId);
  expect(session.ofEvent('watch.quality')).toEqual([]);
});

test('who asks for the other picture while the second one is still awaited does not wait for it', async () => {
  const { hub, session, sub } = await house();
  await untilLive(hub, 'live/cam');
  sub.lose();
  const { watchId, consumers } = await start(session, { quality: 'sub', sound: false });
  expect(consumers).toEqual([]);
  await session.session.setQuality({ watchId, quality: 'main' });
  await waitFor('the stream itself', () => session.ofEvent('watch.quality').length === 1);
  expect(session.ofEvent('consumer.added').map(({ consumer }) => consumer.kind)).toEqual(['video']);
  expect(session.ofEvent('consumer.closed')).toEqual([]);
});

test('pictures come of what is given, each from a key frame on', async () => {
  const { hub, session } = await house({ onDemand: true });
  const watch = await session.session.startWatch({
    ...{ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES, quality: 'sub', sound: false },
  });
  const { watchId, transport } = watch;
  if (transport === undefined) throw new Error('no transport');
  const viewer = new WeriftViewer({ video: [h264Codec(102)] });
  cleanups.push(() => viewer.close());
  const added = () => session.ofEvent('consumer.added').map(({ consumer }) => consumer);
  const plays = async (count: number) => {
    const consumer = await waitFor('a consumer', () => added()[count - 1]);
    const fingerprint = await viewer.answer(transport, added());
    if (count === 1) {
      await session.session.connectTransport({
        transportId: transport.id,
        dtlsParameters: { role: 'client', fingerprints: [fingerprint] },
      });
    }
    await session.session.resumeWatch({ watchId });
    const encodings = consumer.rtpParameters.encodings as Array<{ ssrc: number }>;
    await waitFor(
      `its pictures (${count})`,
      () => viewer.ofKind('video').filter(({ ssrc }) => ssrc === encodings[0]?.ssrc).length > 50,
    );
    return viewer.ofKind('video').find(({ ssrc }) => ssrc === encodings[0]?.ssrc);
  };
  const first = await plays(1);
  expect((first?.payload[0] ?? 0) & 0x1f).toBe(24);
  expect(hub.get('live/cam')?.state.state).toBe('idle');
  await session.session.setQuality({ watchId, quality: 'main' });
  const second = await plays(2);
  expect((second?.payload[0] ?? 0) & 0x1f).toBe(24);
  await session.session.setQuality({ watchId, quality: 'sub' });
  const third = await plays(3);
  expect((third?.payload[0] ?? 0) & 0x1f).toBe(24);
});
