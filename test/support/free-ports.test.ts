import { expect, it, onTestFinished, vi } from 'vitest';
import { BLOCKED_PORTS } from '../../server/base/blocked-ports.ts';
import { freePorts } from './free-ports.ts';

it('ports that no browser asks are not given out, nor any beside which one would be', async () => {
  for (const port of BLOCKED_PORTS) {
    const refusal = await fetch(`http://127.0.0.1:${port}/`).catch((failure: unknown) => failure);
    expect(refusal, String(port)).toMatchObject({ cause: { message: 'bad port' } });
  }
  // All that chance may give beside 6665 to 6669, then something else.
  const first = (port: number) => (port - 4_000) / (9_900 - 4_000 - 3) + 1e-6;
  let tries = 0;
  const chances = [6663, 6664, 6665, 6669].map(first);
  const random = vi.spyOn(Math, 'random').mockImplementation(() => chances.shift() ?? first(7_000 + tries++));
  onTestFinished(() => random.mockRestore());
  expect(await freePorts(3)).toBeGreaterThan(6669);
});
