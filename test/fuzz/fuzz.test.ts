import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDepacketiser, parseRtp } from '../../server/rtsp/parse/index.ts';
import { HOARD_BYTES, MAX_HELD_MIB } from './parts/hoards.ts';
import { heldBytes, knownHoards } from './parts/memory.ts';
import { replayKept } from './parts/replay-kept.ts';
import { anySession, plainSession, reviveSession, runSession } from './parts/sockets.ts';
import { runInThread } from './support/in-thread.ts';
import { readKept } from './support/kept-input.ts';
import { inputAt, replay, runTarget } from './support/one-target.ts';
import { h264Streams, h265Streams } from './support/seeds.ts';
import { type FuzzTarget, must } from './support/target.ts';
import { fuzzTargets } from './targets/index.ts';
import { trackOf } from './targets/payloads.ts';

/** A short slice of `npm run fuzz`, with the same inputs each time. */
const SEED = 20_261_121;
const COUNT = 2_500;
const SESSIONS = 24;

test.each(
  fuzzTargets.map(({ name, summary, countInTests = COUNT }) => [name, summary, countInTests] as const),
)('%s: %s', async (name, _summary, count) => {
  const result = await runInThread({ name, seed: SEED, count });
  expect(result).toMatchObject({ kind: 'passed', count });
});

const regressions = new URL('../fixtures/fuzz/regressions/', import.meta.url);

test.each(readdirSync(regressions))('what was found holds: %s', (file) =>
  replayKept(readKept(new URL(file, regressions))),
);

test.each([
  ['H264', h264Streams[0]],
  ['H264', h264Streams[1]],
  ['H265', h265Streams[0]],
])('the seeds are streams: %s, unchanged, gives its pictures', (encoding, stream) => {
  const track = trackOf('m=video 0 RTP/AVP 96', `a=rtpmap:96 ${encoding}/90000`);
  if (track === undefined || stream === undefined) throw new Error('no seed');
  let pictures = 0;
  const onUnit = () => {
    pictures += 1;
  };
  const depacketiser = createDepacketiser(track, { onUnit, onFormat: () => {} });
  for (const bytes of stream) {
    const packet = parseRtp(bytes);
    if (packet !== undefined) depacketiser.push(packet, 0);
  }
  expect(pictures).toBeGreaterThanOrEqual(9);
  expect(depacketiser.droppedUnits).toBe(0);
});

test('a camera that never ends what it begins is held to a bound', () => {
  for (const how of knownHoards.filter(({ payloadBytes, text }) => payloadBytes === 3 && text === 'none')) {
    expect(heldBytes(how, HOARD_BYTES) / 2 ** 20).toBeLessThan(MAX_HELD_MIB);
  }
}, 60_000);

test('a camera that answers and sends anything ends with a reason, and tells nothing it must not', async () => {
  const ends = await Promise.allSettled(
    fc.sample(anySession, { numRuns: SESSIONS, seed: SEED }).map(runSession),
  );
  expect(ends.filter(({ status }) => status === 'rejected')).toEqual([]);
});

test('a session is kept as it was played', () => {
  for (const session of fc.sample(anySession, { numRuns: SESSIONS, seed: SEED })) {
    expect(reviveSession(JSON.parse(JSON.stringify(plainSession(session))))).toEqual(session);
  }
});

test('a failure is made small, and tried again from what is kept of it', () => {
  const [sdp] = fuzzTargets.filter(({ name }) => name === 'sdp') as FuzzTarget<Buffer>[];
  if (sdp === undefined) throw new Error('no target');
  const fragile: FuzzTarget<Buffer> = {
    ...sdp,
    run: (bytes) => must(!bytes.includes('m=video'), 'there is no video'),
  };
  const result = runTarget(fragile, { seed: SEED, count: COUNT });
  if (result.kind !== 'failed') throw new Error('nothing was found');
  expect(result.message).toContain('there is no video');
  expect(() => replay(fragile, result.input)).toThrow('there is no video');
  expect(() => replay(sdp, result.input)).not.toThrow();
  expect(inputAt(fragile, result.seed, result.path)).toEqual(result.input);
});

test('an input that never ends is stopped, and told', async () => {
  const result = await runInThread({ name: 'endless', seed: SEED, count: 200, hangMs: 1_500 });
  expect(result).toMatchObject({
    kind: 'failed',
    input: 7,
    message: expect.stringContaining('does not end'),
  });
});

test('an input that takes too long is a failure', () => {
  const [fields] = fuzzTargets.filter(({ name }) => name === 'fields') as FuzzTarget<Buffer>[];
  if (fields === undefined) throw new Error('no target');
  const slow: FuzzTarget<Buffer> = {
    ...fields,
    maxCpuMs: 2,
    run: (bytes) => {
      const until = process.cpuUsage().user + 5_000;
      while (bytes.length > 40 && process.cpuUsage().user < until);
    },
  };
  const result = runTarget(slow, { seed: SEED, count: 50 });
  expect(result).toMatchObject({ kind: 'failed', message: expect.stringContaining('may take 2 ms') });
});
