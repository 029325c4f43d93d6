import { describe, expect, it } from 'vitest';
import { SoundStart } from '../../../server/transcode/legs/sound-start.ts';

const AAC_90K = 1920;

/** FFmpeg takes units for as long as it starts, and then gives out all that they were made of. */
function started(units: number): SoundStart {
  const start = new SoundStart();
  for (let unit = 0; unit < units; unit += 1) start.given(unit * AAC_90K);
  return start;
}

describe('sound that waited for FFmpeg to start', () => {
  it('is left out but for its end, and nothing is later', () => {
    const start = started(30);
    const kept = [...Array(30).keys()].filter((unit) => !start.isStale(unit * AAC_90K, 500));
    expect(kept[0]).toBe(26);
    expect(kept).toHaveLength(4);
    // A stall later on is no start.
    for (let unit = 30; unit < 60; unit += 1) start.given(unit * AAC_90K);
    expect(start.isStale(30 * AAC_90K, 2500)).toBe(false);
  });

  it('is all there where FFmpeg keeps up from the first', () => {
    const start = new SoundStart();
    for (let unit = 0; unit < 50; unit += 1) {
      start.given(unit * AAC_90K);
      expect(start.isStale((unit - 2) * AAC_90K, unit * 21)).toBe(false);
    }
  });

  it('of long units is not taken for late', () => {
    const start = new SoundStart();
    start.given(0);
    start.given(128 * 90);
    start.given(256 * 90);
    expect(start.isStale(80 * 90, 300)).toBe(false);
  });

  it('is late rather than gone where FFmpeg never catches up', () => {
    const start = started(100);
    expect(start.isStale(0, 1_900)).toBe(true);
    expect(start.isStale(AAC_90K, 2_100)).toBe(false);
    expect(start.isStale(2 * AAC_90K, 2_100)).toBe(false);
  });
});
