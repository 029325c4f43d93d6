import { describe, expect, it } from 'vitest';
import { LoginSessions } from '../../../server/http/access/login-sessions.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('log-in sessions', () => {
  it('last a week, not longer, and end when asked', () => {
    const clock = new FakeClock();
    const sessions = new LoginSessions(clock);
    const { id, lifetimeMs } = sessions.begin();
    const other = sessions.begin();
    expect(lifetimeMs).toBe(7 * 24 * 3_600_000);
    clock.advance(lifetimeMs - 1);
    expect(sessions.isValid(id)).toBe(true);
    sessions.end(other.id);
    expect(sessions.isValid(other.id)).toBe(false);
    clock.advance(1);
    expect(sessions.isValid(id)).toBe(false);
  });

  it('do not take names that objects inherit for ids', () => {
    const sessions = new LoginSessions(new FakeClock());
    for (const id of ['constructor', '__proto__', 'hasOwnProperty', ''])
      expect(sessions.isValid(id)).toBe(false);
  });

  it('stay bounded: the oldest goes first', () => {
    const sessions = new LoginSessions(new FakeClock());
    const first = sessions.begin();
    const second = sessions.begin();
    for (let count = 0; count < 999; count++) sessions.begin();
    expect(sessions.size).toBe(1000);
    expect(sessions.isValid(first.id)).toBe(false);
    expect(sessions.isValid(second.id)).toBe(true);
  });
});
