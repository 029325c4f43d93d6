import { describe, expect, it } from 'vitest';
import { ByteCache } from '../../server/base/byte-cache.ts';
import { Turns } from '../../server/base/turns.ts';

const made = (sizeBytes: number) => async () => ({ sizeBytes });

describe('byte cache', () => {
  it('makes a thing once for all who ask at the same time, and keeps it', async () => {
    const cache = new ByteCache(100);
    let count = 0;
    const make = async () => {
      count += 1;
      return { sizeBytes: 10 };
    };
    const [a, b] = await Promise.all([cache.get('k', make), cache.get('k', make)]);
    expect(await cache.get('k', make)).toBe(a);
    expect([b === a, count]).toEqual([true, 1]);
  });

  it('lets go of what was used least recently when it grows over its bound', async () => {
    const cache = new ByteCache(100);
    for (const key of ['a', 'b', 'c']) await cache.get(key, made(40));
    expect(cache.sizeBytes).toBe(80);
    let wasMade = false;
    await cache.get('b', async () => {
      wasMade = true;
      return { sizeBytes: 40 };
    });
    await cache.get('d', made(40));
    expect(wasMade).toBe(false);
    await expect(cache.get('c', () => Promise.reject(new Error('asked')))).rejects.toThrow('asked');
    await cache.get('b', () => Promise.reject(new Error('not asked')));
    expect(cache.sizeBytes).toBe(80);
  });

  it('does not keep what is larger than all it may keep, nor a failure', async () => {
    const cache = new ByteCache(0);
    await cache.get('a', made(1));
    expect(cache.sizeBytes).toBe(0);
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await cache.get('a', made(3))).toEqual({ sizeBytes: 3 });
  });
});

describe('turns', () => {
  const gate = () => Promise.withResolvers<void>();

  it('lets so many work, so many wait in order, and refuses the rest', async () => {
    const turns = new Turns({ maxRunning: 2, maxWaiting: 2, refuse: () => new Error('too many') });
    const gates = [gate(), gate(), gate(), gate()];
    const order: number[] = [];
    const runs = gates.map(({ promise }, n) =>
      turns.run(async () => {
        order.push(n);
        await promise;
        if (n === 1) throw new Error('failed');
        return n;
      }),
    );
    await expect(turns.run(async () => 9)).rejects.toThrow('too many');
    expect(order).toEqual([0, 1]);
    gates[1]?.resolve();
    await expect(runs[1]).rejects.toThrow('failed');
    expect(order).toEqual([0, 1, 2]);
    for (const { resolve } of gates) resolve();
    expect(await Promise.all([runs[0], runs[2], runs[3]])).toEqual([0, 2, 3]);
    expect(await turns.run(async () => 5)).toBe(5);
  });
});
