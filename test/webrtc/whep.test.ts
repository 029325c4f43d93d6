import { afterEach, beforeAll, expect, test } from 'vitest';
import { RTCRtpCodecParameters } from 'werift';
import { type Clock, systemClock } from '../../server/base/clock.ts';
import { ClipCamera, OPUS, PCMA } from '../support/clip-camera.ts';
import { type Clip, encodeClip } from '../support/h264-clip.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, streamDefinition, untilLive } from '../support/webrtc-house.ts';
import { h264Codec, inSentOrder, WeriftViewer } from '../support/werift-viewer.ts';

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

function newViewer(options: ConstructorParameters<typeof WeriftViewer>[0]): WeriftViewer {
  const viewer = new WeriftViewer(options);
  cleanups.push(() => viewer.close());
  return viewer;
}

const rtx = (payloadType: number, apt: number) =>
  new RTCRtpCodecParameters({
    mimeType: 'video/rtx',
    clockRate: 90_000,
    payloadType,
    parameters: `apt=${apt}`,
  });

test('packets come under the payload types of the offer, parameter sets first, and sound with them', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip, OPUS));
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({
    video: [h264Codec(115), rtx(98, 115)],
    audio: [
      new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 121 }),
    ],
  });
  const { sessionId, answerSdp, etag } = await webrtc.whep.create('live/cam', await viewer.offer());
  expect(sessionId).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
  expect(etag).toMatch(/^"[A-Za-z0-9_-]+"$/);
  expect(answerSdp).toContain('a=ice-lite\r\n');
  expect(answerSdp).toContain('a=setup:passive\r\n');
  expect(answerSdp).toMatch(/m=video 9 UDP\/TLS\/RTP\/SAVPF 115 98\r\n/);
  expect(answerSdp).toMatch(/a=fmtp:98 apt=115\r\n/);
  expect(answerSdp).toMatch(/m=audio 9 UDP\/TLS\/RTP\/SAVPF 121\r\n/);
  expect(answerSdp).toMatch(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host\r\n/);
  await viewer.acceptAnswer(answerSdp);
  await waitFor('packets', () => viewer.ofKind('video').length > 50 && viewer.ofKind('audio').length > 5);
  const video = inSentOrder(viewer.ofKind('video'));
  expect(new Set(video.map(({ payloadType }) => payloadType))).toEqual(new Set([115]));
  expect(new Set(viewer.ofKind('audio').map(({ payloadType }) => payloadType))).toEqual(new Set([121]));
  expect((video[0]?.payload.readUInt8(0) ?? 0) & 0x1f).toBe(24);

  expect(webrtc.viewersOf('live/cam')).toBe(1);
  await webrtc.whep.remove(sessionId);
  expect(webrtc.viewersOf('live/cam')).toBe(0);
  await expect(webrtc.whep.remove(sessionId)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

test('sound that the offer does not take is refused in its section, the picture goes on', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip, PCMA));
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({
    video: [h264Codec(100)],
    audio: [
      new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 121 }),
    ],
  });
  const { answerSdp } = await webrtc.whep.create('live/cam', await viewer.offer());
  expect(answerSdp).toMatch(/m=audio 0 UDP\/TLS\/RTP\/SAVPF 121\r\n/);
  await viewer.acceptAnswer(answerSdp);
  await waitFor('packets', () => viewer.ofKind('video').length > 20);
});

test('sound that a camera comes back without is heard again once it is there again, on the same track', async () => {
  const camera = new ClipCamera(clip, OPUS);
  const { hub, webrtc } = await house(camera);
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({ video: [h264Codec(102)] });
  const { answerSdp } = await webrtc.whep.create('live/cam', await viewer.offer());
  await viewer.acceptAnswer(answerSdp);
  await waitFor('sound', () => viewer.ofKind('audio').length > 5);
  for (const audio of [undefined, OPUS]) {
    const before = { audio: viewer.ofKind('audio').length, video: viewer.ofKind('video').length };
    camera.lose();
    camera.audio = audio;
    camera.restore();
    await waitFor('the picture', () => viewer.ofKind('video').length > before.video + 30);
    if (audio !== undefined)
      await waitFor('sound again', () => viewer.ofKind('audio').length > before.audio + 10);
  }
  expect(new Set(viewer.ofKind('audio').map(({ ssrc }) => ssrc)).size).toBe(1);
});

test('trickled candidates are taken silently, other ICE parameters restart ICE', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({ video: [h264Codec(100)] });
  const offer = await viewer.offer();
  const { sessionId, etag, answerSdp } = await webrtc.whep.create('live/cam', offer);
  const ufrag = /a=ice-ufrag:(\S+)/.exec(offer)?.[1];
  const pwd = /a=ice-pwd:(\S+)/.exec(offer)?.[1];
  const candidate =
    'm=video 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host\r\n';
  const same = `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\n${candidate}`;
  expect(await webrtc.whep.trickle(sessionId, same, etag)).toEqual({ etag });
  expect(await webrtc.whep.trickle(sessionId, candidate)).toEqual({ etag });
  const conflict = webrtc.whep.trickle(sessionId, same, '"another"');
  await expect(conflict).rejects.toMatchObject({ code: 'CONFLICT' });

  const other = `a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n${candidate}`;
  const restarted = await webrtc.whep.trickle(sessionId, other, '*');
  expect(restarted.etag).not.toBe(etag);
  const newUfrag = /a=ice-ufrag:(\S+)/.exec(restarted.answer ?? '')?.[1];
  expect(newUfrag).toBeDefined();
  expect(answerSdp).not.toContain(newUfrag);
  expect(restarted.answer).toMatch(/a=candidate:/);
  const broken = webrtc.whep.trickle(sessionId, 'a=ice-ufrag:abcd\r\n');
  await expect(broken).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  const unknown = webrtc.whep.trickle('nobody', candidate);
  await expect(unknown).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

test('an offer waits for a stream on demand, and is told why it stays away', async () => {
  const camera = new ClipCamera(clip);
  const { hub, webrtc } = await house(camera, { onDemand: true, liveTimeoutMs: 300 });
  expect(hub.get('live/cam')?.state.state).toBe('idle');
  const viewer = newViewer({ video: [h264Codec(100)] });
  const offer = await viewer.offer();
  await webrtc.whep.create('live/cam', offer);
  camera.lose();
  await waitFor('the state', () => hub.get('live/cam')?.state.state === 'waiting');
  await expect(webrtc.whep.create('live/cam', offer)).rejects.toMatchObject({
    code: 'STREAM_NOT_LIVE',
    message: 'The camera does not answer.',
  });
});

test('offers that cannot be answered are refused with the reason', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const { whep } = webrtc;
  const vp8 = newViewer({
    video: [new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90_000, payloadType: 96 })],
  });
  await expect(whep.create('live/cam', await vp8.offer())).rejects.toMatchObject({ code: 'NO_COMMON_CODEC' });
  const viewer = newViewer({ video: [h264Codec(100)] });
  const offer = await viewer.offer();
  hub.add({ ...streamDefinition('probe-1'), app: 'internal', onDemand: true });
  for (const nobodys of ['live/none', 'internal/probe-1'] as const)
    await expect(whep.create(nobodys, offer)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  await expect(whep.create('live/cam', 'hello')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  const withoutFingerprint = offer.replace(/a=fingerprint.*\r\n/g, '');
  await expect(whep.create('live/cam', withoutFingerprint)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  const tooLong = offer + 'a=x:'.padEnd(70_000, 'x');
  await expect(whep.create('live/cam', tooLong)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(whep.size).toBe(0);
  expect(webrtc.viewersOf('live/cam')).toBe(0);
});

test('players of many kinds get routers of their own, which do not pile up', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({ video: [h264Codec(100)] });
  const offer = await viewer.offer();
  for (let payloadType = 96; payloadType < 127; payloadType += 1) {
    const renumbered = offer.replaceAll(
      /(m=video \S+ \S+ |a=(?:rtpmap|fmtp|rtcp-fb):)100/g,
      `$1${payloadType}`,
    );
    const { sessionId, answerSdp } = await webrtc.whep.create('live/cam', renumbered);
    expect(answerSdp).toContain(`a=rtpmap:${payloadType} H264/90000`);
    await webrtc.whep.remove(sessionId);
  }
  expect((await webrtc.stats()).workers[0]?.routers).toBeLessThanOrEqual(7);
});

/** A clock on which long waits are over a hundred times sooner. */
const hastyClock: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(delayMs > 5000 ? delayMs / 100 : delayMs, callback),
};

test('a player that never connects is forgotten', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip), { clock: hastyClock });
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({ video: [h264Codec(100)] });
  await webrtc.whep.create('live/cam', await viewer.offer());
  expect(webrtc.whep.size).toBe(1);
  await waitFor('the end', () => webrtc.whep.size === 0);
  expect(webrtc.viewersOf('live/cam')).toBe(0);
});

test('a player whose certificate is not that of its offer gets nothing', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({ video: [h264Codec(100)] });
  const offer = await viewer.offer();
  const forged = offer.replaceAll(/(a=fingerprint:sha-256 )\S+/g, `$1${Array(32).fill('AB').join(':')}`);
  const { answerSdp } = await webrtc.whep.create('live/cam', forged);
  await viewer.acceptAnswer(answerSdp);
  await waitFor('the end', () => webrtc.whep.size === 0);
  expect(viewer.packets).toEqual([]);
  expect(webrtc.isReady).toBe(true);
});

test('an offer that a removal overtakes is told that there is no such stream', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  const refusals: unknown[] = [];
  for (let steps = 0; steps < 12; steps += 1) {
    if (hub.get('live/cam') === undefined) hub.add(streamDefinition('cam'));
    await untilLive(hub, 'live/cam');
    const offer = await newViewer({ video: [h264Codec(100)] }).offer();
    const answer = webrtc.whep.create('live/cam', offer).catch((failure: unknown) => refusals.push(failure));
    // Each time a little further on the way into the worker.
    for (let step = 0; step < steps; step += 1) await new Promise((resolve) => setImmediate(resolve));
    await hub.remove('live/cam');
    await answer;
  }
  expect(refusals.length).toBeGreaterThan(0);
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'STREAM_NOT_FOUND' });
});

test('a removed stream ends its players', async () => {
  const { hub, webrtc } = await house(new ClipCamera(clip));
  await untilLive(hub, 'live/cam');
  const viewer = newViewer({ video: [h264Codec(100)] });
  await webrtc.whep.create('live/cam', await viewer.offer());
  await hub.remove('live/cam');
  expect(webrtc.whep.size).toBe(0);
});
