import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { AddressResolver } from '../../server/base/address-policy.ts';
import { systemClock } from '../../server/base/clock.ts';
import { LoginHistories } from '../../server/base/login-histories.ts';
import { DeviceClock } from '../../server/onvif/soap/device-clock.ts';
import { envelope, readReply, securityHeader, withSecurity } from '../../server/onvif/soap/envelope.ts';
import { exchangeHttp } from '../../server/onvif/soap/http-exchange.ts';
import { Ration } from '../../server/onvif/soap/ration.ts';
import { parseXml } from '../../server/onvif/xml/parse.ts';
import { ok } from '../../shared/result.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { OnvifSimOptions, SimFault } from '../support/onvif-sim/index.ts';
import { waitFor } from '../support/wait.ts';
import { DeviceHouse, failureOf } from './device-house.ts';

const house = new DeviceHouse();
afterEach(() => house.close());
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A host that nobody is meant to come to. */
async function trap(): Promise<{ readonly port: number; readonly visits: () => number }> {
  let visits = 0;
  const server = createTcpServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, visits: () => visits };
}

describe('log-ins', () => {
  const auth = (parts: Partial<NonNullable<OnvifSimOptions['auth']>>) => ({
    auth: { username: 'admin', password: 'secret', ...parts },
  });

  test.each<[string, OnvifSimOptions, string]>([
    ['tokens alone', auth({ schemes: ['wsse'] }), 'wsse'],
    ['digest by MD5', auth({ schemes: ['digest'] }), 'digest'],
    ['digest by MD5 or SHA-256', auth({ schemes: ['digest'], algorithms: ['MD5', 'SHA-256'] }), 'digest'],
    ['digest by SHA-256', auth({ schemes: ['digest'], algorithms: ['SHA-256'] }), 'digest'],
    ['digest with "auth, auth-int"', auth({ schemes: ['digest'], qop: 'auth, auth-int' }), 'digest'],
    ['digest without a qop (RFC 2069)', auth({ schemes: ['digest'], qop: undefined }), 'digest'],
    ['nonces for one request each', auth({ schemes: ['digest'], digestNonceOnce: true }), 'digest'],
    ['Basic', auth({ schemes: ['basic'] }), 'basic'],
  ])('by %s', async (_what, options, by) => {
    const sim = await house.sim(options);
    const device = house.device(sim);
    expect((await device.facts()).model).toBe('Simulated PTZ');
    // Several at once, as a page asks.
    await Promise.all([device.profiles(), device.ptz.status(), device.streamUri({ as: 'main' })]);
    const last = sim.requests.at(-1);
    expect([last?.by, last?.status]).toEqual([by, 200]);
  });

  test('take one round trip once it is known how', async () => {
    const sim = await house.sim(auth({ schemes: ['digest'] }));
    const device = house.device(sim);
    await device.profiles();
    const before = sim.requests.length;
    await device.askKeyFrame();
    expect(sim.requests.slice(before).map(({ status }) => status)).toEqual([200]);
  });

  test('hold in a user name and a password what XML and ASCII mind', async () => {
    for (const schemes of [['wsse'], ['digest']] as const) {
      const user = { username: "<ad&min>' 密", password: 'pässwörd <&> 密码' };
      const sim = await house.sim({ auth: { ...user, schemes } });
      expect((await house.device(sim, user).facts()).model).toBe('Simulated PTZ');
    }
  });

  test('go by the clock of the device, however wrong it is', async () => {
    for (const clockOffsetMs of [5 * 3_600_000, -86_400_000 * 365]) {
      const sim = await house.sim({ ...auth({ schemes: ['wsse'], clockToleranceMs: 3_000 }), clockOffsetMs });
      const device = house.device(sim);
      await device.facts();
      expect(Math.abs((device.clockOffsetMs ?? 0) - clockOffsetMs)).toBeLessThan(5_000);
    }
  });

  test('follow a step of its clock', async () => {
    const sim = await house.sim(auth({ schemes: ['wsse'], clockToleranceMs: 3_000 }));
    const device = house.device(sim);
    await device.profiles();
    sim.cues.clockOffset(5 * 3_600_000);
    await device.profiles();
    expect(device.clockOffsetMs).toBeGreaterThan(4 * 3_600_000);
    // And none of our own.
    const clock = new FakeClock();
    const deviceClock = new DeviceClock(clock);
    deviceClock.set(clock.wallMs() + 60_000, clock.monotonicMs());
    const before = deviceClock.nowMs();
    clock.stepWall(-3_600_000);
    clock.advance(1_000);
    expect(deviceClock.nowMs()).toBe(before + 1_000);
  });

  test('find a way into devices that tell their local time as UTC', async () => {
    for (const schemes of [['wsse'], ['wsse', 'digest']] as const) {
      const sim = await house.sim({ maker: 'wrong-zone', ...auth({ schemes }) });
      const device = house.device(sim);
      await device.profiles();
      await device.askKeyFrame();
      expect(sim.requests.at(-1)?.status).toBe(200);
    }
  });

  test('with a wrong password are tried by each way once, and told in words', async () => {
    const sim = await house.sim();
    const device = house.device(sim, { password: 'a-wrong-one' });
    const failure = await failureOf(device.facts());
    expect(failure).toMatchObject({
      kind: 'auth-failed',
      reason: 'CAMERA_AUTH_FAILED',
      code: 'DEVICE_AUTH_FAILED',
    });
    expect(failure.message).toMatch(/does not take this user name and password/);
    expect(failure.message).not.toContain('a-wrong-one');
    const asked = sim.requests.filter(({ action }) => action === 'GetDeviceInformation');
    expect(asked.filter(({ by }) => by === 'wsse').length).toBeLessThanOrEqual(1);
    expect(asked.filter(({ by }) => by === 'digest').length).toBeLessThanOrEqual(1);
  });

  test('with a wrong password lock nobody out, however many ask', async () => {
    const sim = await house.sim({ maker: 'hikvision' });
    const clock = new FakeClock();
    clock.stepWall(systemClock.wallMs() - clock.wallMs());
    const device = house.device(sim, { clock, password: 'a-wrong-one' });
    const wrong = () => sim.requests.filter(({ refusal }) => refusal?.includes('wrong')).length;
    const askAll = async () => {
      const asked = [
        device.facts(),
        device.ptz.status(),
        device.snapshot(),
        device.streamUri({ as: 'main' }),
      ];
      return (await Promise.all(asked.map(failureOf))).map(({ kind }) => kind);
    };
    for (let times = 0; times < 5; times++) expect(new Set(await askAll())).toEqual(new Set(['auth-failed']));
    expect(wrong()).toBe(1);
    // Tried again when some time has gone by, ever more of it.
    clock.advance(31_000);
    await askAll();
    expect(wrong()).toBe(2);
    clock.advance(31_000);
    await askAll();
    expect(wrong()).toBe(2);
    clock.advance(100_000);
    await askAll();
    expect(wrong()).toBe(3);
    expect(sim.isLocked).toBe(false);
    expect((await house.device(sim).facts()).model).toBe('DS-2DE4425IW-DE');
  });

  test('with a wrong password count together, whoever asks the device and by whatever address of it', async () => {
    const sim = await house.sim({ maker: 'hikvision' });
    const clock = new FakeClock();
    clock.stepWall(systemClock.wallMs() - clock.wallMs());
    const logins = new LoginHistories(clock);
    const wrong = () => sim.requests.filter(({ refusal }) => refusal?.includes('wrong')).length;
    const devices = ['', '/?profile=Profile_1', '/?profile=Profile_2', '/onvif/device_service'].map((rest) =>
      house.device(sim, { clock, logins, url: `${sim.url}${rest}`, password: 'a-wrong-one' }),
    );
    // As the page does that tries a camera: a device anew for each question.
    const inspect = () =>
      house.device(sim, { clock, logins, password: 'a-wrong-one', isAsked: true }).facts();
    const askAll = async () => {
      const asked = [
        ...devices.flatMap((device) => [device.facts(), device.snapshot()]),
        inspect(),
        inspect(),
      ];
      for (const failure of await Promise.all(asked.map(failureOf))) expect(failure.kind).toBe('auth-failed');
    };
    for (let times = 0; times < 5; times++) await askAll();
    expect(wrong()).toBe(1);
    expect((await failureOf(inspect())).message).toMatch(/not asked again with these for 30 s/);
    // Streams wait ever longer; who waits for the answer may try again each 30 s.
    clock.advance(31_000);
    await askAll();
    expect(wrong()).toBe(2);
    clock.advance(31_000);
    for (const device of devices) await failureOf(device.facts());
    expect(wrong()).toBe(2);
    await failureOf(inspect());
    expect(wrong()).toBe(3);
    expect(sim.isLocked).toBe(false);
    // Another password is another matter.
    expect((await house.device(sim, { clock, logins }).facts()).model).toBe('DS-2DE4425IW-DE');
  });

  test('never show the password to who took a digest before', async () => {
    for (const schemes of [['digest'], ['wsse']] as const) {
      const sim = await house.sim(auth({ schemes }));
      const device = house.device(sim);
      await device.facts();
      const shown: string[] = [];
      const thief = createServer((request, response) => {
        shown.push(request.headers.authorization ?? '');
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera"' }).end();
      });
      await sim.close();
      servers.push(thief);
      await new Promise<void>((resolve) => thief.listen(sim.port, '127.0.0.1', resolve));
      for (let times = 0; times < 3; times++) {
        expect((await failureOf(device.facts())).kind).toBe('auth-failed');
      }
      expect(shown.length).toBeGreaterThan(0);
      expect(shown.filter((header) => /^basic/i.test(header))).toEqual([]);
    }
  });

  test('of a user who may not do one thing go on for the others', async () => {
    const sim = await house.sim();
    const device = house.device(sim);
    await device.profiles();
    sim.cues.fault({ is: 'unauthorised', status: 400 }, { on: 'SetPreset' });
    for (let times = 0; times < 4; times++) {
      expect((await failureOf(device.ptz.setPreset('a'))).message).toMatch(/may not do that/);
      await device.ptz.presets();
    }
  });

  test('are asked for where there is none, and not needed where everybody may', async () => {
    const locked = await house.sim();
    const nobody = { username: undefined, password: '' };
    expect((await failureOf(house.device(locked, nobody).facts())).message).toMatch(/wants a user name/);
    const open = await house.sim({ auth: null });
    expect((await house.device(open, nobody).facts()).model).toBe('Simulated PTZ');
  });

  test.each([400, 401, 'mixed'] as const)('that are refused with %s come to an end', async (status) => {
    const sim = await house.sim();
    const device = house.device(sim);
    await device.profiles();
    const calm = sim.cues.fault({ is: 'unauthorised', status });
    expect(await failureOf(device.profiles())).toMatchObject({ kind: 'auth-failed' });
    expect(sim.requests.length).toBeLessThan(24);
    calm();
    await device.profiles();
  });

  test('in the URL count where there is no other', async () => {
    const sim = await house.sim();
    const url = sim.url.replace('onvif://', 'onvif://admin:secret@');
    expect((await house.device(sim, { url, username: undefined }).facts()).model).toBe('Simulated PTZ');
  });
});

describe('a message', () => {
  test('has a token as WS-Security has it', () => {
    const nonce = Buffer.from('0123456789abcdef');
    const header = securityHeader({ username: 'a<b', password: 'pä', createdMs: 0, nonce });
    const digest = createHash('sha1')
      .update(Buffer.concat([nonce, Buffer.from('1970-01-01T00:00:00.000Z'), Buffer.from('pä', 'utf8')]))
      .digest('base64');
    const message = withSecurity(envelope('<x/>'), header);
    expect(message).toContain(`#PasswordDigest">${digest}<`);
    const parsed = parseXml(message);
    expect(parsed.ok).toBe(true);
    expect(message).toContain('a&lt;b');
    expect(message).not.toContain('pä');
  });

  test('holds tokens and names as they are, whatever stands in them', async () => {
    const sim = await house.sim();
    const device = house.device(sim);
    const odd = `a&b <c> "d" ]]></PresetName><x>`;
    const preset = await device.ptz.setPreset(odd);
    expect([...(sim.ptz?.presets.values() ?? [])].map(({ name }) => name)).toEqual([odd]);
    expect((await device.ptz.presets())[0]).toEqual({ token: preset.token, name: odd });
    await failureOf(device.ptz.removePreset('</PresetToken><PresetToken>1'));
    expect(sim.ptz?.presets.size).toBe(1);
  });
});

describe('an answer', () => {
  test.each<[string, SimFault, string]>([
    ['a billion laughs', { is: 'entity-bomb' }, 'not-onvif'],
    ['a file by an entity', { is: 'external-entity', url: 'file:///etc/passwd' }, 'not-onvif'],
    ['elements within elements', { is: 'deep', depth: 5_000 }, 'not-onvif'],
    ['without an end', { is: 'endless' }, 'not-onvif'],
    ['of two megabytes', { is: 'big', sizeBytes: 2_000_000 }, 'not-onvif'],
    ['a web page', { is: 'html' }, 'not-onvif'],
    ['404', { is: 'status', status: 404 }, 'not-onvif'],
    ['half of one', { is: 'half' }, 'closed'],
    ['cut off', { is: 'cut' }, 'not-onvif'],
    ['empty', { is: 'empty' }, 'not-onvif'],
    ['a fault that is no XML', { is: 'broken-fault' }, 'refused'],
    ['a reset', { is: 'reset' }, 'closed'],
    ['a fault', { is: 'soap', subcodes: ['ter:ActionNotSupported'], reason: 'No.' }, 'unsupported'],
    [
      'a refusal',
      { is: 'soap', subcodes: ['ter:InvalidArgVal', 'ter:NoProfile'], reason: 'No such.' },
      'refused',
    ],
  ])('that is %s fails, and the next is taken', async (_what, fault, kind) => {
    const sim = await house.sim();
    const device = house.device(sim);
    await device.profiles();
    const calm = sim.cues.fault(fault, { on: 'GetDeviceInformation' });
    const failure = await failureOf(device.facts());
    expect([failure.kind, failure.message]).toEqual([kind, expect.stringContaining('127.0.0.1')]);
    expect(failure.message).not.toContain('secret');
    calm();
    expect((await device.facts()).model).toBe('Simulated PTZ');
  });

  test.each<[string, SimFault]>([
    ['never comes', { is: 'silent' }],
    ['comes byte by byte', { is: 'drip', everyMs: 20 }],
  ])('that %s is given up in time', async (_what, fault) => {
    const sim = await house.sim();
    const clock = new FakeClock();
    // The token has to be of the simulator's time.
    clock.stepWall(systemClock.wallMs() - clock.wallMs());
    const device = house.device(sim, { clock });
    await device.profiles();
    sim.cues.fault(fault, { on: 'GetDeviceInformation' });
    const failure = failureOf(device.facts());
    await waitFor('the question', () => sim.asked('GetDeviceInformation') > 0);
    clock.advance(7_900);
    clock.advance(200);
    expect(await failure).toMatchObject({ kind: 'timeout', message: expect.stringMatching(/within 8 s/) });
    expect(clock.timers).toBe(0);
  });

  test('is no longer waited for by who gave up, nor by a closed device', async () => {
    const sim = await house.sim();
    const device = house.device(sim);
    await device.profiles();
    sim.cues.fault({ is: 'silent' });
    const stop = new AbortController();
    const one = failureOf(device.facts(stop.signal));
    const other = failureOf(device.profiles());
    await waitFor(
      'both questions',
      () => sim.asked('GetProfiles') > 1 && sim.asked('GetDeviceInformation') > 0,
    );
    stop.abort();
    expect((await one).kind).toBe('stopped');
    device.close();
    expect((await other).kind).toBe('stopped');
    expect((await failureOf(device.facts())).kind).toBe('stopped');
  });

  test('is read for what it is: a fault of SOAP 1.1 too', () => {
    const read = (body: string) => {
      const parsed = parseXml(envelope(body));
      return parsed.ok ? readReply(parsed.value) : undefined;
    };
    expect(read('<s:Fault><faultcode>s:Client</faultcode><faultstring>bad</faultstring></s:Fault>')).toEqual({
      kind: 'fault',
      fault: { codes: ['Client'], reason: 'bad' },
    });
    expect(read('')).toEqual({ kind: 'none' });
    expect(read('<x/>')).toMatchObject({ kind: 'reply', element: { name: 'x' } });
  });
});

describe('what a device names', () => {
  test('is never visited elsewhere: services, subscriptions, pictures, redirects', async () => {
    const other = await trap();
    const host = `127.0.0.66:${other.port}`;
    const sim = await house.sim({
      told: { services: host, streams: host, snapshots: host, subscriptions: host },
    });
    const device = house.device(sim);
    expect((await device.facts()).services.ptz).toBe(true);
    expect((await device.streamUri({ as: 'main' })).url).toMatch(/^rtsp:\/\/127\.0\.0\.1:/);
    expect((await device.snapshot()).bytes.length).toBeGreaterThan(100);
    sim.cues.fault({ is: 'redirect', location: `http://127.0.0.1:${other.port}/` });
    expect((await failureOf(device.profiles())).kind).toBe('not-onvif');
    expect((await failureOf(device.snapshot())).kind).not.toBe('stopped');
    expect(other.visits()).toBe(0);
  });

  test('is reached by the address that was checked, under its name', async () => {
    const sim = await house.sim();
    const device = house.device(sim, {
      url: `onvif://cam.invalid:${sim.port}`,
      // It answers otherwise the second time (DNS rebinding), and is not asked a second time.
      resolveAddress: addressesInTurn('127.0.0.1', '127.0.0.66'),
    });
    expect((await device.facts()).model).toBe('Simulated PTZ');
    expect((await device.snapshot()).contentType).toBe('image/jpeg');
    expect((await device.streamUri({ as: 'sub' })).url).toMatch(/^rtsp:\/\/cam\.invalid:/);
  });
});

function addressesInTurn(...addresses: readonly string[]): AddressResolver {
  const left = [...addresses];
  return async () => ok(left.shift() ?? '127.0.0.99');
}

test('HTTP as odd as cameras send it is read', async () => {
  const answers: ReadonlyArray<(response: ServerResponse, request: IncomingMessage) => void> = [
    (response) => response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\u0001b\r\n\r\nok'),
    (response) => response.socket?.end('HTTP/1.0 200\r\n\r\nok'),
  ];
  let next = 0;
  const server = createServer((request, response) => answers[next++]?.(response, request));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const _answer of answers) {
    const reply = await exchangeHttp({
      address: { ip: '127.0.0.1', host: 'cam', port, secure: false },
      method: 'GET',
      path: '/',
      headers: {},
      maxBytes: 100,
      signal: new AbortController().signal,
      action: 'test',
    });
    expect(reply.body.toString()).toBe('ok');
  }
});

test.each([
  [
    'chunks of a byte each',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`,
  ],
  ['hints without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(2_000)],
  ['leave to go on, again and again', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2_000)],
])('HTTP of %s is not taken for long', async (_what, text) => {
  const server = createServer((_request, response) => response.socket?.end(text));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const failure = await failureOf(
    exchangeHttp({
      address: { ip: '127.0.0.1', host: 'cam', port, secure: false },
      method: 'GET',
      path: '/',
      headers: {},
      maxBytes: 1_000_000,
      signal: new AbortController().signal,
      action: 'test',
    }),
  );
  expect(failure).toMatchObject({ kind: 'not-onvif', message: expect.stringContaining('pieces') });
});

test('of large answers, however fast they come, half a megabyte a second is read', () => {
  const clock = new FakeClock();
  const ration = new Ration(clock);
  // A camera that is asked for all it has, many times.
  for (let nth = 0; nth < 60; nth += 1) expect(ration.take(30_000)).toBe(0);
  clock.advance(60_000);
  let readBytes = 0;
  const beganMs = clock.monotonicMs();
  while (clock.monotonicMs() - beganMs < 60_000) {
    const waitMs = ration.take(1_000_000);
    readBytes += 1_000_000;
    clock.advance(Math.max(1, Math.ceil(waitMs)));
  }
  expect(readBytes).toBeLessThan(40_000_000);
  expect(readBytes).toBeGreaterThan(30_000_000);
});

describe('over TLS', () => {
  const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
  const fingerprint = (name: string) => new X509Certificate(pem(name)).fingerprint256;
  const secureUrl = (port: number) => `onvif://127.0.0.1:${port}/?tls=true`;

  test('the pinned certificate is taken, even one of an old camera, and no other', async () => {
    for (const name of ['camera', 'weak']) {
      const tls = { key: pem(`${name}.key`), cert: pem(`${name}.crt`), ciphers: 'DEFAULT@SECLEVEL=0' };
      const sim = await house.sim({ tls });
      const url = secureUrl(sim.port);
      const pinned = house.device(sim, { url, tlsFingerprint: fingerprint(`${name}.crt`) });
      expect((await pinned.facts()).model).toBe('Simulated PTZ');
      const before = sim.requests.length;
      for (const tlsFingerprint of [fingerprint('other.crt'), undefined]) {
        const failure = await failureOf(house.device(sim, { url, tlsFingerprint }).facts());
        expect(failure).toMatchObject({ kind: 'certificate', reason: 'CAMERA_CERTIFICATE' });
        // So that it can be pinned once it was compared.
        expect(failure.message).toContain(fingerprint(`${name}.crt`));
      }
      expect(sim.requests.length).toBe(before);
    }
  });

  test('what speaks none is said to', async () => {
    const sim = await house.sim();
    expect((await failureOf(house.device(sim, { url: secureUrl(sim.port) }).facts())).kind).toBe(
      'tls-failed',
    );
  });
});
