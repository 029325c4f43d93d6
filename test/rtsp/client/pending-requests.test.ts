import { describe, expect, it } from 'vitest';
import { PendingRequests } from '../../../server/rtsp/client/pending-requests.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function rig() {
  const clock = new FakeClock();
  const pending = new PendingRequests<string>(clock);
  const ask = (cseq: number): Promise<string> => {
    const answer = pending.wait({ cseq, method: 'DESCRIBE', timeoutMs: 10_000, peer: 'camera' });
    answer.catch(() => {});
    return answer;
  };
  return { clock, pending, ask };
}

describe('responses with a foreign CSeq', () => {
  it('from a camera that has counted right so far: the right one is waited for', async () => {
    const { clock, pending, ask } = rig();
    const first = ask(1);
    expect(pending.settle(1, 'first')).toBe(true);
    const second = ask(2);
    expect(pending.settle(1, 'first, once more')).toBe(false);
    clock.advance(900);
    expect(pending.settle(2, 'second')).toBe(true);
    clock.advance(10_000);
    expect([await first, await second]).toEqual(['first', 'second']);
  });

  it('and taken after a moment where none comes, from then on at once', async () => {
    const { clock, pending, ask } = rig();
    void ask(1);
    pending.settle(1, 'first');
    const second = ask(2);
    pending.settle(1, 'second');
    pending.settle(1, 'something else');
    clock.advance(1_000);
    expect(await second).toBe('second');
    const third = ask(3);
    expect(pending.settle(1, 'third')).toBe(true);
    expect(await third).toBe('third');
  });

  it("is nobody's while more than one request is outstanding", () => {
    const { pending, ask } = rig();
    void ask(1);
    void ask(2);
    expect(pending.settle(9, 'x')).toBe(false);
    expect(pending.settle(undefined, 'x')).toBe(false);
    expect(pending.size).toBe(2);
  });

  it('is not taken where it belongs to a request that was given up', async () => {
    const { clock, pending, ask } = rig();
    const first = ask(1);
    clock.advance(10_000);
    await expect(first).rejects.toMatchObject({ kind: 'request-timeout' });
    const second = ask(2);
    expect(pending.settle(1, 'first, at last')).toBe(false);
    clock.advance(5_000);
    expect(pending.settle(2, 'second')).toBe(true);
    expect(await second).toBe('second');
  });

  it('is not kept for a request that was given up meanwhile', async () => {
    const { clock, pending, ask } = rig();
    void ask(1);
    pending.settle(1, 'first');
    const second = ask(2);
    clock.advance(9_500);
    pending.settle(7, 'strange');
    clock.advance(500);
    await expect(second).rejects.toMatchObject({ kind: 'request-timeout' });
    const third = ask(3);
    clock.advance(2_000);
    expect(pending.settle(3, 'third')).toBe(true);
    expect(await third).toBe('third');
  });
});
