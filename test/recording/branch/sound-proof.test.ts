import { beforeAll, expect, it } from 'vitest';
import { silentLogger } from '../../../server/base/log.ts';
import { adtsOf, SoundProof } from '../../../server/recording/branch/sound-proof.ts';
import { StartGate } from '../../../server/recording/branch/start-gate.ts';
import type { AudioFormat } from '../../../server/stream/index.ts';
import { type SimAudio, testAudio } from '../../support/camera-sim/index.ts';
import { PCMU } from '../../support/clip-camera.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { waitFor } from '../../support/wait.ts';

let aac: SimAudio;
beforeAll(async () => {
  aac = await testAudio('aac');
});

const formatOf = (config: string): AudioFormat => ({
  kind: 'audio',
  codec: 'aac',
  clockRate: 48_000,
  channels: 2,
  config: Buffer.from(config, 'hex'),
});

function proofOf(clock = new FakeClock(), ffmpegPath = process.env.FFMPEG_PATH ?? 'ffmpeg') {
  const gate = new StartGate(clock, { maxInside: 1, maxStayMs: 10_000 });
  return new SoundProof({ clock, log: silentLogger, ffmpegPath, gate });
}

/** Gives it some frames, and waits for the verdict. */
async function tried(proof: SoundProof, format: AudioFormat, frames: readonly Buffer[]): Promise<boolean> {
  for (const frame of frames.slice(0, 8)) expect(proof.accepts(format, [frame])).toBe(false);
  expect(proof.isPending).toBe(true);
  await waitFor('the verdict', () => !proof.isPending);
  return proof.accepts(format, [frames[8] ?? Buffer.alloc(0)]);
}

const random = (n: number) =>
  Buffer.from(Array.from({ length: 200 }, (_, at) => (n * 7919 + at * at * 31) & 0xff));

it.each([
  ['what it says', '1190', undefined, true],
  // FFmpeg and browsers take the one for the other.
  ['stereo that says it is mono', '1188', undefined, true],
  ['of another rate', '1510', undefined, false],
  ['of other channels', '11b8', undefined, false],
  ['random bytes', '1190', random, false],
  ['frames of nothing', '1190', () => Buffer.alloc(100, 0xff), false],
  // AAC-LD and a rate by itself, which MPEG-TS does not hold.
  ['of a kind that cannot be recorded', 'b98800', undefined, false],
  ['without a config', '', undefined, false],
] as const)('AAC that is %s', async (_what, config, frameOf, isGood) => {
  const frames = frameOf === undefined ? aac.frames : aac.frames.map((_frame, n) => frameOf(n));
  expect(await tried(proofOf(), formatOf(config), frames)).toBe(isGood);
});

it('a verdict holds until the format is another; a bad one is looked at again, more and more seldom', async () => {
  const clock = new FakeClock();
  const proof = proofOf(clock);
  const format = formatOf('1190');
  const bad = aac.frames.map((_frame, n) => random(n));
  expect(await tried(proof, format, bad)).toBe(false);
  for (const waitMs of [60_000, 120_000]) {
    clock.advance(waitMs - 1);
    expect(proof.accepts(format, [bad[0] as Buffer])).toBe(false);
    expect(proof.isPending).toBe(false);
    clock.advance(1);
    proof.accepts(format, [bad[0] as Buffer]);
    expect(await tried(proof, format, waitMs === 60_000 ? bad : aac.frames)).toBe(waitMs !== 60_000);
  }
  expect(proof.accepts({ ...format }, [bad[0] as Buffer])).toBe(true);
  expect(await tried(proof, formatOf('1510'), aac.frames)).toBe(false);
});

it('other sound needs none, and where FFmpeg cannot be started that is no fault of the sound', async () => {
  expect(proofOf().accepts(PCMU, [Buffer.alloc(160)])).toBe(true);
  expect(await tried(proofOf(new FakeClock(), '/nowhere/ffmpeg'), formatOf('1190'), aac.frames)).toBe(true);
});

it('frames get the headers that their config says', () => {
  const frame = Buffer.from('010203', 'hex');
  expect(adtsOf(formatOf('1190'), [frame])?.toString('hex')).toBe('fff14c80015ffc010203');
  // SBR told by itself: the core's rate.
  expect(adtsOf(formatOf('2b11880800'), [frame])?.toString('hex')).toBe('fff15880015ffc010203');
});
