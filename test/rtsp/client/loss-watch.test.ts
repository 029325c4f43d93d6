import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LossWatch } from '../../../server/rtsp/client/loss-watch.ts';

/** What the watch says after each second of `perSecond` packets, of which the given share (0 to 1) is lost. */
function verdicts(perSecond: number, sharesBySecond: readonly number[]): boolean[] {
  const watch = new LossWatch();
  const said: boolean[] = [];
  let received = 0;
  let lost = 0;
  watch.sample(0, { received, lost });
  for (const [index, share] of sharesBySecond.entries()) {
    const gone = Math.round(perSecond * share);
    lost += gone;
    received += perSecond - gone;
    said.push(watch.sample((index + 1) * 1000, { received, lost })?.isTooMuch ?? false);
  }
  return said;
}

const seconds = (count: number, share: number) => new Array<number>(count).fill(share);

describe('LossWatch', () => {
  it('takes 2 % for too much after 20 s, 0.5 % never', () => {
    expect(verdicts(200, seconds(30, 0.02)).indexOf(true)).toBe(19);
    expect(verdicts(200, seconds(60, 0.005))).not.toContain(true);
  });

  it('takes 20 % for too much after 10 s', () => {
    expect(verdicts(200, seconds(30, 0.2)).indexOf(true)).toBe(9);
  });

  it('lets one bad spell pass', () => {
    expect(verdicts(200, [...seconds(10, 0), ...seconds(10, 0.05), ...seconds(40, 0)])).not.toContain(true);
  });

  it('lets a few packets of a thin stream pass, whatever their share', () => {
    expect(verdicts(2, [0.5, 0.5, 0.5, ...seconds(27, 0)])).not.toContain(true);
  });

  it('begins anew where the counts do', () => {
    const watch = new LossWatch();
    watch.sample(0, { received: 5_000, lost: 900 });
    expect(watch.sample(10_000, { received: 100, lost: 0 })).toBeUndefined();
    expect(watch.sample(20_000, { received: 2_100, lost: 2 })).toEqual({
      share: 2 / 2_002,
      isTooMuch: false,
    });
  });

  it('never says more than was lost, and nothing of a way that loses nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.nat(5_000), received: fc.nat(1_000), lost: fc.nat(100) }), {
          maxLength: 60,
        }),
        (steps) => {
          const watch = new LossWatch();
          let at = { ms: 0, received: 0, lost: 0 };
          for (const step of steps) {
            at = { ms: at.ms + step.ms, received: at.received + step.received, lost: at.lost + step.lost };
            const verdict = watch.sample(at.ms, at);
            if (verdict === undefined) continue;
            expect(verdict.share).toBeGreaterThanOrEqual(0);
            expect(verdict.share).toBeLessThanOrEqual(1);
            if (at.lost === 0) expect(verdict.isTooMuch).toBe(false);
          }
        },
      ),
    );
  });
});
