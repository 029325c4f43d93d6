import { describe, expect, it } from 'vitest';
import type { RtspError } from '../../../server/rtsp/client/errors.ts';
import { MediaWatch } from '../../../server/rtsp/client/media-watch.ts';
import type { TrackReceiver } from '../../../server/rtsp/client/track-receiver.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A watch over TCP on a camera whose pictures come as told. */
function watched(learntSilenceMs?: number) {
  const clock = new FakeClock();
  const errors: RtspError[] = [];
  let lastPacketAtMs: number | undefined;
  let looks = 0;
  const receiver = {
    kind: 'video',
    tick: () => {
      looks += 1;
    },
    get lastPacketAtMs() {
      return lastPacketAtMs;
    },
  } as unknown as TrackReceiver;
  const watch = new MediaWatch({
    clock,
    transport: () => 'tcp',
    mayChooseTransport: false,
    silenceTimeoutMs: 5_000,
    learntSilenceMs,
    receivers: () => [receiver],
    onFirstPacket: () => {},
    onNoPicture: () => {},
    onNoStart: () => {},
    onFailure: (error) => errors.push(error),
  });
  const picture = () => {
    lastPacketAtMs = clock.monotonicMs();
    watch.unit({
      kind: 'video',
      rtpTimestamp: 0,
      payloads: [],
      isKeyFrame: true,
      receivedAtMs: lastPacketAtMs,
    });
  };
  return { clock, errors, watch, picture, looks: () => looks };
}

/** A watch on a camera that sends one picture after each of `intervalsMs`, and nothing from then on. */
function silentAfter(
  intervalsMs: readonly number[],
  learntSilenceMs?: number,
): { afterMs: number; error: RtspError; learntMs: number } {
  const { clock, errors, watch, picture } = watched(learntSilenceMs);
  const stop = watch.start();
  for (const intervalMs of intervalsMs) {
    clock.advance(intervalMs);
    expect(errors).toEqual([]);
    picture();
  }
  const fromMs = clock.monotonicMs();
  while (errors.length === 0) clock.advance(250);
  stop();
  const [error] = errors;
  if (error === undefined) throw new Error('no error');
  return { afterMs: clock.monotonicMs() - fromMs, error, learntMs: watch.learntSilenceMs(error) };
}

describe('a camera whose packets make no first picture', () => {
  it('is asked for a key frame each second, told of after 5 s, and let go of after 75 s', () => {
    const clock = new FakeClock();
    const receiver = {
      kind: 'video',
      tick: () => {},
      get lastPacketAtMs() {
        return clock.monotonicMs();
      },
    } as unknown as TrackReceiver;
    const told: Array<readonly [what: string, atS: number]> = [];
    const beganMs = clock.monotonicMs();
    const note = (what: string) => told.push([what, Math.round((clock.monotonicMs() - beganMs) / 1_000)]);
    const watch = new MediaWatch({
      clock,
      transport: () => 'tcp',
      mayChooseTransport: false,
      silenceTimeoutMs: 5_000,
      receivers: () => [receiver],
      onFirstPacket: () => {},
      onNoPicture: () => note('asked'),
      onNoStart: ({ reason }) => note(reason),
      onFailure: ({ reason }) => note(reason),
    });
    watch.start();
    for (let n = 0; n < 800; n += 1) clock.advance(100);
    const asked = told.filter(([what]) => what === 'asked').map(([, atS]) => atS);
    expect(asked.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(asked).toHaveLength(74);
    expect(told.filter(([what]) => what !== 'asked')).toEqual([
      ['CAMERA_NO_KEY_FRAME', 5],
      ['CAMERA_BAD_DATA', 75],
    ]);
  });
});

describe('a camera that falls silent', () => {
  it.each([
    ['25 pictures a second', 40, 5_000],
    ['one a second', 1_000, 5_000],
    ['one in 4 s', 4_000, 20_000],
    ['one in 4.9 s', 4_900, 24_500],
  ])('with %s is found silent after 5 s, or 5 of its intervals', (_what, intervalMs, expectedMs) => {
    const { afterMs, error } = silentAfter(new Array<number>(12).fill(intervalMs));
    expect(error.kind).toBe('silent');
    expect(afterMs).toBeGreaterThan(expectedMs);
    expect(afterMs).toBeLessThanOrEqual(expectedMs + 500);
    expect(error.message).toContain(`${expectedMs / 1000} s`);
  });

  it('is not waited for any longer because of one hiccup', () => {
    const hiccup = [...new Array<number>(20).fill(40), 4_500, 40];
    expect(silentAfter(hiccup).afterMs).toBeLessThanOrEqual(5_500);
  });

  it('after a single picture is given twice the time on the next connection, up to 40 s', () => {
    const waits: number[] = [];
    let learntMs: number | undefined;
    for (let connection = 0; connection < 5; connection++) {
      const end = silentAfter([40], learntMs);
      waits.push(Math.floor(end.afterMs / 5_000) * 5);
      learntMs = end.learntMs;
    }
    expect(waits).toEqual([5, 10, 20, 40, 40]);
    // Once two pictures came, its own pace counts.
    expect(silentAfter([40, 40, 40], learntMs)).toMatchObject({ learntMs: 5_000 });
    expect(silentAfter([40, 16_000, 16_000], 20_000)).toMatchObject({ learntMs: 80_000 });
  });
});

describe('the cost of watching over TCP', () => {
  it('is one look a second while pictures come, and silence is still seen when it is due', () => {
    const { clock, errors, watch, picture, looks } = watched();
    watch.start();
    for (let n = 0; n < 500; n += 1) {
      clock.advance(40);
      picture();
    }
    expect(looks()).toBeLessThanOrEqual(22);
    clock.advance(5_000);
    expect(errors).toEqual([]);
    clock.advance(10);
    expect(errors.map(({ kind }) => kind)).toEqual(['silent']);
  });
});
