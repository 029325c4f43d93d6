import { createWorker } from 'mediasoup';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import type { Unit } from '../../server/stream/index.ts';
import { TrackRtp } from '../../server/webrtc/feed-track.ts';
import {
  DEFAULT_PAYLOAD_TYPES,
  producerParameters,
  routerCodecs,
} from '../../server/webrtc/rtp-parameters.ts';
import { RtpSender } from '../../server/webrtc/rtp-sender.ts';
import { ClipCamera, PCMU } from '../support/clip-camera.ts';
import { type Clip, encodeClip } from '../support/h264-clip.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, TestSession, untilLive } from '../support/webrtc-house.ts';
import { VIEWER_CAPABILITIES } from '../support/werift-viewer.ts';

let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip();
});

const cleanups: Array<() => Promise<unknown> | unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a stream is read only while somebody watches unpaused, and leaves the worker a while after the last', async () => {
  const opened = await openHouse({ cam: new ClipCamera(clip) }, { lingerMs: 100 });
  cleanups.push(() => opened.close());
  await untilLive(opened.hub, 'live/cam');
  const readers = () => opened.hub.get('live/cam')?.readerCounts.services;
  const streams = async () => (await opened.webrtc.stats()).streams.map(({ stream }) => stream);
  expect(readers()).toBe(0);
  const { session } = new TestSession(opened.webrtc);
  const start = () => session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  const [first, second] = [await start(), await start()];
  expect(readers()).toBe(1);
  await session.pauseWatch({ watchId: first.watchId });
  expect(readers()).toBe(1);
  await session.pauseWatch({ watchId: second.watchId });
  expect(readers()).toBe(0);
  await session.resumeWatch({ watchId: first.watchId });
  expect(readers()).toBe(1);
  await session.stopWatch({ watchId: first.watchId });
  await session.stopWatch({ watchId: second.watchId });
  expect(readers()).toBe(0);
  expect(await streams()).toEqual(['live/cam']);
  await waitFor('the producers to go', async () => (await streams()).length === 0);
  expect((await start()).consumers).toHaveLength(1);
});

test('viewers who come back within the linger find the same producer', async () => {
  const opened = await openHouse({ cam: new ClipCamera(clip) });
  cleanups.push(() => opened.close());
  await untilLive(opened.hub, 'live/cam');
  const { session } = new TestSession(opened.webrtc);
  const start = () => session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  const first = await start();
  await session.stopWatch({ watchId: first.watchId });
  const second = await start();
  expect(second.consumers[0]?.producerId).toBe(first.consumers[0]?.producerId);
});

test('a sender report ties the timestamp of the last unit to its wall-clock time', () => {
  const sent: Buffer[] = [];
  const sink = {
    send: (packets: readonly Buffer[]) => {
      sent.push(...packets);
      return true;
    },
  };
  const track = new TrackRtp(PCMU, 'a-name');
  track.report(sink);
  expect(sent).toHaveLength(0);
  const unit: Unit = {
    format: PCMU,
    payloads: [Buffer.alloc(160)],
    isKeyFrame: true,
    pts90k: 90_000,
    wallMs: Date.UTC(2026, 0, 1, 12, 0, 0, 500),
    receivedAtMs: 0,
    sizeBytes: 160,
  };
  track.send(unit, sink);
  expect(track.isUnreported).toBe(true);
  track.report(sink);
  expect(track.isUnreported).toBe(false);
  const [packet, report] = sent;
  if (packet === undefined || report === undefined) throw new Error('nothing was sent');
  expect(report.readUInt8(1)).toBe(200);
  expect(report.readUInt32BE(4)).toBe(packet.readUInt32BE(8));
  const unixSeconds = report.readUInt32BE(8) - 2_208_988_800 + report.readUInt32BE(12) / 2 ** 32;
  expect(unixSeconds * 1000).toBeCloseTo(unit.wallMs, 0);
  expect(report.readUInt32BE(16)).toBe(packet.readUInt32BE(4));
  expect([report.readUInt32BE(20), report.readUInt32BE(24)]).toEqual([1, 160]);
  expect(report.includes('a-name')).toBe(true);
  // Nothing new was sent: nothing new to tell.
  track.report(sink);
  expect(sent).toHaveLength(2);
});

test('a burst of thousands of packets reaches the worker whole and in order', async () => {
  const worker = await createWorker({ logLevel: 'warn' });
  cleanups.push(
    () =>
      new Promise<void>((resolve) => {
        worker.once('subprocessclose', () => resolve());
        worker.close();
      }),
  );
  const router = await worker.createRouter({ mediaCodecs: routerCodecs(DEFAULT_PAYLOAD_TYPES) });
  let drained = 0;
  const sender = await RtpSender.open(router, {
    clock: systemClock,
    onKeyFrameRequest: () => {},
    onDrained: () => {
      drained += 1;
    },
  });
  cleanups.push(() => sender.close());
  const ssrc = 77;
  const producer = await sender.transport.produce({
    kind: 'video',
    rtpParameters: producerParameters(clip.format, ssrc, 'name'),
  });
  const packets = Array.from({ length: 3000 }, (_, sequence) => {
    const packet = Buffer.alloc(1200, 0x41);
    packet.writeUInt16BE(0x8000 | DEFAULT_PAYLOAD_TYPES.h264, 0);
    packet.writeUInt16BE(sequence, 2);
    packet.writeUInt32BE(1, 4);
    packet.writeUInt32BE(ssrc, 8);
    return packet;
  });
  expect(sender.send(packets)).toBe(false);
  await waitFor('all packets', async () => (await producer.getStats())[0]?.packetCount === packets.length);
  const [stats] = await producer.getStats();
  expect(stats).toMatchObject({ packetsLost: 0, packetsDiscarded: 0 });
  expect(drained).toBe(1);
  expect(sender.failedSends).toBe(0);
});
