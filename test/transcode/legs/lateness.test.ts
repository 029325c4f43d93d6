import { expect, it } from 'vitest';
import { Lateness } from '../../../server/transcode/legs/lateness.ts';

const FRAME_MS = 40;
const GOP = 50;

/** What becomes of pictures of 25 a second, the first of them received at 0, when picture n is written at `writtenAtMs(n)`. */
function judged(count: number, writtenAtMs: (n: number) => number, startedAtMs = 0): string[] {
  const lateness = new Lateness(startedAtMs);
  return Array.from({ length: count }, (_, n) =>
    lateness.judge(
      { pts90k: n * FRAME_MS * 90, isKeyFrame: n % GOP === 0, receivedAtMs: n * FRAME_MS },
      writtenAtMs(n),
    ),
  );
}

const share = (verdicts: readonly string[], verdict: string) =>
  verdicts.filter((one) => one === verdict).length / verdicts.length;

it('shows everything that comes in time', () => {
  expect(
    share(
      judged(500, (n) => n * FRAME_MS + 20),
      'show',
    ),
  ).toBe(1);
});

it('works through the kept group without showing it, and begins with the present', () => {
  // 1.8 s of pictures are there when the first viewer comes; they are written in 400 ms.
  const startMs = 45 * FRAME_MS;
  const verdicts = judged(100, (n) => Math.max(startMs + n * 9, n * FRAME_MS), startMs);
  expect(verdicts.indexOf('show')).toBeGreaterThan(40);
  expect(verdicts).not.toContain('drop');
  expect(share(verdicts.slice(60), 'show')).toBe(1);
});

it('shows some pictures on a machine that never keeps up with encoding, and leaves none out that others refer to', () => {
  const verdicts = judged(500, (n) => n * FRAME_MS + 900, 0);
  expect(verdicts).not.toContain('drop');
  expect(share(verdicts.slice(50), 'show')).toBeCloseTo(0.2, 1);
});

it('goes on at a key frame when even decoding is too slow, and is never later than that again for long', () => {
  // Each picture takes 60 ms instead of 40; what is dropped takes nothing.
  const lateness = new Lateness(0);
  let nowMs = 0;
  let dropped = 0;
  for (let n = 0; n < 3000; n += 1) {
    const receivedAtMs = n * FRAME_MS;
    nowMs = Math.max(nowMs, receivedAtMs);
    const verdict = lateness.judge(
      { pts90k: receivedAtMs * 90, isKeyFrame: n % GOP === 0, receivedAtMs },
      nowMs,
    );
    if (verdict === 'drop') dropped += 1;
    else {
      expect(nowMs - receivedAtMs).toBeLessThanOrEqual(2_000);
      nowMs += 60;
    }
  }
  expect(dropped).toBeGreaterThan(0);
  expect(dropped).toBeLessThan(1500);
});
