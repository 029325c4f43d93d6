import { beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../server/base/log.ts';
import type { RunningScan } from '../../server/gateway/onvif/ports.ts';
import { ScanDesk } from '../../server/gateway/onvif/scan-desk.ts';
import type { ScanRequest } from '../../shared/onvif.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import { FakeClock } from '../support/fake-clock.ts';

class FakeScan implements RunningScan {
  signal: AbortSignal | undefined;
  end: (failure?: Error) => void = () => {};

  run(signal: AbortSignal): Promise<void> {
    this.signal = signal;
    return new Promise((resolve, reject) => {
      this.end = (failure) => (failure === undefined ? resolve() : reject(failure));
      signal.addEventListener('abort', () => resolve());
    });
  }

  progress(): ReturnType<RunningScan['progress']> {
    const device = { id: 'urn:uuid:1', host: '10.0.0.7', port: 80, url: 'onvif://10.0.0.7' };
    return { interfaces: ['eth0 10.0.0.2/24'], asked: 1, toAsk: 2, notes: ['a note'], devices: [device] };
  }
}

const REQUEST: ScanRequest = { multicast: true, hosts: [] };
const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

let clock: FakeClock;
let scans: FakeScan[];
let desk: ScanDesk;
beforeEach(() => {
  clock = new FakeClock();
  scans = [];
  const stream = (name: string, url: string) => {
    const definition = streamDefinitionSchema.parse({ name, source: { url } });
    return { id: `live/${name}`, definition };
  };
  desk = new ScanDesk({
    clock,
    log: silentLogger,
    hub: {
      list: () =>
        [
          stream('a', 'rtsp://10.0.0.7:554/s1'),
          stream('b', 'onvif://10.0.0.8'),
          stream('c', 'publish:'),
        ] as never,
    },
    open: () => {
      const scan = new FakeScan();
      scans.push(scan);
      return scan;
    },
  });
});

test('one is begun, tells what it finds and which stream that is already, and ends', async () => {
  const { id, ...begun } = desk.start(REQUEST);
  expect(begun).toMatchObject({ state: 'running', asked: 1, toAsk: 2, notes: ['a note'] });
  expect(begun.devices).toMatchObject([{ host: '10.0.0.7', knownAs: ['live/a'] }]);
  scans[0]?.end();
  await settle();
  expect(desk.get(id).state).toBe('done');
  clock.advance(10 * 60_000);
  expect(() => desk.get(id)).toThrow(expect.objectContaining({ code: 'SCAN_NOT_FOUND' }));
  expect(clock.timers).toBe(0);
});

test('two run at once; one that is cancelled makes room', async () => {
  const first = desk.start(REQUEST);
  const second = desk.start({ multicast: false, hosts: ['10.0.0.0/24'] });
  expect(() => desk.start(REQUEST)).toThrow(expect.objectContaining({ code: 'TOO_MANY_SCANS' }));
  expect(desk.list().map(({ id }) => id)).toEqual([second.id, first.id]);
  desk.remove(first.id);
  expect(scans[0]?.signal?.aborted).toBe(true);
  await settle();
  desk.start(REQUEST);
  expect(() => desk.start({ multicast: false, hosts: [] })).toThrow(/nobody to ask|run already/);
});

test('one that is cancelled has its place until it has really ended', async () => {
  let end = () => {};
  const slow = new ScanDesk({
    clock,
    log: silentLogger,
    hub: { list: () => [] },
    open: () => ({
      run: () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
      progress: () => ({ interfaces: [], asked: 0, toAsk: 16, notes: [], devices: [] }),
    }),
  });
  for (let nth = 0; nth < 2; nth += 1) slow.remove(slow.start(REQUEST).id);
  expect(() => slow.start(REQUEST)).toThrow(expect.objectContaining({ code: 'TOO_MANY_SCANS' }));
  end();
  await settle();
  slow.start(REQUEST);
});

test('one that does not end is ended, and one that fails says so', async () => {
  const { id } = desk.start(REQUEST);
  clock.advance(10 * 60_000);
  await settle();
  expect(desk.get(id).state).toBe('cancelled');
  const other = desk.start(REQUEST);
  scans[1]?.end(new Error('no network'));
  await settle();
  expect(desk.get(other.id)).toMatchObject({ state: 'done', notes: ['a note', 'no network'] });
  desk.start(REQUEST);
  desk.close();
  await settle();
  expect(desk.list()).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('of many that ended the newest are kept', async () => {
  for (let n = 0; n < 40; n += 1) {
    desk.start(REQUEST);
    scans.at(-1)?.end();
    await settle();
  }
  expect(desk.list()).toHaveLength(16);
});
