import { describe, expect, it } from 'vitest';
import { FailureLimiter } from '../../../server/http/access/failure-limiter.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('the limit of wrong tokens', () => {
  it('stops one address and leaves the others alone', () => {
    const clock = new FakeClock();
    const limiter = new FailureLimiter(clock);
    for (let count = 0; count < 30; count++) {
      expect(limiter.waitMs('192.0.2.1', 'token')).toBe(0);
      limiter.failed('192.0.2.1', 'token');
    }
    expect(limiter.waitMs('192.0.2.1', 'token')).toBe(1000);
    expect(limiter.waitMs('192.0.2.1', 'login')).toBe(1000);
    expect(limiter.waitMs('192.0.2.2', 'token')).toBe(0);
    clock.advance(1000);
    expect(limiter.waitMs('192.0.2.1', 'token')).toBe(0);
  });

  it('counts an IPv6 /64 as one address, and IPv4 in IPv6 clothes as IPv4', () => {
    const limiter = new FailureLimiter(new FakeClock());
    for (let count = 0; count < 30; count++) limiter.failed(`2001:db8:1:2::${count}`, 'token');
    expect(limiter.waitMs('2001:db8:1:2:aaaa::1', 'token')).toBeGreaterThan(0);
    expect(limiter.waitMs('2001:db8:1:3::1', 'token')).toBe(0);
    for (let count = 0; count < 30; count++) limiter.failed('::ffff:192.0.2.9', 'token');
    expect(limiter.waitMs('192.0.2.9', 'token')).toBeGreaterThan(0);
  });

  it('has a limit of all addresses together for the log-in form, and only for it', () => {
    const limiter = new FailureLimiter(new FakeClock());
    for (let count = 0; count < 200; count++) limiter.failed(`198.51.100.${count}`, 'login');
    expect(limiter.waitMs('203.0.113.1', 'login')).toBeGreaterThan(0);
    expect(limiter.waitMs('203.0.113.1', 'token')).toBe(0);
  });

  it('limits this machine itself at the log-in form only, for a proxy may stand behind it', () => {
    const limiter = new FailureLimiter(new FakeClock());
    for (let count = 0; count < 100; count++) limiter.failed('127.0.0.1', 'token');
    expect(limiter.waitMs('127.0.0.1', 'login')).toBe(0);
    for (let count = 0; count < 30; count++) limiter.failed('::1', 'login');
    expect(limiter.waitMs('::1', 'login')).toBeGreaterThan(0);
    expect(limiter.waitMs('::1', 'token')).toBe(0);
  });

  it('forgets addresses that recovered, and remembers at most 10,000', () => {
    const clock = new FakeClock();
    const limiter = new FailureLimiter(clock);
    for (let count = 0; count < 10_050; count++) limiter.failed(`10.${count >> 8}.${count & 255}.1`, 'token');
    expect(limiter.size).toBe(10_000);
    clock.advance(60_000);
    limiter.failed('192.0.2.1', 'token');
    expect(limiter.size).toBe(1);
  });
});
