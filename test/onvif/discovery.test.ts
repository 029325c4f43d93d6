import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { Attention } from '../../server/onvif/discovery/attention.ts';
import { readHostList } from '../../server/onvif/discovery/host-list.ts';
import { ownNetworks } from '../../server/onvif/discovery/networks.ts';
import { probeMessage, readProbeMatches } from '../../server/onvif/discovery/probe.ts';
import { OnvifError, OnvifScan, type OnvifScanOptions } from '../../server/onvif/index.ts';
import { parseXml } from '../../server/onvif/xml/parse.ts';
import { type OnvifSim, type OnvifSimOptions, startOnvifSim } from '../support/onvif-sim/index.ts';
import { waitFor } from '../support/wait.ts';

const ID = '01234567-89ab-cdef-0123-456789abcdef';
const isOurs = (id: string) => id === ID;

interface MatchParts {
  readonly relatesTo?: string;
  readonly types?: string;
  readonly scopes?: string;
  readonly xaddrs?: string;
  readonly endpoint?: string;
  readonly prologue?: string;
}

function matches(...all: readonly MatchParts[]): string {
  const relatesTo = all[0]?.relatesTo ?? `uuid:${ID}`;
  const inner = all.map(
    ({
      types = 'dn:NetworkVideoTransmitter',
      scopes = '',
      xaddrs = 'http://10.0.0.7/onvif/device_service',
      endpoint = 'urn:uuid:1',
    }) =>
      `<d:ProbeMatch><a:EndpointReference><a:Address>${endpoint}</a:Address></a:EndpointReference><d:Types>${types}</d:Types><d:Scopes>${scopes}</d:Scopes><d:XAddrs>${xaddrs}</d:XAddrs></d:ProbeMatch>`,
  );
  const head = relatesTo === '' ? '' : `<a:RelatesTo>${relatesTo}</a:RelatesTo>`;
  return `${all[0]?.prologue ?? ''}<s:Envelope><s:Header>${head}</s:Header><s:Body><d:ProbeMatches>${inner.join('')}</d:ProbeMatches></s:Body></s:Envelope>`;
}

describe('an answer to a probe', () => {
  test('gives the device with its name, kind and place', () => {
    const scopes =
      'onvif://www.onvif.org/name/Front%20door onvif://www.onvif.org/hardware/DS-2CD onvif://www.onvif.org/location/country/china onvif://www.onvif.org/location/city/hangzhou';
    expect(readProbeMatches(matches({ scopes }), '10.0.0.7', isOurs)).toEqual([
      {
        id: 'urn:uuid:1',
        host: '10.0.0.7',
        port: 80,
        url: 'onvif://10.0.0.7',
        name: 'Front door',
        hardware: 'DS-2CD',
        location: 'country/china, city/hangzhou',
      },
    ]);
  });

  test('is of the address that answered, whatever addresses it names', () => {
    const read = (xaddrs: string) => readProbeMatches(matches({ xaddrs }), '10.0.0.7', isOurs)[0]?.url;
    expect(read('http://192.168.1.64:8080/onvif/device_service')).toBe('onvif://10.0.0.7:8080');
    expect(read('http://[fe80::1]/onvif/device_service http://10.0.0.7:2020/onvif/device_service')).toBe(
      'onvif://10.0.0.7:2020',
    );
    expect(read('http://169.254.169.254/latest http://10.0.0.7/onvif/services')).toBe(
      'onvif://10.0.0.7/onvif/services',
    );
    expect(read('https://10.0.0.7/onvif/device_service')).toBe('onvif://10.0.0.7:443');
    expect(read('http://10.0.0.7')).toBe('onvif://10.0.0.7');
    expect(read('ftp://10.0.0.7/ file:///etc/passwd nonsense')).toBeUndefined();
  });

  test('may hold several devices, or none', () => {
    const two = matches({ endpoint: 'a' }, { endpoint: 'b', xaddrs: 'http://10.0.0.7:81/x' });
    expect(readProbeMatches(two, '10.0.0.7', isOurs).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(readProbeMatches(matches(), '10.0.0.7', isOurs)).toEqual([]);
  });

  test('counts only as one to a probe of ours, from something that is ONVIF', () => {
    const read = (parts: MatchParts) => readProbeMatches(matches(parts), '10.0.0.7', isOurs).length;
    expect(read({ relatesTo: `urn:uuid:${ID.toUpperCase()}` })).toBe(1);
    expect(read({ relatesTo: '' })).toBe(1);
    expect(read({ relatesTo: 'uuid:somebody-else' })).toBe(0);
    expect(read({ types: 'wsdp:Device wprt:PrintDeviceType' })).toBe(0);
    expect(read({ types: 'tds:Device', scopes: 'onvif://www.onvif.org/type/ptz' })).toBe(1);
  });

  test('with a document type is not read', () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "b">]>';
    expect(readProbeMatches(matches({ prologue: bomb }), '10.0.0.7', isOurs)).toEqual([]);
  });

  test('of any bytes does no harm', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(2000), (noise, at) => {
        const good = matches({ scopes: 'onvif://www.onvif.org/name/a%20b%zz' });
        const bad = good.slice(0, at) + noise + good.slice(at);
        for (const { host } of readProbeMatches(bad, '10.0.0.7', isOurs)) expect(host).toBe('10.0.0.7');
      }),
    );
  });

  test('is asked for by messages that are XML', () => {
    for (const types of ['transmitter', 'device'] as const) {
      expect(parseXml(probeMessage(ID, types)).ok).toBe(true);
    }
  });
});

test('of what comes while cameras are searched for, only so much is read', () => {
  const ofOne = new Attention();
  expect(Array.from({ length: 40 }, () => ofOne.take('10.0.0.5', 2_000)).filter(Boolean)).toHaveLength(16);
  const hosts = (count: number) => Array.from({ length: count }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
  const ofMany = new Attention();
  expect(hosts(12_000).filter((host) => ofMany.take(host, 100))).toHaveLength(8_192);
  // The largest that there are take some milliseconds each.
  const ofLarge = new Attention();
  expect(hosts(8_192).filter((host) => ofLarge.take(host, 65_000)).length).toBeLessThan(300);
  // A thousand cameras answer all probes of a search.
  const ofReal = new Attention();
  for (let probe = 0; probe < 6; probe += 1)
    for (const host of hosts(1_024)) expect(ofReal.take(host, 2_500)).toBe(true);
});

describe('a list of hosts', () => {
  const read = (...texts: readonly string[]) => {
    const list = readHostList(texts, { mayAsk: (address) => address !== '10.0.0.5' });
    return list.ok
      ? list.value.map(({ host, port }) => (port === undefined ? host : `${host}:${port}`))
      : list.error;
  };

  test('holds addresses, names, networks and ranges, each address once', () => {
    expect(read('10.0.0.7', ' cam.local ', '10.0.0.8:8080', '2001:db8::7', '[2001:db8::8]:81')).toEqual([
      '10.0.0.7',
      'cam.local',
      '10.0.0.8:8080',
      '2001:db8::7',
      '2001:db8::8:81',
    ]);
    expect(read('10.0.0.4/30', '10.0.0.6-10.0.0.8', '10.0.0.8-9')).toEqual([
      '10.0.0.6',
      '10.0.0.7',
      '10.0.0.8',
      '10.0.0.9',
    ]);
    expect(read('192.168.1.0/24')).toHaveLength(254);
    expect(read('10.1.0.0/22')).toHaveLength(1022);
  });

  test('says what is wrong with it', () => {
    for (const text of [
      '',
      '10.0.0.300',
      '10.0.0',
      'a b',
      'http://10.0.0.7',
      '10.0.0.9-10.0.0.3',
      '10.0.0.0/33',
      'a:99999',
      '../x',
    ]) {
      expect(read(text), text).toMatchObject({ kind: 'bad-url' });
    }
    expect(read('10.0.0.5')).toMatchObject({ kind: 'address-forbidden' });
    expect(read('10.0.0.0/8')).toMatchObject({ message: expect.stringContaining('1024') });
    expect(read('10.1.0.0/22', '10.2.0.0/24')).toMatchObject({ kind: 'bad-url' });
    // Only one's own networks are looked through.
    expect(read('8.8.8.0/24')).toMatchObject({ message: expect.stringContaining('private') });
    expect(read('8.8.8.8')).toEqual(['8.8.8.8']);
  });

  test('is judged at once, however long its words are', () => {
    // The pattern of names once took a minute for 32 letters, and for ever with more.
    for (const end of ['', '!', '.', '..', '-'])
      expect(Array.isArray(read(`${'a'.repeat(60)}${end}`)), end).toBe(end === '' || end === '.');
    expect(read(`${'a'.repeat(127)}!`)).toMatchObject({ kind: 'bad-url' });
    expect(read(`${'a1_-b.'.repeat(20)}!`)).toMatchObject({ kind: 'bad-url' });
  });

  test('of any text gives at most 1024 addresses, none of them forbidden', () => {
    const part = fc.oneof(
      fc.string(),
      fc.ipV4(),
      fc.tuple(fc.ipV4(), fc.nat(33)).map(([ip, prefix]) => `${ip}/${prefix}`),
      fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.0.0.${a}-${b}`),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (texts) => {
        const list = read(...texts);
        if (list instanceof OnvifError) return;
        expect(list.length).toBeLessThanOrEqual(1024);
        expect(list).not.toContain('10.0.0.5');
      }),
    );
  });
});

describe('a scan', () => {
  const sims: OnvifSim[] = [];
  afterAll(() => Promise.all(sims.map((sim) => sim.close())));
  const start = async (parts: Partial<OnvifSimOptions>) => {
    const sim = await startOnvifSim({ ...MEDIA, discovery: true, ...parts });
    sims.push(sim);
    return sim;
  };
  const MEDIA = { main: 'rtsp://127.0.0.1/main', sub: 'rtsp://127.0.0.1/sub' };
  const scan = (options: Partial<OnvifScanOptions> & Pick<OnvifScanOptions, 'request'>) =>
    new OnvifScan({
      clock: systemClock,
      log: silentLogger,
      allowLoopback: true,
      listenMs: 30_000,
      ...options,
    });
  const never = new AbortController().signal;
  const loopback = ownNetworks(true).filter(({ address }) => address === '127.0.0.1');

  test('finds devices by multicast, past those that answer with nonsense', async () => {
    const [good, liar, hostile] = await Promise.all([
      start({ host: '127.0.43.1', name: 'Front door' }),
      start({ host: '127.0.43.2', maker: 'hikvision' }),
      start({ host: '127.0.43.3' }),
    ]);
    hostile.cues.discovery({
      datagrams: ['\0\0', '<a', `<!DOCTYPE a>${'<b>'.repeat(500)}`, matches(), 'x'.repeat(60_000)],
    });
    const stop = new AbortController();
    const found = scan({ request: { hosts: [], multicast: true }, networks: loopback });
    const running = found.run(stop.signal);
    const at = (sim: OnvifSim) => found.progress().devices.find(({ id }) => id === sim.endpoint);
    await waitFor('both devices', () => at(good) && at(liar) && hostile.probes.length > 1);
    expect(at(good)).toMatchObject({ host: good.host, port: good.port, name: 'Front door', url: good.url });
    // Its first address is one that only it knows.
    expect(at(liar)).toMatchObject({ host: liar.host, port: liar.port });
    expect(at(hostile)).toBeUndefined();
    expect(found.progress().interfaces).toEqual([loopback[0]?.label]);
    stop.abort();
    await running;
  });

  test('asks single hosts and ranges, those without discovery by HTTP, and counts', async () => {
    const [heard, deaf] = await Promise.all([
      start({ host: '127.0.44.1' }),
      start({ host: '127.0.44.2', discovery: false, maker: 'locked' }),
    ]);
    let changes = 0;
    const found = scan({
      request: { hosts: ['127.0.44.1-3', `127.0.44.2:${deaf.port}`], multicast: false },
      onChange: () => changes++,
    });
    await found.run(never);
    const { devices, asked, toAsk, notes } = found.progress();
    expect(devices.map(({ host, port }) => `${host}:${port}`).sort()).toEqual([
      `127.0.44.1:${heard.port}`,
      `127.0.44.2:${deaf.port}`,
    ]);
    expect([asked, toAsk]).toEqual([4, 4]);
    expect(notes).toEqual([]);
    expect(changes).toBeGreaterThan(4);
  });

  test('can be ended at once, and says when there is nobody to ask', async () => {
    const stop = new AbortController();
    const many = scan({ request: { hosts: ['127.0.45.0/24'], multicast: true }, networks: loopback });
    const running = many.run(stop.signal);
    stop.abort();
    await running;
    expect(many.progress().asked).toBeLessThan(254);
    const none = scan({ request: { hosts: ['127.0.46.1:1'], multicast: true }, networks: [], listenMs: 1 });
    await none.run(never);
    expect(none.progress().notes.join(' ')).toMatch(/no network/);
  });

  test('does not look on this machine unless it may, and never at link-local addresses', () => {
    const options = { clock: systemClock, log: silentLogger };
    for (const host of ['127.0.0.1', '169.254.169.254', '224.0.0.1', '::1']) {
      expect(() => new OnvifScan({ ...options, request: { hosts: [host], multicast: false } })).toThrow(
        /no camera/,
      );
    }
    expect(
      () =>
        new OnvifScan({
          ...options,
          allowLoopback: true,
          request: { hosts: ['169.254.169.254'], multicast: false },
        }),
    ).toThrow(OnvifError);
    expect(ownNetworks(false).some(({ address }) => address.startsWith('127.'))).toBe(false);
    expect(ownNetworks(true, ['lo']).map(({ address }) => address)).toEqual(['127.0.0.1']);
    expect(ownNetworks(false, ['lo'])).toEqual([]);
    expect(ownNetworks(true, [])).toEqual([]);
  });

  test('asks on every network, and tells of one that cannot be asked', async () => {
    const sim = await start({ host: '127.0.43.4' });
    const gone = { label: 'gone0 192.0.2.1/24', address: '192.0.2.1' };
    const stop = new AbortController();
    const found = scan({ request: { hosts: [], multicast: true }, networks: [gone, ...loopback, gone] });
    const running = found.run(stop.signal);
    await waitFor('the device', () => found.progress().devices.some(({ id }) => id === sim.endpoint));
    expect(found.progress().notes[0]).toMatch(/gone0 192\.0\.2\.1\/24 cannot be asked \(EADDRNOTAVAIL\)/);
    expect(found.progress().interfaces).toEqual([
      gone.label,
      ...loopback.map(({ label }) => label),
      gone.label,
    ]);
    stop.abort();
    await running;
  });
});
