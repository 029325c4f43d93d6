import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { startRtspSource } from '../../server/rtsp/index.ts';
import { DisplayTimes } from '../../server/stream/display-times.ts';
import { Hub, type Unit } from '../../server/stream/index.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import { CameraSim, testVideo } from '../support/camera-sim/index.ts';
import { waitFor } from '../support/wait.ts';

const STEP = 3_600;
/** Places in the order of presentation of one group, as they are sent: B-pictures that others refer to among them. */
const PYRAMID = [0, 4, 2, 1, 3, 8, 6, 5, 7, 9];

/** Groups in that order; gives the places by which pictures would be shown, with the times that they were given. */
function play(
  order: readonly number[],
  groups: number,
  options: { countStep: number; stampAs: 'sent' | 'shown'; jitter?: (n: number) => number },
) {
  const { countStep, stampAs, jitter = () => 0 } = options;
  const times = new DisplayTimes();
  const shown: Array<{ place: number; time: number; own: number }> = [];
  for (let n = 0; n < groups * order.length; n += 1) {
    const at = n % order.length;
    const inGroup = order[at] ?? 0;
    const place = n - at + inGroup;
    const own = (2 ** 32 - 60 * STEP + (stampAs === 'sent' ? n : place) * STEP + Math.round(jitter(n))) >>> 0;
    const isReordered = order.slice(0, at).some((before) => before > inGroup);
    const time = times.of({
      rtpTimestamp: own,
      isKeyFrame: at === 0,
      isReordered,
      orderCount: inGroup * countStep,
    });
    shown.push({ place, time, own });
  }
  return { shown, times };
}

test.each([
  [1, 'IPBB', [0, 3, 1, 2, 6, 4, 5, 7]],
  [2, 'IPBB', [0, 3, 1, 2, 6, 4, 5, 7]],
  [2, 'a pyramid', PYRAMID],
  [1, 'a pyramid', PYRAMID],
] as const)(
  'times in the order of sending become those of presentation, counted by %i (%s)',
  (countStep, _name, order) => {
    const { shown } = play(order, 20, { countStep, stampAs: 'sent' });
    // It is known by the second group, also over the wrap of 32 bits.
    for (const { place, time } of shown.slice(2 * order.length)) {
      expect(time).toBe((2 ** 32 - 60 * STEP + place * STEP) >>> 0);
    }
  },
);

test('times in the order of presentation, and pictures in order, stay as they are (property)', () => {
  const noise = fc.infiniteStream(fc.integer({ min: -900, max: 900 }));
  fc.assert(
    fc.property(
      noise,
      fc.constantFrom(1, 2),
      fc.constantFrom<'sent' | 'shown'>('sent', 'shown'),
      (stream, countStep, stampAs) => {
        const jitter = () => stream.next().value ?? 0;
        const order = stampAs === 'sent' ? [0, 1, 2, 3, 4, 5, 6] : PYRAMID;
        const { shown, times } = play(order, 12, { countStep, stampAs, jitter });
        expect(times.isOn).toBe(false);
        for (const { time, own } of shown) expect(time).toBe(own);
      },
    ),
    { numRuns: 50 },
  );
});

test('with jitter no picture is shown before the one that comes ahead of it (property)', () => {
  const noise = fc.infiniteStream(fc.integer({ min: -450, max: 450 }));
  fc.assert(
    fc.property(noise, (stream) => {
      const { shown } = play(PYRAMID, 12, {
        countStep: 2,
        stampAs: 'sent',
        jitter: () => stream.next().value ?? 0,
      });
      const inOrder = shown.slice(20).sort((a, b) => a.place - b.place);
      for (const [n, { time }] of inOrder.slice(1).entries()) {
        expect((time - (inOrder[n]?.time ?? 0)) | 0).toBeGreaterThan(0);
      }
    }),
    { numRuns: 50 },
  );
});

test('whatever counts come, what goes out is a timestamp (property)', () => {
  const unit = fc.record({
    rtpTimestamp: fc.nat(2 ** 32 - 1),
    isKeyFrame: fc.boolean(),
    isReordered: fc.constantFrom(true, false, undefined),
    orderCount: fc.option(fc.integer({ min: -40, max: 40 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 60 }), (units) => {
      const times = new DisplayTimes();
      for (const one of units) {
        const time = times.of(one);
        expect(Number.isInteger(time) && time >= 0 && time < 2 ** 32).toBe(true);
      }
    }),
  );
});

test('a camera that stamps its B-pictures as it sends them has each in its place', async () => {
  const made = await testVideo({ fps: 50, frames: 25, keyFrameEvery: 25, bFrames: 2, params: 'b-adapt=0' });
  const { displayOrder = [], ...video } = made;
  const camera = await CameraSim.start({ video });
  const clock = systemClock;
  const log = silentLogger;
  const hub = new Hub({
    clock,
    log,
    startSource: (definition, sink) => startRtspSource(definition, sink, { clock, log }),
    lingerMs: 0,
  });
  try {
    const source = { url: camera.url(), transport: 'tcp' };
    const stream = hub.add(streamDefinitionSchema.parse({ name: 'cam', source }));
    const units: Unit[] = [];
    stream.read({ name: 'test', role: 'viewer', start: 'next', write: (unit) => units.push(unit) > 0 });
    await waitFor('some groups', () => units.length > 100);
    const begin = units.findIndex(({ isKeyFrame }, n) => n >= 50 && isKeyFrame);
    const group = units.slice(begin, begin + 25);
    const first = group[0]?.pts90k ?? 0;
    expect(group.map(({ pts90k }) => (pts90k - first) / 1_800)).toEqual(displayOrder);
    expect(stream.reordering).not.toBe('none');
  } finally {
    await hub.close();
    await camera.close();
  }
});
