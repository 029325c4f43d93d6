import { createWorker } from 'mediasoup';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import type { Unit } from '../../server/stream/index.ts';
import { TrackRtp } from '../../server/webrtc/feed-track.ts';
import { ReportClock } from '../../server/webrtc/report-clock.ts';
import {
  DEFAULT_PAYLOAD_TYPES,
  producerParameters,
  routerCodecs,
} from '../../server/webrtc/rtp-parameters.ts';
import { RtpSender } from '../../server/webrtc/rtp-sender.ts';
import { ClipCamera, PCMU } from '../support/clip-camera.ts';
import { FakeClock } from '../support/fake-clock.ts';
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

test('a sender report ties the time it is sent at to where the timestamps stand then', () => {
  const sent: Buffer[] = [];
  const sink = {
    send: (packets: readonly Buffer[]) => {
      sent.push(...packets);
      return true;
    },
  };
  const track = new TrackRtp(PCMU, 'a-name');
  const time = { ntpMs: Date.UTC(2026, 0, 1, 12, 0, 0, 500), pts90k: 99_000 };
  track.report(sink, time);
  expect(sent).toHaveLength(0);
  const unit: Unit = {
    format: PCMU,
    payloads: [Buffer.alloc(160)],
    isKeyFrame: true,
    isDisposable: false,
    pts90k: 90_000,
    wallMs: 0,
    receivedAtMs: 0,
    sizeBytes: 160,
  };
  track.send(unit, sink);
  track.report(sink, time);
  const [packet, report] = sent;
  if (packet === undefined || report === undefined) throw new Error('nothing was sent');
  expect(report.readUInt8(1)).toBe(200);
  expect(report.readUInt32BE(4)).toBe(packet.readUInt32BE(8));
  const unixSeconds = report.readUInt32BE(8) - 2_208_988_800 + report.readUInt32BE(12) / 2 ** 32;
  expect(unixSeconds * 1000).toBeCloseTo(time.ntpMs, 0);
  // 100 ms after the unit.
  expect((report.readUInt32BE(16) - packet.readUInt32BE(4)) | 0).toBe(800);
  expect([report.readUInt32BE(20), report.readUInt32BE(24)]).toEqual([1, 160]);
  expect(report.includes('a-name')).toBe(true);
  // Nothing new was sent: nothing new to tell.
  track.report(sink, time);
  expect(sent).toHaveLength(2);
  // Three reports and one to spare, before mediasoup goes by them; from then on the second's rhythm will do.
  for (let n = 0; n < 3; n += 1) {
    expect(track.needsReport).toBe(true);
    track.send(unit, sink);
    track.report(sink, time);
  }
  expect(track.needsReport).toBe(false);
  // Nothing came for a second: the camera is away, and what comes first when it is back brings a report.
  track.report(sink, time);
  expect(track.needsReport).toBe(true);
});

test('reports of sound and picture speak of one timeline, whose newest unit never lies ahead of now', () => {
  const clock = new FakeClock();
  const reportClock = new ReportClock(clock);
  expect(reportClock.now()).toBeUndefined();
  const unitAt = (pts90k: number) => reportClock.sent({ pts90k, receivedAtMs: clock.monotonicMs() });
  // The first unit is 600 ms late; those after it come in time, and late by up to 30 ms.
  unitAt(0);
  for (let n = 1; n <= 200; n += 1) {
    const pts90k = 54_000 + n * 3_600;
    clock.advance(n % 3 === 0 ? 50 : 35);
    unitAt(pts90k);
    expect(reportClock.now()?.pts90k).toBeGreaterThanOrEqual(pts90k);
  }
  const before = reportClock.now();
  clock.advance(1_000);
  clock.stepWall(3_600_000);
  const after = reportClock.now();
  expect([after?.ntpMs, after?.pts90k]).toEqual([
    (before?.ntpMs ?? 0) + 1_000,
    (before?.pts90k ?? 0) + 90_000,
  ]);
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
