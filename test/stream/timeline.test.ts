import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TIMELINE_START_90K, Timeline } from '../../server/stream/timeline.ts';
import { FakeClock } from '../support/fake-clock.ts';

const FRAME_90K = 3_600;

function timelineOf(clock: FakeClock, trustCameraClock = false) {
  const timeline = new Timeline(clock, { trustCameraClock });
  // Told from the timeline's beginning, so that the tests count from 0.
  const place = (kind: 'video' | 'audio', clockRate: number, rtp: number) => {
    const placed = timeline.place(kind, clockRate, rtp >>> 0, clock.monotonicMs());
    return placed === undefined ? undefined : { ...placed, pts90k: placed.pts90k - TIMELINE_START_90K };
  };
  return {
    timeline,
    video: (rtp: number) => place('video', 90_000, rtp),
    audio: (rtp: number) => place('audio', 8_000, rtp),
  };
}

describe('timeline', () => {
  it('starts at its beginning and follows the camera timestamps', () => {
    const clock = new FakeClock();
    const { video } = timelineOf(clock);
    expect(video(123_456)?.pts90k).toBe(0);
    clock.advance(47);
    expect(video(123_456 + FRAME_90K)?.pts90k).toBe(FRAME_90K);
  });

  it('goes through the wrap of 32-bit timestamps', () => {
    const clock = new FakeClock();
    const { video } = timelineOf(clock);
    const start = 2 ** 32 - 2 * FRAME_90K;
    const places = [0, 1, 2, 3, 4].map((n) => {
      const place = video(start + n * FRAME_90K);
      clock.advance(40);
      return place?.pts90k;
    });
    expect(places).toEqual([0, 1, 2, 3, 4].map((n) => n * FRAME_90K));
  });

  it.each([
    ['a jump of an hour ahead', 3_600 * 90_000],
    ['a jump of 10 s ahead', 10 * 90_000],
    ['a reset to the past', -1_000_000_000],
    ['a step back of 2 s', -2 * 90_000],
  ])('absorbs %s: the time that really passed counts', (_name, jump) => {
    const clock = new FakeClock();
    const { video, timeline } = timelineOf(clock);
    video(5_000_000);
    clock.advance(40);
    expect(video(5_000_000 + FRAME_90K + jump)?.pts90k).toBe(FRAME_90K);
    expect(timeline.jumps).toBe(1);
  });

  it('keeps a real silence of 8 s: the camera says so and so does the clock', () => {
    const clock = new FakeClock();
    const { video, timeline } = timelineOf(clock);
    video(0);
    clock.advance(8_000);
    expect(video(8 * 90_000)?.pts90k).toBe(8 * 90_000);
    expect(timeline.jumps).toBe(0);
  });

  it('keeps reordered pictures (B-frames) as they are', () => {
    const clock = new FakeClock();
    const { video } = timelineOf(clock);
    expect([0, 3, 1, 2].map((n) => video(90_000 + n * FRAME_90K)?.pts90k)).toEqual(
      [0, 3, 1, 2].map((n) => n * FRAME_90K),
    );
  });

  it('is not led back by many short steps back, and makes no leap of them when the camera comes anew', () => {
    const clock = new FakeClock();
    const { video, timeline } = timelineOf(clock);
    const start = 100 * 90_000;
    video(start);
    for (let n = 1; n <= 10; n += 1) {
      clock.advance(1_000);
      expect(video(start - n * 81_000)?.pts90k).toBeGreaterThanOrEqual(-90_000);
    }
    clock.advance(1);
    const last = video(start - 10 * 81_000)?.pts90k ?? 0;
    timeline.reconnected();
    clock.advance(1);
    expect((video(0)?.pts90k ?? 0) - last).toBeLessThanOrEqual(91_000);
  });

  it('goes on by elapsed time while the camera is gone', () => {
    const clock = new FakeClock();
    const { video, timeline } = timelineOf(clock);
    video(1_000);
    clock.advance(60_000);
    timeline.reconnected();
    expect(video(77_777_777)?.pts90k).toBe(60_000 * 90);
  });

  it('puts sound that starts later where it arrived', () => {
    const clock = new FakeClock();
    const { video, audio } = timelineOf(clock);
    video(0);
    clock.advance(100);
    expect(audio(55_555)?.pts90k).toBe(9_000);
    expect(audio(55_555 + 160)?.pts90k).toBe(9_000 + 1_800);
  });

  it('moves sound to where the sender reports put it, never back over what went out', () => {
    const clock = new FakeClock();
    const { video, audio, timeline } = timelineOf(clock);
    const ntpMs = clock.wallMs();
    video(0);
    clock.advance(300);
    // By the reports this sound belongs 300 ms earlier than it arrived.
    const first = audio(0)?.pts90k ?? 0;
    expect(first).toBe(27_000);
    timeline.senderReport({ kind: 'video', ntpMs, rtpTimestamp: 0, receivedAtMs: clock.monotonicMs() });
    timeline.senderReport({ kind: 'audio', ntpMs, rtpTimestamp: 0, receivedAtMs: clock.monotonicMs() });
    expect(audio(160)).toBeUndefined();
    expect(audio(160 * 30)?.pts90k).toBe(30 * 1_800);
  });

  it('begins sound where reports put it that came before its first packet, without a later jump', () => {
    const clock = new FakeClock();
    const { video, audio, timeline } = timelineOf(clock);
    const report = (kind: 'video' | 'audio', ntpMs: number) =>
      timeline.senderReport({ kind, ntpMs, rtpTimestamp: 0, receivedAtMs: clock.monotonicMs() });
    const ntpMs = clock.wallMs();
    // As FFmpeg sends them: a report, then the packets it speaks of; the sound is late on its way.
    report('video', ntpMs);
    video(0);
    clock.advance(65);
    report('audio', ntpMs);
    expect(audio(0)).toMatchObject({ pts90k: 0 });
    expect(audio(160)).toMatchObject({ pts90k: 1_800 });
    // The other way round: the picture comes last.
    timeline.reconnected();
    clock.advance(1_000);
    report('audio', ntpMs);
    report('video', ntpMs + 300);
    audio(0);
    clock.advance(10);
    const picture = video(0)?.pts90k ?? Number.NaN;
    expect(audio(160 * 15)).toMatchObject({ pts90k: picture });
  });

  it('gives sound and picture one camera clock, also while only one of them was reported', () => {
    const clock = new FakeClock();
    const { video, audio, timeline } = timelineOf(clock, true);
    const cameraMs = clock.wallMs() - 3_600_000;
    timeline.senderReport({
      kind: 'video',
      ntpMs: cameraMs,
      rtpTimestamp: 0,
      receivedAtMs: clock.monotonicMs(),
    });
    expect(video(0)?.wallMs).toBeCloseTo(cameraMs, 3);
    clock.advance(20);
    expect(audio(777)?.wallMs).toBeCloseTo(cameraMs + 20, 3);
  });

  it('ignores reports that are nonsense', () => {
    const clock = new FakeClock();
    const { video, audio, timeline } = timelineOf(clock);
    video(0);
    audio(0);
    timeline.senderReport({ kind: 'video', ntpMs: 0, rtpTimestamp: 0, receivedAtMs: clock.monotonicMs() });
    timeline.senderReport({ kind: 'audio', ntpMs: 9e12, rtpTimestamp: 0, receivedAtMs: clock.monotonicMs() });
    clock.advance(20);
    expect(audio(160)?.pts90k).toBe(1_801);
  });

  it('tells absolute time by this machine, and by the camera only where it is trusted', () => {
    const clock = new FakeClock();
    const distrusting = timelineOf(clock);
    const trusting = timelineOf(clock, true);
    const arrivedMs = clock.wallMs();
    const cameraMs = arrivedMs - 3_600_000;
    for (const { timeline, video } of [distrusting, trusting]) {
      video(0);
      timeline.senderReport({
        kind: 'video',
        ntpMs: cameraMs,
        rtpTimestamp: 0,
        receivedAtMs: clock.monotonicMs(),
      });
      expect(timeline.cameraClockOffsetMs).toBe(-3_600_000);
    }
    clock.advance(40);
    expect(distrusting.video(FRAME_90K)?.wallMs).toBeCloseTo(arrivedMs + 40, 0);
    expect(trusting.video(FRAME_90K)?.wallMs).toBeCloseTo(cameraMs + 40, 0);
  });

  it('smooths late arrivals out of the wall time', () => {
    const clock = new FakeClock();
    const { video } = timelineOf(clock);
    let last = video(0)?.wallMs ?? 0;
    for (let n = 1; n <= 100; n += 1) {
      clock.advance(n % 5 === 0 ? 60 : 35);
      const wallMs = video(n * FRAME_90K)?.wallMs ?? 0;
      // The first round finds the fastest arrival, 20 ms early; from then on pictures stand 40 ms apart.
      if (n > 5) expect(Math.abs(wallMs - last - 40)).toBeLessThan(0.5);
      last = wallMs;
    }
    expect(Math.abs(last - clock.wallMs())).toBeLessThan(21);
  });

  it('never goes back nor jumps, whatever the camera sends (property)', () => {
    const step = fc.record({
      advanceMs: fc.integer({ min: 1, max: 12_000 }),
      rtp: fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant('follow' as const)),
      reconnect: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new FakeClock();
        const { video, timeline } = timelineOf(clock);
        let rtp = 0;
        let last = video(rtp)?.pts90k ?? 0;
        for (const { advanceMs, rtp: next, reconnect } of steps) {
          clock.advance(advanceMs);
          if (reconnect) timeline.reconnected();
          rtp = next === 'follow' ? (rtp + advanceMs * 90) >>> 0 : next;
          const pts90k = video(rtp)?.pts90k ?? Number.NaN;
          expect(Number.isInteger(pts90k)).toBe(true);
          expect(pts90k - last).toBeLessThanOrEqual((advanceMs + 6_000) * 90);
          expect(pts90k - last).toBeGreaterThanOrEqual(-90_000);
          last = pts90k;
        }
      }),
    );
  });
});
