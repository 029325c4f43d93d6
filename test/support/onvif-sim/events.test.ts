import { describe, expect, it } from 'vitest';
import { FakeClock } from '../fake-clock.ts';
import { isWanted, PullPoints, type SimEvent } from './events.ts';

function event(topic: string, state: string, operation?: SimEvent['operation']): SimEvent {
  return { topic, operation, source: { Source: '0' }, data: { State: state }, wallMs: 0 };
}

describe('simulated pull points', () => {
  it('hold a pull until there is news or its time is over', async () => {
    const clock = new FakeClock();
    const points = new PullPoints(clock);
    const id = points.create(60_000, undefined);
    const first = points.pull(id, 5_000, 10);
    expect(points.list[0]?.isBeingPulled).toBe(true);
    points.publish(event('a', 'true'));
    expect(await first).toHaveLength(1);
    const second = points.pull(id, 5_000, 10);
    expect(() => points.pull(id, 5_000, 10)).toThrow('going on');
    clock.advance(5_000);
    expect(await second).toEqual([]);
  });

  it('give so many at a time, and lose the oldest of too many', async () => {
    const points = new PullPoints(new FakeClock(), { maxQueued: 3 });
    const id = points.create(60_000, undefined);
    for (const state of ['1', '2', '3', '4']) points.publish(event('a', state));
    expect((await points.pull(id, 0, 2)).map(({ data }) => data.State)).toEqual(['2', '3']);
    expect((await points.pull(id, 0, 2)).map(({ data }) => data.State)).toEqual(['4']);
  });

  it('tell a new subscription how things are, and another once more when asked', async () => {
    const points = new PullPoints(new FakeClock());
    points.publish(event('motion', 'true', 'Changed'));
    points.publish(event('bell', 'rung'));
    const id = points.create(60_000, undefined);
    const told = await points.pull(id, 0, 10);
    expect(told.map(({ topic, operation }) => [topic, operation])).toEqual([['motion', 'Initialized']]);
    points.synchronise(id);
    expect(await points.pull(id, 0, 10)).toEqual(told);
  });

  it('end by themselves, by Renew later, by Unsubscribe at once, and refuse who waits', async () => {
    const clock = new FakeClock();
    const points = new PullPoints(clock, { maxTerminationMs: 20_000, maxPullPoints: 1 });
    const id = points.create(10_000, undefined);
    expect(() => points.create(10_000, undefined)).toThrow('maximum number');
    clock.advance(9_000);
    points.renew(id, 3_600_000);
    clock.advance(19_000);
    expect(points.list).toHaveLength(1);
    clock.advance(1_000);
    expect(points.list).toHaveLength(0);
    expect(() => points.renew(id, 1)).toThrow('not known');
    const next = points.create(10_000, undefined);
    const waiting = points.pull(next, 60_000, 1);
    points.end(next);
    await expect(waiting).rejects.toThrow('not known');
  });

  it('know what a subscription wants', () => {
    expect(isWanted(undefined, 'tns1:A/B')).toBe(true);
    expect(isWanted('tns1:A//.', 'tns1:A/B')).toBe(true);
    expect(isWanted('tns1:A//.', 'tns1:AB/C')).toBe(false);
    expect(isWanted('tns1:X | tns1:A/B', 'tns1:A/B')).toBe(true);
    expect(isWanted('tns1:A', 'tns1:A/B')).toBe(false);
  });
});
