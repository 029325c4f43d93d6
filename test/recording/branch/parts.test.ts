import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { branchArguments } from '../../../server/recording/branch/branch-arguments.ts';
import { recordPolicy } from '../../../server/recording/branch/record-policy.ts';
import { ReplayBuffer } from '../../../server/recording/branch/replay-buffer.ts';
import { Ring, RingBudget } from '../../../server/recording/branch/ring.ts';
import { SoundWatch } from '../../../server/recording/branch/sound-watch.ts';
import { StartGate } from '../../../server/recording/branch/start-gate.ts';
import { type AudioFormat, GopBudget, type Unit } from '../../../server/stream/index.ts';
import { AAC, PCMU } from '../../support/clip-camera.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingOf, segmentOf } from '../../support/recorded-segments.ts';
import { h264Format } from '../../support/units.ts';

const FRAME_90K = 3600;

function picture(index: number, isKeyFrame: boolean, sizeBytes = 1000): Unit {
  return {
    format: h264Format(),
    payloads: [Buffer.alloc(0)],
    isKeyFrame,
    isDisposable: false,
    pts90k: index * FRAME_90K,
    wallMs: index * 40,
    receivedAtMs: index * 40,
    sizeBytes,
  };
}

describe('what to record', () => {
  const settings = {
    recording: { segmentMs: 2000 },
    apps: { shop: { record: true, segmentMs: 4000 }, quiet: {} },
  };

  it.each([
    [{ app: 'live' }, false, 2000],
    [{ app: 'live', record: true }, true, 2000],
    [{ app: 'live', record: {} }, true, 2000],
    [{ app: 'live', record: { segmentMs: 1000 } }, true, 1000],
    [{ app: 'shop' }, true, 4000],
    [{ app: 'shop', record: false }, false, 4000],
    [{ app: 'shop', record: { segmentMs: 1000 } }, true, 1000],
    [{ app: 'quiet' }, false, 2000],
    [{ app: 'constructor' }, false, 2000],
  ])('%j', (definition, isRecorded, segmentMs) => {
    expect(recordPolicy(settings, definition)).toEqual({ isRecorded, segmentMs });
  });
});

describe('FFmpeg is told', () => {
  const url = 'rtsp://127.0.0.1:8554/live/cam?access_token=ticket-1';
  const withSound = (sound: AudioFormat | undefined) => branchArguments({ url, sound }).join(' ');

  it('to leave the picture as it is, whatever happens to sound', () => {
    for (const sound of [undefined, AAC, PCMU]) expect(withSound(sound)).toContain('-map 0:v:0 -c:v copy');
  });

  it('to take sound only where it was heard, and to make AAC of it only where it is not', () => {
    expect(withSound(undefined)).toContain(' -an ');
    expect(withSound(AAC)).toContain('-map 0:a:0 -c:a copy');
    expect(withSound(PCMU)).toContain('-map 0:a:0 -c:a aac');
  });
});

describe('what is given to the next FFmpeg', () => {
  it('begins with a key frame and ends with the newest unit, within its bounds, however units come', () => {
    const steps = fc.array(
      fc.record({
        isKeyFrame: fc.boolean(),
        sizeBytes: fc.integer({ min: 0, max: 5000 }),
        // How many frames behind the newest FFmpeg has got; undefined: nothing came out meanwhile.
        behind: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, fc.constantFrom(20_000, 1e9), (units, budgetBytes) => {
        const limits = { maxBytes: 40_000, maxMs: 4000 };
        const budget = new GopBudget(budgetBytes);
        const buffer = new ReplayBuffer(limits, budget);
        for (const [index, { isKeyFrame, sizeBytes, behind }] of units.entries()) {
          buffer.add(picture(index, isKeyFrame, sizeBytes));
          const written = behind === undefined ? undefined : index - behind;
          const before = buffer.units;
          if (written !== undefined) buffer.release(written * FRAME_90K);
          const kept = buffer.units;
          expect(buffer.sizeBytes).toBeLessThanOrEqual(limits.maxBytes);
          expect(budget.usedBytes).toBe(buffer.sizeBytes);
          expect(buffer.isEmpty).toBe(kept.length === 0);
          if (kept.length === 0) continue;
          expect(kept[0]?.isKeyFrame).toBe(true);
          expect(kept.at(-1)?.pts90k).toBe(index * FRAME_90K);
          const steps90k = kept.slice(1).map(({ pts90k }, n) => pts90k - (kept[n]?.pts90k ?? 0));
          expect(steps90k.every((step) => step === FRAME_90K)).toBe(true);
          // Nothing is let go that was not written, nor the group in which FFmpeg is.
          if (written !== undefined && before.length > kept.length) {
            expect(kept[0]?.pts90k).toBeLessThan(written * FRAME_90K);
          }
        }
      }),
    );
  });
});

describe('whether sound can be counted on', () => {
  /** Pictures every 40 ms, sound every 20 ms while `sounds` says so; gives each change of the choice with its time. */
  function play(untilMs: number, sounds: (atMs: number) => AudioFormat | undefined) {
    const watch = new SoundWatch();
    const changes: Array<[atMs: number, codec: string | undefined]> = [];
    let last: AudioFormat | undefined;
    for (let atMs = 0; atMs <= untilMs; atMs += 20) {
      const sound = sounds(atMs);
      if (sound !== undefined) watch.heard(sound, atMs);
      const chosen = watch.choose(atMs, atMs - (atMs % 40));
      if (chosen !== last) changes.push([atMs, chosen?.codec]);
      last = chosen;
    }
    return changes;
  }

  it('is counted on at once when it is there from the start, and no more when it stopped for 2 s', () => {
    expect(play(10_000, (ms) => (ms < 5000 ? PCMU : undefined))).toEqual([
      [0, 'pcmu'],
      [7000, undefined],
    ]);
  });

  it('has to last longer each time it has stopped', () => {
    const changes = play(120_000, (ms) => (ms % 20_000 < 12_000 ? PCMU : undefined));
    const begins = changes.filter(([, codec]) => codec !== undefined).map(([ms]) => ms % 20_000);
    expect(begins).toEqual([0, 5000, 10_000]);
  });

  it('goes on through short pauses, and through pauses of picture and sound alike', () => {
    expect(play(20_000, (ms) => (ms % 3000 < 1500 ? PCMU : undefined))).toEqual([[0, 'pcmu']]);
    const watch = new SoundWatch();
    watch.heard(PCMU, 0);
    expect(watch.choose(0, 0)).toBe(PCMU);
    expect(watch.choose(8000, 0)).toBe(PCMU);
  });

  it('changes with its format', () => {
    expect(play(4000, (ms) => (ms < 2000 ? PCMU : AAC))).toEqual([
      [0, 'pcmu'],
      [2000, 'aac'],
    ]);
  });
});

describe('the gate in front of many starts', () => {
  it('lets in as many as it may, in their order, and whoever waits when one leaves', async () => {
    const gate = new StartGate(new FakeClock(), { maxInside: 2, maxStayMs: 10_000 });
    const never = new AbortController().signal;
    const entered: number[] = [];
    const ways = [0, 1, 2, 3].map((n) =>
      gate.enter(never).then((leave) => {
        entered.push(n);
        return leave;
      }),
    );
    const [first] = await Promise.all(ways.slice(0, 2));
    expect(entered).toEqual([0, 1]);
    first?.();
    first?.();
    await ways[2];
    expect(entered).toEqual([0, 1, 2]);
  });

  it('forgets who does not wait any longer, and pushes out who stays too long', async () => {
    const clock = new FakeClock();
    const gate = new StartGate(clock, { maxInside: 1, maxStayMs: 10_000 });
    const never = new AbortController().signal;
    const gone = new AbortController();
    await gate.enter(never);
    const given = gate.enter(gone.signal);
    const last = gate.enter(never);
    gone.abort();
    (await given)();
    clock.advance(10_000);
    const leave = await last;
    leave();
    // All have left: there is room at once.
    await gate.enter(never);
  });
});

describe('the ring', () => {
  const limits = { watchedSegments: 6, unwatchedSegments: 3, maxMs: 4000, maxBytes: 188 * 100 };
  const opened = (budget = new RingBudget(1e9)) => new Ring(limits, budget, 100);
  const fill = (
    ring: Ring,
    count: number,
    more: { sizeBytes?: number; durationMs?: number } = {},
    from = 0,
  ) => {
    const recording = recordingOf('a', 0);
    for (let n = from; n < from + count; n += 1) ring.add(segmentOf(recording, n * 2000, more));
  };
  const sequences = (ring: Ring) => ring.entries.map(({ sequence }) => sequence);

  it('holds more while somebody watches', () => {
    const ring = opened();
    fill(ring, 10);
    expect(sequences(ring)).toEqual([107, 108, 109]);
    ring.isWatched = true;
    fill(ring, 10, {}, 10);
    expect(sequences(ring)).toEqual([114, 115, 116, 117, 118, 119]);
  });

  it('holds short segments for some seconds', () => {
    const ring = opened();
    fill(ring, 20, { durationMs: 500 });
    expect(ring.entries).toHaveLength(9);
  });

  it('keeps its bytes in bounds, but never less than the newest segment', () => {
    const ring = opened();
    fill(ring, 5, { sizeBytes: 188 * 40 });
    expect(ring.entries).toHaveLength(2);
    fill(ring, 2, { sizeBytes: 188 * 500 }, 5);
    expect(ring.entries).toHaveLength(1);
    expect(ring.sizeBytes).toBe(188 * 500);
  });

  it('shares memory with the other rings: the largest gives first', () => {
    const budget = new RingBudget(188 * 100);
    const [large, small] = [opened(budget), opened(budget)];
    fill(large, 3, { sizeBytes: 188 * 30 });
    fill(small, 3, { sizeBytes: 188 * 10 });
    expect(budget.usedBytes).toBeLessThanOrEqual(188 * 100);
    expect([large.entries.length, small.entries.length]).toEqual([2, 3]);
    large.close();
    expect(budget.usedBytes).toBe(188 * 30);
  });

  it('counts recordings as discontinuities and never counts back', () => {
    const ring = opened();
    ring.add(segmentOf(recordingOf('a', 0), 0));
    ring.add(segmentOf(recordingOf('a', 0), 2000));
    ring.add(segmentOf(recordingOf('b', 4000), 4000));
    expect(ring.entries.map((entry) => entry.discontinuitySequence)).toEqual([0, 0, 1]);
    ring.clear();
    ring.add(segmentOf(recordingOf('c', 9000), 9000));
    expect(ring.entries).toMatchObject([{ sequence: 103, discontinuitySequence: 2 }]);
  });
});
