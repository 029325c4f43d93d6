import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordingClock } from '../../server/recording/branch/recording-clock.ts';
import { type Place, TIMELINE_START_90K, Timeline } from '../../server/stream/timeline.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A timeline that cameras with clocks of their own are put on. */
class House {
  readonly clock = new FakeClock();
  readonly timeline: Timeline;
  readonly #startedAtMs = this.clock.monotonicMs();

  constructor(trustCameraClock = false) {
    this.timeline = new Timeline(this.clock, { trustCameraClock });
  }

  /** The time that really passed, and where the timeline should stand by it. */
  get due90k(): number {
    return TIMELINE_START_90K + (this.clock.monotonicMs() - this.#startedAtMs) * 90;
  }

  video(rtp: number, isReordered?: boolean): Place {
    const atMs = this.clock.monotonicMs();
    const place = this.timeline.place('video', 90_000, Math.round(rtp) >>> 0, atMs, isReordered);
    if (place === undefined) throw new Error('a picture always has a place');
    return place;
  }

  audio(rtp: number): Place | undefined {
    return this.timeline.place('audio', 8_000, Math.round(rtp) >>> 0, this.clock.monotonicMs());
  }

  report(kind: 'video' | 'audio', ntpMs: number, rtp: number): void {
    const receivedAtMs = this.clock.monotonicMs();
    this.timeline.senderReport({ kind, ntpMs, rtpTimestamp: Math.round(rtp) >>> 0, receivedAtMs });
  }
}

/** Cuts what was placed into segments of a second, as the recorder does; gives what begins each recording. */
class Cuts {
  readonly #times = new RecordingClock();
  readonly begins: string[] = [];
  readonly lengthsMs: number[] = [];
  endMs: number | undefined;
  #start90k: number | undefined;
  #overlaps = 0;

  get overlaps(): number {
    return this.#overlaps;
  }

  keyFrame({ pts90k, wallMs }: Place, nowMs: number): void {
    this.#times.observe(pts90k, wallMs);
    const start90k = this.#start90k;
    this.#start90k = pts90k;
    if (start90k === undefined) return;
    const cut = this.#times.place({ startPts90k: start90k, duration90k: pts90k - start90k }, nowMs);
    if (cut.begins !== undefined) this.begins.push(cut.begins);
    if (this.endMs !== undefined && cut.startMs < this.endMs) this.#overlaps += 1;
    this.endMs = cut.endMs;
    this.lengthsMs.push(cut.endMs - cut.startMs);
  }
}

describe('clocks that go wrong', () => {
  it('is not pushed ahead by steps that are each just too short to be a jump (property)', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 4_990 }), { minLength: 20, maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 10, max: 100 }), (stepsMs, everyMs) => {
        const house = new House();
        let rtp = 0;
        let newest = house.video(rtp).pts90k;
        for (const stepMs of stepsMs) {
          house.clock.advance(everyMs);
          rtp += (everyMs + stepMs) * 90;
          const { pts90k } = house.video(rtp);
          expect(pts90k).toBeGreaterThan(newest - 1);
          newest = pts90k;
          expect(newest - house.due90k).toBeLessThanOrEqual(11_000 * 90);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is not pushed ahead by connection after connection either', () => {
    const house = new House();
    for (let connection = 0; connection < 20; connection += 1) {
      house.timeline.reconnected();
      for (let step = 0; step < 10; step += 1) house.video(step * 4_900 * 90);
      house.clock.advance(1_000);
    }
    expect(house.video(0).pts90k - house.due90k).toBeLessThanOrEqual(12_000 * 90);
  });

  it('absorbs a jump of less than 5 s that leads ahead of the time that passed', () => {
    const house = new House();
    const first = house.video(0).pts90k;
    house.clock.advance(40);
    expect(house.video(4_940 * 90).pts90k - first).toBe(3_600);
    expect(house.timeline.jumps).toBe(1);
  });

  it('takes a step as it is that makes up for a delay, as when a camera threw away what it could not send', () => {
    const house = new House();
    const first = house.video(0).pts90k;
    house.clock.advance(40);
    house.video(3_600);
    house.clock.advance(7_000);
    expect(house.video(7_200).pts90k - first).toBe(7_200);
    house.clock.advance(1);
    expect(house.video(7_000 * 90).pts90k - first).toBe(7_000 * 90);
    expect(house.timeline.jumps).toBe(0);
  });

  it('takes what a camera kept and sends in one burst at the start', () => {
    const house = new House();
    const first = house.video(0).pts90k;
    for (let n = 1; n <= 200; n += 1) expect(house.video(n * 3_600).pts90k - first).toBe(n * 3_600);
    for (let n = 201; n <= 400; n += 1) {
      house.clock.advance(40);
      expect(house.video(n * 3_600).pts90k - first).toBe(n * 3_600);
    }
    expect(house.timeline.jumps).toBe(0);
  });

  it.each([
    ['21 pictures a second with the timestamps of 25', 21, 25],
    ['12 with the timestamps of 25', 12, 25],
    ['30 with the timestamps of 25', 30, 25],
    ['25 with the timestamps of 12.5', 25, 12.5],
    ['8 with the timestamps of 25', 8, 25],
  ])('lets %s take the time they really take, in one recording', (_name, realFps, declaredFps) => {
    const house = new House();
    const cuts = new Cuts();
    let last = house.video(0);
    const minutes = 10;
    for (let n = 1; n < realFps * 60 * minutes; n += 1) {
      house.clock.advance(1_000 / realFps);
      const place = house.video((n * 90_000) / declaredFps);
      expect(place.pts90k).toBeGreaterThan(last.pts90k);
      // Nothing that looks like a gap.
      expect(place.pts90k - last.pts90k).toBeLessThan(2 * Math.max(90_000 / declaredFps, 90_000 / realFps));
      last = place;
      if (n % Math.round(realFps) === 0) cuts.keyFrame(place, house.clock.wallMs());
    }
    expect(Math.abs(last.pts90k - house.due90k)).toBeLessThan(100 * 90);
    expect(Math.abs(last.wallMs - house.clock.wallMs())).toBeLessThan(100);
    expect(cuts.begins).toEqual(['started']);
    expect(cuts.overlaps).toBe(0);
    expect(Math.abs((cuts.endMs ?? 0) - house.clock.wallMs())).toBeLessThan(1_500);
  });

  it('takes 25 pictures a second that become 21 at night, and 25 again in the morning', () => {
    const house = new House();
    let n = 0;
    house.video(0);
    const play = (fps: number, seconds: number) => {
      for (let i = 0; i < fps * seconds; i += 1) {
        house.clock.advance(1_000 / fps);
        n += 1;
        house.video(n * 3_600);
      }
      return house.video(n * 3_600 + 1).pts90k - house.due90k;
    };
    expect(Math.abs(play(25, 60))).toBeLessThan(90);
    expect(Math.abs(play(21, 120))).toBeLessThan(100 * 90);
    expect(Math.abs(play(25, 120))).toBeLessThan(100 * 90);
    // By then the camera's timestamps are taken as they are again.
    const before = house.video(n * 3_600 + 2).pts90k;
    for (let i = 0; i < 25; i += 1) house.clock.advance(40);
    expect(house.video(n * 3_600 + 2 + 90_000).pts90k - before).toBe(90_000);
  });

  it('leaves honest timestamps alone, however they arrive (property)', () => {
    const fps = fc.constantFrom(1, 5, 15, 25, 60);
    const jitterMs = fc.integer({ min: 0, max: 400 });
    const stalls = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 600 }), ms: fc.integer({ min: 0, max: 8_000 }) }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fps, jitterMs, stalls, fc.infiniteStream(fc.nat(1_000)), (rate, most, holds, noise) => {
        const house = new House();
        const startedAtMs = house.clock.monotonicMs();
        const first = house.video(0).pts90k;
        for (let n = 1; n < 600; n += 1) {
          const sentMs = (n * 1_000) / rate;
          // What is held up is let through in one burst.
          const heldMs = holds.map(({ at, ms }) => (at <= n ? (at * 1_000) / rate + ms : 0));
          const jitter = ((noise.next().value ?? 0) * Math.min(most, 500 / rate)) / 1_000;
          const arriveMs = startedAtMs + Math.max(sentMs + jitter, ...heldMs);
          house.clock.advance(Math.max(0, arriveMs - house.clock.monotonicMs()));
          expect(house.video(sentMs * 90).pts90k - first).toBe(Math.round(sentMs * 90));
        }
        expect(house.timeline.jumps).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it.each([500, -500, 2_000, -2_000])('follows a clock that is %s ppm wrong for three days', (ppm) => {
    const house = new House();
    const cuts = new Cuts();
    const first = house.video(0);
    let worstMs = 0;
    let last = first;
    // A key frame a second is enough to see it.
    for (let second = 1; second <= 3 * 86_400; second += 1) {
      house.clock.advance(1_000);
      last = house.video(second * 90_000 * (1 + ppm / 1e6));
      if (second > 60) worstMs = Math.max(worstMs, Math.abs(last.wallMs - house.clock.wallMs()));
      cuts.keyFrame(last, house.clock.wallMs());
    }
    const seconds = 3 * 86_400;
    expect(last.pts90k - first.pts90k).toBe(Math.round(seconds * 90_000 * (1 + ppm / 1e6)));
    expect(worstMs).toBeLessThan(100);
    expect(cuts.begins).toEqual(['started']);
    expect(cuts.overlaps).toBe(0);
    // The recording is as long as it took.
    const sumMs = cuts.lengthsMs.reduce((sum, ms) => sum + ms, 0);
    expect(Math.abs(sumMs - (seconds - 1) * 1_000)).toBeLessThan(1_500);
    expect(house.timeline.jumps).toBe(0);
  });

  it('goes through the 32-bit wrap again and again, also with B-pictures', () => {
    const house = new House();
    const startRtp = 2 ** 32 - 90_000;
    const order = [0, 3, 1, 2];
    // 54 hours, so four wraps.
    for (let second = 0; second < 54 * 3_600; second += 4) {
      for (const n of order) {
        const isReordered = n === 1 || n === 2;
        const place = house.video(startRtp + second * 90_000 + n * 22_500, isReordered);
        expect(place.pts90k).toBe(TIMELINE_START_90K + second * 90_000 + n * 22_500);
      }
      house.clock.advance(4_000);
    }
    expect(house.timeline.jumps).toBe(0);
  });

  it('takes a small step back for what it is, where pictures surely are in order', () => {
    const house = new House();
    let rtp = 1_000_000;
    house.video(rtp, false);
    let last = house.video(rtp, false).pts90k;
    for (const stepMs of [0, 0, -300, 0, -900, 0, 0]) {
      house.clock.advance(40);
      rtp += (40 + stepMs) * 90;
      const { pts90k } = house.video(rtp, false);
      expect(pts90k - last).toBe(3_600);
      last = pts90k;
    }
    expect(house.timeline.jumps).toBe(2);
  });

  it('goes on where the clock of the camera stands still', () => {
    const house = new House();
    house.video(77);
    for (let n = 0; n < 100; n += 1) {
      house.clock.advance(40);
      house.video(77);
    }
    expect(house.due90k - house.video(77).pts90k).toBeLessThanOrEqual(120 * 90);
  });

  it('ends no recording and overlaps none, whatever wrong clock it is (property)', () => {
    const event = fc.record({
      kind: fc.constantFrom('play', 'jump', 'reset', 'silence', 'burst', 'speed'),
      value: fc.integer({ min: -20_000, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const house = new House();
        const cuts = new Cuts();
        let rtpMs = 5_000_000;
        let speed = 1;
        let newest = 0;
        for (const { kind, value } of events) {
          if (kind === 'jump') rtpMs += value * 100;
          if (kind === 'reset') rtpMs = Math.abs(value);
          if (kind === 'silence') house.clock.advance(Math.abs(value) / 4);
          if (kind === 'burst') rtpMs += Math.min(4_000, Math.abs(value));
          if (kind === 'speed') speed = 0.5 + Math.abs(value) / 20_000;
          for (let n = 0; n < 250; n += 1) {
            house.clock.advance(40);
            rtpMs += 40 * speed;
            const place = house.video(rtpMs * 90, false);
            expect(place.pts90k).toBeGreaterThan(newest);
            newest = place.pts90k;
            if (n % 25 === 0) cuts.keyFrame(place, house.clock.wallMs());
          }
          expect(newest - house.due90k).toBeLessThanOrEqual(11_000 * 90);
        }
        expect(cuts.overlaps).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('reports of nonsense', () => {
  const hourMs = 3_600_000;

  it('does not let a trusted camera tell that it is 1970, 2000 or 2150', () => {
    const house = new House(true);
    let rtp = 0;
    house.video(rtp);
    for (const ntpMs of [0, -2_208_988_800_000, 946_684_800_000, 5_680_281_600_000]) {
      house.report('video', ntpMs, 0);
      house.clock.advance(40);
      rtp += 3_600;
      expect(house.video(rtp).wallMs).toBeCloseTo(house.clock.wallMs(), 0);
    }
    expect(house.timeline.cameraClockOffsetMs).toBeUndefined();
  });

  it('keeps to the time that reports told, whatever single ones say, and follows when it was really set', () => {
    const house = new House(true);
    const offsetMs = -hourMs;
    let rtp = 0;
    const apartAfter = (ms: number) => {
      house.clock.advance(ms);
      rtp += ms * 90;
      return house.video(rtp).wallMs - house.clock.wallMs();
    };
    house.video(0);
    house.report('video', house.clock.wallMs() + offsetMs, rtp);
    expect(apartAfter(5_000)).toBeCloseTo(offsetMs, 0);
    for (const wrongMs of [7 * hourMs, -9 * hourMs, 12 * hourMs]) {
      house.report('video', house.clock.wallMs() + wrongMs, rtp);
      expect(apartAfter(5_000)).toBeCloseTo(offsetMs, 0);
    }
    // RTP timestamps of reports that have nothing to do with those of packets.
    house.report('video', house.clock.wallMs() + offsetMs, rtp + 1_000_000_000);
    expect(apartAfter(5_000)).toBeCloseTo(offsetMs, 0);
    const setMs = 2_000;
    house.report('video', house.clock.wallMs() + setMs, rtp);
    expect(apartAfter(5_000)).toBeCloseTo(offsetMs, 0);
    house.report('video', house.clock.wallMs() + setMs, rtp);
    expect(apartAfter(5_000)).toBeCloseTo(offsetMs, 0);
    house.report('video', house.clock.wallMs() + setMs, rtp);
    expect(apartAfter(5_000)).toBeCloseTo(setMs, 0);
  });

  it('keeps the trusted time over a jump of the timestamps and over a reconnection without a report yet', () => {
    const house = new House(true);
    house.video(0);
    house.report('video', house.clock.wallMs() - hourMs, 0);
    house.clock.advance(40);
    expect(house.video(3_600 + 900_000_000).wallMs).toBeCloseTo(house.clock.wallMs() - hourMs, 0);
    house.timeline.reconnected();
    house.clock.advance(10_000);
    expect(house.video(5).wallMs).toBeCloseTo(house.clock.wallMs() - hourMs, 0);
  });

  it('does not move sound to and fro by reports that contradict each other', () => {
    const house = new House();
    const ntpMs = house.clock.wallMs();
    const play = (ms: number) => {
      for (let i = 0; i < ms; i += 20) {
        house.clock.advance(20);
        const mediaMs = house.clock.wallMs() - ntpMs;
        const picture = house.video(mediaMs * 90).pts90k;
        const sound = house.audio(mediaMs * 8);
        if (i > 200) expect(Math.abs((sound?.pts90k ?? Number.NaN) - picture)).toBeLessThan(20 * 90);
      }
    };
    house.video(0);
    house.audio(0);
    play(1_000);
    const pair = (wrongMs: number) => {
      const mediaMs = house.clock.wallMs() - ntpMs;
      house.report('video', house.clock.wallMs(), mediaMs * 90);
      house.report('audio', house.clock.wallMs() + wrongMs, mediaMs * 8);
    };
    pair(0);
    play(5_000);
    for (const wrongMs of [2_000, -3_000, 9_000, 700, -450, 4_000]) {
      pair(wrongMs);
      play(5_000);
    }
  });
});

describe('sound beside the picture', () => {
  it.each([500, -500])('stays with it for a day at %s ppm without any report', (ppm) => {
    const house = new House();
    const start = house.due90k;
    let worstMs = 0;
    for (let n = 0; n < 24 * 3_600 * 2; n += 1) {
      house.video(n * 45_000);
      // The card's clock goes wrong; both arrive when they are due.
      const place = house.audio(n * 4_000 * (1 + ppm / 1e6));
      const apartMs = ((place?.pts90k ?? house.due90k) - house.due90k) / 90;
      if (n > 200) worstMs = Math.max(worstMs, Math.abs(apartMs));
      house.clock.advance(500);
    }
    expect(house.due90k).toBeGreaterThan(start);
    expect(worstMs).toBeLessThan(110);
  });

  it('is not moved because it takes longer on its way', () => {
    const house = new House();
    const startedAtMs = house.clock.monotonicMs();
    for (let n = 0; n < 50 * 300; n += 1) {
      house.clock.advance(20);
      const nowMs = house.clock.monotonicMs() - startedAtMs;
      const lateMs = nowMs < 100_000 ? 40 : 240;
      if (n % 2 === 0) house.video(nowMs * 90);
      const place = house.audio((nowMs - lateMs) * 8);
      if (n > 100 && place !== undefined) {
        // As it was at the start: 40 ms late by arrival.
        expect(Math.abs((house.due90k - place.pts90k) / 90 - (lateMs - 40))).toBeLessThan(21);
      }
    }
  });

  it.each([
    ['with reports', true],
    ['without', false],
  ])('is soon beside a picture whose timestamps go at a wrong pace, %s', (_name, hasReports) => {
    const house = new House();
    const ntpMs = house.clock.wallMs();
    let silentMs = 0;
    let apartMs = 0;
    for (let n = 0; n < 21 * 120; n += 1) {
      const sentMs = (n * 1_000) / 21;
      const picture = house.video(n * 3_600);
      const sound = house.audio(sentMs * 8);
      if (hasReports && n % 105 === 0) {
        house.report('video', ntpMs + sentMs, n * 3_600);
        house.report('audio', ntpMs + sentMs, sentMs * 8);
      }
      if (sound === undefined) silentMs += 1_000 / 21;
      else apartMs = Math.abs(sound.pts90k - picture.pts90k) / 90;
      // Nothing is known in the first seconds, then the picture catches up.
      if (n > 21 * 40) expect(apartMs).toBeLessThan(hasReports ? 100 : 130);
      house.clock.advance(1_000 / 21);
    }
    expect(silentMs).toBeLessThan(3_000);
  });

  it('is put right by reports, and only a little at a time', () => {
    const house = new House();
    const ntpMs = house.clock.wallMs();
    let worstMs = 0;
    for (let n = 0; n < 3_600 * 2; n += 1) {
      house.video(n * 45_000);
      const soundRtp = n * 4_000 * (1 + 500 / 1e6);
      const place = house.audio(soundRtp);
      if (n % 10 === 0) {
        house.report('video', ntpMs + n * 500, n * 45_000);
        house.report('audio', ntpMs + n * 500, soundRtp);
      }
      if (place !== undefined && n > 20) {
        worstMs = Math.max(worstMs, Math.abs(place.pts90k - house.due90k) / 90);
      }
      house.clock.advance(500);
    }
    expect(worstMs).toBeLessThan(30);
  });
});
