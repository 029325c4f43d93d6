import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../server/base/token-bucket.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('TokenBucket', () => {
  it('gives its burst at once, then as much as comes back with time, never more than the burst', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, { burst: 3, perSecond: 2 });
    const takeAll = () => {
      let taken = 0;
      while (bucket.take()) taken += 1;
      return taken;
    };
    expect(bucket.full).toBe(true);
    expect(takeAll()).toBe(3);
    expect(bucket.empty).toBe(true);
    expect(bucket.waitMs).toBe(500);
    clock.advance(499);
    expect(bucket.take()).toBe(false);
    clock.advance(1);
    expect(bucket.waitMs).toBe(0);
    expect(takeAll()).toBe(1);
    clock.advance(3_600_000);
    expect(takeAll()).toBe(3);
  });

  it('does not mind a wall clock that steps', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, { burst: 1, perSecond: 1 });
    bucket.take();
    clock.stepWall(3_600_000);
    expect(bucket.take()).toBe(false);
  });
});
