import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sharedHorizonMs } from '../../server/recording/store/retention-forecast.ts';
import {
  type Candidate,
  planRetention,
  type RetentionInput,
  type RetentionPlan,
  type RetentionStream,
} from '../../server/recording/store/retention-plan.ts';

const NOW_MS = 1_000;

interface ModelSegment extends Candidate {
  readonly locked: boolean;
}

interface ModelStream {
  readonly id: number;
  readonly app: string;
  readonly keepMs: number;
  readonly maxBytes: number | undefined;
  readonly roomCutoffMs: number;
  segments: ModelSegment[];
}

const segments = fc
  .array(
    fc.record({ startMs: fc.nat(1_300), sizeBytes: fc.integer({ min: 1, max: 20 }), locked: fc.boolean() }),
    {
      maxLength: 20,
    },
  )
  .map((list) =>
    list.sort((a, b) => a.startMs - b.startMs).map((one) => ({ ...one, endMs: one.startMs + 10 })),
  );
const limit = fc.option(fc.nat(150), { nil: undefined });
const world = fc
  .array(
    fc.record({
      app: fc.constantFrom('a', 'b'),
      keepMs: fc.integer({ min: 1, max: 1_200 }),
      maxBytes: limit,
      roomCutoffMs: fc.nat(1_000),
      segments,
    }),
    { maxLength: 5 },
  )
  .map((streams) => streams.map((stream, index): ModelStream => ({ id: index + 1, ...stream })));
const limits = fc.record({
  appMaxBytes: fc
    .dictionary(fc.constantFrom('a', 'b'), fc.nat(150))
    .map((entries) => new Map(Object.entries(entries))),
  maxBytes: limit,
  wantedBytes: fc.oneof(fc.constant(0), fc.nat(100)),
  wantedFiles: fc.oneof(fc.constant(0), fc.nat(10)),
  mayAge: fc.boolean(),
  maxSegments: fc.integer({ min: 1, max: 30 }),
});

const sizeOf = (list: readonly Candidate[]) => list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

function asSource(stream: ModelStream): RetentionStream {
  const free = () => stream.segments.filter(({ locked }) => !locked);
  return {
    ...stream,
    bytes: sizeOf(stream.segments),
    past: () => free().filter(({ startMs }) => startMs < NOW_MS),
    future: () => free().filter(({ startMs }) => startMs >= NOW_MS),
  };
}

function planOf(
  streams: readonly ModelStream[],
  rest: Omit<RetentionInput, 'nowMs' | 'streams'>,
): RetentionPlan {
  return planRetention({ nowMs: NOW_MS, streams: streams.map(asSource), ...rest });
}

/** Does what the plan says. */
function execute(streams: readonly ModelStream[], plan: RetentionPlan): void {
  for (const stream of streams) {
    const gone = new Set(
      plan.deletions
        .filter(({ streamId }) => streamId === stream.id)
        .map(({ startMs, sizeBytes }) => `${startMs} ${sizeBytes}`),
    );
    stream.segments = stream.segments.filter(
      ({ startMs, sizeBytes, locked }) => locked || !gone.has(`${startMs} ${sizeBytes}`),
    );
  }
}

test('a plan takes the oldest of each stream first, nothing locked, and no more than one step may', () => {
  fc.assert(
    fc.property(world, limits, (streams, rest) => {
      const { deletions, isPartial } = planOf(streams, rest);
      expect(deletions.length).toBeLessThanOrEqual(rest.maxSegments);
      if (!isPartial) expect(deletions.length).toBeLessThan(rest.maxSegments);
      for (const stream of streams) {
        const own = deletions.filter(({ streamId }) => streamId === stream.id);
        for (const isFuture of [false, true]) {
          const free = asSource(stream)[isFuture ? 'future' : 'past']();
          const taken = own.filter((one) => one.isFuture === isFuture);
          const times = taken.map(({ startMs }) => startMs);
          expect(times).toEqual([...free].slice(0, taken.length).map(({ startMs }) => startMs));
        }
        for (const { why, endMs, isFuture } of own) {
          if (why === 'age') {
            expect(rest.mayAge).toBe(true);
            expect(endMs).toBeLessThanOrEqual(NOW_MS - stream.keepMs);
          } else if (!isFuture) expect(endMs).toBeLessThanOrEqual(stream.roomCutoffMs);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('step by step all limits come to hold, or the rest is locked or new', () => {
  fc.assert(
    fc.property(world, limits, (streams, rest) => {
      let wanted = rest.wantedBytes;
      let files = rest.wantedFiles;
      let plan = planOf(streams, rest);
      for (let steps = 0; plan.deletions.length > 0; steps += 1) {
        expect(steps).toBeLessThan(200);
        execute(streams, plan);
        wanted = Math.max(0, wanted - sizeOf(plan.deletions));
        files = Math.max(0, files - plan.deletions.length);
        plan = planOf(streams, { ...rest, wantedBytes: wanted, wantedFiles: files });
      }
      const all = streams.flatMap((stream) => stream.segments);
      const broken = [
        ...streams.map((stream) => sizeOf(stream.segments) > (stream.maxBytes ?? Infinity)),
        ...[...rest.appMaxBytes].map(
          ([app, most]) =>
            sizeOf(streams.filter((stream) => stream.app === app).flatMap((stream) => stream.segments)) >
            most,
        ),
        sizeOf(all) > (rest.maxBytes ?? Infinity),
        wanted > 0,
        files > 0,
      ].some(Boolean);
      expect(plan.isStuck).toBe(broken);
      if (!rest.mayAge) return;
      for (const { keepMs, segments: left } of streams) {
        const old = left.filter(({ endMs, locked }) => !locked && endMs <= NOW_MS - keepMs);
        expect(old).toEqual([]);
      }
    }),
    { numRuns: 500 },
  );
});

test('no more is deleted for a limit than it takes', () => {
  fc.assert(
    fc.property(world, fc.nat(300), (streams, maxBytes) => {
      const none = { appMaxBytes: new Map<string, number>(), wantedBytes: 0, wantedFiles: 0, mayAge: false };
      const unlimited = streams.map((stream) => ({ ...stream, maxBytes: undefined }));
      const plan = planOf(unlimited, { ...none, maxBytes, maxSegments: 1_000 });
      const last = plan.deletions.at(-1);
      if (last === undefined) return;
      const bytes = sizeOf(unlimited.flatMap((stream) => stream.segments)) - sizeOf(plan.deletions);
      expect(bytes + last.sizeBytes).toBeGreaterThan(maxBytes);
    }),
  );
});

test('where streams share a limit the oldest of all goes first, and what a wrong clock recorded before it', () => {
  const stream = (id: number, ...startsMs: number[]): ModelStream => ({
    id,
    app: 'a',
    keepMs: 10_000,
    maxBytes: undefined,
    roomCutoffMs: NOW_MS,
    segments: startsMs.map((startMs) => ({ startMs, endMs: startMs + 10, sizeBytes: 1, locked: false })),
  });
  const plan = planOf([stream(1, 300, 400, 5_000), stream(2, 100, 500)], {
    appMaxBytes: new Map([['a', 1]]),
    maxBytes: undefined,
    wantedBytes: 0,
    wantedFiles: 0,
    mayAge: true,
    maxSegments: 100,
  });
  expect(plan.deletions.map(({ streamId, startMs }) => [streamId, startMs])).toEqual([
    [1, 5_000],
    [2, 100],
    [1, 300],
    [1, 400],
  ]);
});

test('shared room: whoever reaches its own cap leaves the rest to the others', () => {
  const share = fc.record({ bytesPerMs: fc.integer({ min: 1, max: 50 }), capMs: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.array(share, { maxLength: 6 }), fc.nat(100_000), (shares, roomBytes) => {
      const horizonMs = sharedHorizonMs(roomBytes, shares);
      const used = (ms: number) =>
        shares.reduce((sum, { bytesPerMs, capMs }) => sum + bytesPerMs * Math.min(ms, capMs), 0);
      if (horizonMs === Infinity) expect(used(Infinity)).toBeLessThan(roomBytes + 1e-6);
      else expect(used(horizonMs)).toBeCloseTo(roomBytes, 3);
    }),
    { numRuns: 500 },
  );
});
