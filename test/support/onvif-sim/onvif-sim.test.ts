import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import onvif from 'onvif';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../fake-clock.ts';
import { waitFor } from '../wait.ts';
import {
  DISCOVERY_GROUP,
  DISCOVERY_PORT,
  type MakerName,
  makers,
  type OnvifSim,
  type OnvifSimOptions,
  type SimFault,
  startOnvifSim,
} from './index.ts';
import { NAMESPACES, type ServiceName } from './maker.ts';
import { find, findAll, parseXml, textOf } from './xml.ts';

const MAIN = 'rtsp://127.0.0.1:1/cam/main?channel=1&subtype=0';
const SUB = 'rtsp://127.0.0.1:1/cam/sub';
/** For a machine that stands still now and then. */
const PATIENT = { username: 'admin', password: 'secret', clockToleranceMs: 60_000 };
const sims: OnvifSim[] = [];

async function started(options: OnvifSimOptions = {}): Promise<OnvifSim> {
  const sim = await startOnvifSim({ main: MAIN, sub: SUB, ...options });
  sims.push(sim);
  return sim;
}

afterEach(async () => {
  await Promise.all(sims.splice(0).map((sim) => sim.close()));
});

type Cam = InstanceType<typeof onvif.Cam>;

/** The real package, logged in. */
function connected(sim: OnvifSim, more: object = {}): Promise<Cam> {
  const access = {
    ...more,
    hostname: sim.host,
    port: sim.port,
    username: 'admin',
    password: 'secret',
    timeout: 10_000,
  };
  return new Promise((resolve, reject) => {
    const cam: Cam = new onvif.Cam({ ...access, path: sim.maker.paths.device }, (error: unknown) =>
      error ? reject(error) : resolve(cam),
    );
  });
}

function call<T = unknown>(cam: Cam, method: string, ...args: unknown[]): Promise<T> {
  const all = cam as unknown as Record<string, (...given: unknown[]) => void>;
  return new Promise((resolve, reject) => {
    all[method]?.call(cam, ...args, (error: unknown, result: T) => (error ? reject(error) : resolve(result)));
  });
}

interface Said {
  readonly status: number;
  readonly text: string;
  readonly challenges: string;
}

/** A call by hand: its name and what is in it. */
async function soap(
  sim: OnvifSim,
  service: ServiceName,
  inside: string,
  options: { header?: string; authorization?: string; path?: string } = {},
): Promise<Said> {
  const { header = '', authorization, path = sim.maker.paths[service] ?? '' } = options;
  const body = inside.replace(/^<(\w+)/, `<$1 xmlns="${NAMESPACES[service]}"`);
  const response = await fetch(`http://${sim.host}:${sim.port}${path}`, {
    method: 'POST',
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`,
    headers: authorization === undefined ? {} : { authorization },
  });
  return {
    status: response.status,
    text: await response.text(),
    challenges: response.headers.get('www-authenticate') ?? '',
  };
}

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

function token(options: { password?: string; created?: number; nonce?: Buffer } = {}): string {
  const { password = 'secret', created = Date.now(), nonce = randomBytes(16) } = options;
  const at = new Date(created).toISOString();
  const digest = createHash('sha1').update(nonce).update(at).update(password).digest('base64');
  return (
    `<Security xmlns="${WSSE}-wssecurity-secext-1.0.xsd"><UsernameToken><Username>admin</Username>` +
    `<Password Type="${WSSE}-username-token-profile-1.0#PasswordDigest">${digest}</Password><Nonce>${nonce.toString('base64')}</Nonce>` +
    `<Created xmlns="${WSSE}-wssecurity-utility-1.0.xsd">${at}</Created></UsernameToken></Security>`
  );
}

function digest(
  challenge: string,
  uri: string,
  options: { nc?: string; algorithm?: 'md5' | 'sha256' } = {},
): string {
  const { nc = '00000001', algorithm = 'md5' } = options;
  const hash = (text: string): string => createHash(algorithm).update(text).digest('hex');
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const realm = /realm="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const proof = hash(`${hash(`admin:${realm}:secret`)}:${nonce}:${nc}:abc:auth:${hash(`POST:${uri}`)}`);
  const named = algorithm === 'md5' ? '' : ', algorithm=SHA-256';
  return `Digest username="admin", realm="${realm}", nonce="${nonce}", uri="${uri}", qop=auth, nc=${nc}, cnonce="abc", response="${proof}"${named}`;
}

describe('a simulated ONVIF device', () => {
  it('answers the onvif package: facts, streams, head, presets, key frames, news', async () => {
    const sim = await started();
    const cam = await connected(sim);
    expect(await call(cam, 'getDeviceInformation')).toMatchObject({ manufacturer: 'Sluice' });
    expect(await call(cam, 'getStreamUri', { protocol: 'RTSP' })).toMatchObject({ uri: MAIN });
    expect(await call(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'sub' })).toMatchObject({
      uri: SUB,
    });

    await call(cam, 'continuousMove', { x: 0.5, y: 0, zoom: 0, timeout: 200 });
    await waitFor('the head to come to rest', () => sim.ptz.position.pan > 0 && !sim.ptz.isMoving);
    expect(sim.ptz.last('continuous')).toMatchObject({ velocity: { pan: 0.5 }, timeoutMs: 200 });
    expect(await call(cam, 'getStatus', {})).toMatchObject({
      position: { x: sim.ptz.position.pan },
      moveStatus: { panTilt: 'IDLE' },
    });
    await call(cam, 'setPreset', { presetName: 'door' });
    expect(await call(cam, 'getPresets', {})).toMatchObject({ door: { name: 'door' } });
    expect(await call(cam, 'getNodes')).toHaveProperty('default');
    await call(cam, 'gotoHomePosition', {});
    await call(cam, 'setSynchronizationPoint', {});
    expect(sim.syncs).toEqual(['main']);

    await call(cam, 'createPullPointSubscription');
    const news = call<{ notificationMessage: { topic: { _: string } } }>(cam, 'pullMessages', {
      messageLimit: 5,
    });
    await waitFor('a pull', () => sim.subscriptions[0]?.isBeingPulled);
    sim.cues.motion(true);
    expect((await news).notificationMessage.topic._).toBe('tns1:VideoSource/MotionAlarm');
    await call(cam, 'renew', {});
    expect(sim.subscriptions[0]?.renewals).toBe(1);
    await call(cam, 'unsubscribe');
    expect(sim.subscriptions).toEqual([]);
    expect(sim.requests.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
  });

  /** Those that the package cannot log in to as it is: they are for a better client. */
  const TOO_MUCH = new Map<MakerName, RegExp>([
    ['locked', /authentication/i],
    ['wrong-zone', /authori/i],
  ]);

  /** Those whose times the package cannot read, and takes for an error. */
  const NO_NEWS = new Set<MakerName>(['xiongmai', 'careless']);

  it.each(Object.keys(makers) as MakerName[])('has the habits of %s', async (maker) => {
    const sim = await started({ maker, auth: PATIENT });
    const failure = TOO_MUCH.get(maker);
    if (failure !== undefined) {
      await expect(connected(sim).then((cam) => call(cam, 'getDeviceInformation'))).rejects.toThrow(failure);
      return;
    }
    const cam = await connected(sim);
    const [main, sub] = sim.maker.tokens;
    for (const [profileToken, uri] of [
      [main, MAIN],
      [sub, SUB],
    ]) {
      expect(await call(cam, 'getStreamUri', { protocol: 'RTSP', profileToken })).toMatchObject({ uri });
    }
    if (NO_NEWS.has(maker)) {
      await expect(call(cam, 'createPullPointSubscription')).rejects.toThrow('getTime');
      expect(sim.subscriptions).toHaveLength(1);
    } else {
      await call(cam, 'createPullPointSubscription');
      sim.cues.motion(true);
      const news = await call<Record<string, unknown>>(cam, 'pullMessages', { messageLimit: 5 });
      expect(news).toMatchObject({ notificationMessage: { topic: { _: sim.maker.motion.topic } } });
    }
    if (sim.hasHead) {
      await call(cam, 'continuousMove', { x: 1, profileToken: main });
      expect(sim.ptz.isMoving).toBe(true);
      await call(cam, 'stop', { profileToken: main });
      expect(sim.ptz.isMoving).toBe(false);
    }
  });
});

describe('its door', () => {
  it('takes a token once, of its own time, and says 400 to a wrong one', async () => {
    const sim = await started({ auth: PATIENT });
    const asked = async (header: string): Promise<[number, string | undefined]> => {
      const { status } = await soap(sim, 'device', '<GetDeviceInformation/>', { header });
      return [status, sim.requests.at(-1)?.refusal];
    };
    const nonce = randomBytes(16);
    expect(await asked(token({ nonce }))).toEqual([200, undefined]);
    expect(await asked(token({ nonce }))).toEqual([400, 'wsse replayed']);
    expect(await asked(token({ password: 'wrong' }))).toEqual([400, 'wsse wrong']);
    expect(await asked(token({ created: Date.now() - 600_000 }))).toEqual([400, 'wsse stale']);
    sim.cues.clockOffset(-600_000);
    expect(await asked(token({ created: Date.now() - 600_000 }))).toEqual([200, undefined]);
    expect(await asked(token())).toEqual([400, 'wsse stale']);
    const { text } = await soap(sim, 'device', '<GetDeviceInformation/>', { header: token() });
    expect(textOf(findAll(parseXml(text), 'Value').at(-1))).toBe('ter:NotAuthorized');
  });

  it('takes a digest, counts its uses, and offers SHA-256 beside MD5', async () => {
    const sim = await started({ maker: 'hikvision' });
    const uri = '/onvif/device_service';
    const { status, text, challenges } = await soap(sim, 'device', '<GetDeviceInformation/>');
    expect([status, text]).toEqual([401, expect.stringContaining('Access Error: 401')]);
    const [md5 = '', sha = ''] = challenges.split(/, (?=Digest)/);
    expect(sha).toContain('algorithm=SHA-256');
    const asked = async (authorization: string): Promise<number> =>
      (await soap(sim, 'device', '<GetDeviceInformation/>', { authorization })).status;
    expect(await asked(digest(md5, uri))).toBe(200);
    expect(await asked(digest(md5, uri))).toBe(401);
    expect(sim.requests.at(-1)?.refusal).toBe('digest stale');
    expect(await asked(digest(md5, uri, { nc: '00000002' }))).toBe(200);
    expect(await asked(digest(sha, uri, { algorithm: 'sha256' }))).toBe(200);
    expect(await asked(digest(md5, '/onvif/other', { nc: '00000003' }))).toBe(401);
    expect(await asked(digest(sha, uri, { nc: '00000002', algorithm: 'md5' }))).toBe(401);
    expect(await asked('Basic YWRtaW46c2VjcmV0')).toBe(401);
  });

  it('lets nobody in after many wrong log-ins in a row', async () => {
    const sim = await started({ maker: 'hikvision' });
    const asked = async (password: string): Promise<string | undefined> => {
      await soap(sim, 'device', '<GetDeviceInformation/>', {
        header: token({ password, created: sim.wallMs }),
      });
      return sim.requests.at(-1)?.refusal;
    };
    for (let times = 0; times < 6; times += 1) expect(await asked('wrong')).toBe('wsse wrong');
    expect(await asked('secret')).toBeUndefined();
    for (let times = 0; times < 7; times += 1) expect(await asked('wrong')).toBe('wsse wrong');
    expect([await asked('secret'), sim.isLocked]).toEqual(['wsse locked', true]);
    sim.cues.clockOffset(1_801_000);
    expect(await asked('secret')).toBeUndefined();
  });

  it('takes Basic where it is meant to, and no digest twice where nonces are for one request', async () => {
    const old = await started({ maker: 'legacy' });
    const basic = await soap(old, 'device', '<GetDeviceInformation/>', {
      authorization: 'Basic YWRtaW46c2VjcmV0',
    });
    expect(basic.status).toBe(200);
    const locked = await started({ maker: 'locked' });
    const { challenges } = await soap(locked, 'device', '<GetSystemDateAndTime/>');
    expect(challenges).toContain('qop="auth, auth-int"');
    const asked = (nc: string): Promise<Said> =>
      soap(locked, 'device', '<GetSystemDateAndTime/>', {
        authorization: digest(challenges, '/onvif/device_service', { nc }),
      });
    expect((await asked('00000001')).status).toBe(200);
    expect((await asked('00000002')).status).toBe(401);
  });

  it('is open for the time and the services, and to all for a device without a password', async () => {
    const sim = await started();
    for (const open of ['GetSystemDateAndTime', 'GetServices', 'GetCapabilities', 'GetHostname']) {
      expect((await soap(sim, 'device', `<${open}/>`)).status).toBe(200);
    }
    expect((await soap(sim, 'device', '<GetScopes/>')).status).toBe(401);
    const unlocked = await started({ auth: null });
    expect((await soap(unlocked, 'device', '<GetScopes/>')).status).toBe(200);
  });
});

describe('its services', () => {
  it('stand at their own addresses, and refuse what is no XML, no action, no profile', async () => {
    const sim = await started({ auth: null });
    const subcode = ({ text }: Said): string | undefined => textOf(findAll(parseXml(text), 'Value').at(-1));
    const there = await soap(sim, 'media', '<GetProfiles/>');
    expect(findAll(parseXml(there.text), 'Profiles').map((one) => one.attributes.get('token'))).toEqual([
      'main',
      'sub',
    ]);
    expect(subcode(await soap(sim, 'media', '<GetProfiles/>', { path: '/onvif/device_service' }))).toBe(
      'ter:ActionNotSupported',
    );
    expect(subcode(await soap(sim, 'device', '<GetDeviceInformation>'))).toBe('ter:WellFormed');
    expect(subcode(await soap(sim, 'device', '<Explode/>'))).toBe('ter:ActionNotSupported');
    const unknown = '<GetStreamUri><ProfileToken>x</ProfileToken></GetStreamUri>';
    expect(subcode(await soap(sim, 'media', unknown))).toBe('ter:NoProfile');
  });

  it('tell H.265 by Media2 alone', async () => {
    const [main] = (await started()).profiles;
    if (main === undefined) throw new Error('no profile');
    const sim = await started({ auth: null, profiles: [{ ...main, codec: 'H265', hasAudio: true }] });
    const first = parseXml((await soap(sim, 'media', '<GetProfiles/>')).text);
    const second = parseXml((await soap(sim, 'media2', '<GetProfiles><Type>All</Type></GetProfiles>')).text);
    expect(textOf(find(first, 'VideoEncoderConfiguration', 'Encoding'))).toBe('H264');
    expect(textOf(find(first, 'AudioEncoderConfiguration', 'Encoding'))).toBe('G711');
    expect(textOf(find(second, 'VideoEncoder', 'Encoding'))).toBe('H265');
  });

  it('list what is no video first where the maker does, and eyes that no profile shows', async () => {
    const sim = await started({ auth: null, maker: 'axis', videoSources: ['unused', 'vidsrc0'] });
    const profiles = findAll(parseXml((await soap(sim, 'media', '<GetProfiles/>')).text), 'Profiles');
    expect(profiles.map((one) => textOf(find(one, 'VideoEncoderConfiguration', 'Encoding')))).toEqual([
      undefined,
      'JPEG',
      'H264',
      'H264',
    ]);
    expect(profiles.map((one) => one.attributes.get('token')).slice(2)).toEqual(
      [...sim.maker.tokens].reverse(),
    );
    const sources = findAll(parseXml((await soap(sim, 'media', '<GetVideoSources/>')).text), 'VideoSources');
    expect(sources.map((one) => one.attributes.get('token'))).toEqual(['unused', 'vidsrc0']);
  });

  it('tell of the topics that they send', async () => {
    const sim = await started({ auth: null, maker: 'tapo' });
    const { text } = await soap(sim, 'events', '<GetEventProperties/>');
    expect(find(parseXml(text), 'TopicSet', 'TPSmartEvent', 'SimpleItemDescription')).toBeDefined();
  });

  it('answer over TLS', async () => {
    const read = (name: string) => readFile(new URL(`../../fixtures/tls/${name}`, import.meta.url));
    const tls = { key: await read('camera.key'), cert: await read('camera.crt') };
    const sim = await started({ auth: null, tls });
    expect(sim.serviceUrl).toMatch(/^https:/);
    const cam = await connected(sim, { useSecure: true, secureOpts: { rejectUnauthorized: false } });
    expect(await call(cam, 'getDeviceInformation')).toMatchObject({ manufacturer: 'Sluice' });
  });

  it('count positions as the maker does, and move by the picture', async () => {
    const clock = new FakeClock();
    const sim = await started({ auth: null, maker: 'axis', clock });
    const token = '<ProfileToken>profile_1_h264</ProfileToken>';
    await soap(
      sim,
      'ptz',
      `<AbsoluteMove>${token}<Position><PanTilt xmlns="http://www.onvif.org/ver10/schema" x="90" y="-18"/></Position></AbsoluteMove>`,
    );
    clock.advance(10_000);
    expect(sim.ptz.position).toEqual({ pan: 0.5, tilt: -0.1, zoom: 0 });
    const status = parseXml((await soap(sim, 'ptz', `<GetStatus>${token}</GetStatus>`)).text);
    expect(find(status, 'Position', 'PanTilt')?.attributes.get('x')).toBe('90');
    const fov = 'http://www.onvif.org/ver10/tptz/PanTiltSpaces/TranslationSpaceFov';
    await soap(
      sim,
      'ptz',
      `<RelativeMove>${token}<Translation><PanTilt xmlns="http://www.onvif.org/ver10/schema" x="-1" y="0" space="${fov}"/></Translation></RelativeMove>`,
    );
    clock.advance(10_000);
    // It sees 60 degrees of 360.
    expect(sim.ptz.position.pan).toBeCloseTo(0.5 - 1 / 6, 5);
    const { status: refused } = await soap(
      sim,
      'ptz',
      `<AbsoluteMove>${token}<Position><PanTilt xmlns="http://www.onvif.org/ver10/schema" x="181" y="0"/></Position></AbsoluteMove>`,
    );
    expect(refused).toBe(400);
  });

  it('lead to other streams and hosts when told', async () => {
    const sim = await started({ auth: null });
    const uri = async (): Promise<string | undefined> => {
      const { text } = await soap(
        sim,
        'media',
        '<GetStreamUri><ProfileToken>main</ProfileToken></GetStreamUri>',
      );
      return textOf(find(parseXml(text), 'Uri'));
    };
    sim.cues.tell({ streams: '192.168.68.111', services: '10.9.9.9:80' });
    expect(await uri()).toBe(MAIN.replace('127.0.0.1', '192.168.68.111'));
    expect((await soap(sim, 'device', '<GetServices/>')).text).toContain(
      'http://10.9.9.9:80/onvif/media_service',
    );
    sim.cues.tell();
    sim.change({ main: 'rtsp://127.0.0.1:2/new' });
    expect(await uri()).toBe('rtsp://127.0.0.1:2/new');
  });

  it('give a picture to who logs in', async () => {
    const sim = await started({ maker: 'legacy' });
    const { text } = await soap(
      sim,
      'media',
      '<GetSnapshotUri><ProfileToken>main</ProfileToken></GetSnapshotUri>',
      {
        header: token(),
      },
    );
    const address = textOf(find(parseXml(text), 'Uri')) ?? '';
    expect((await fetch(address)).status).toBe(401);
    const response = await fetch(address, { headers: { authorization: 'Basic YWRtaW46c2VjcmV0' } });
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await response.arrayBuffer()).readUInt16BE()).toBe(0xffd8);
    const tokens = await started({ maker: 'reolink' });
    const refused = await fetch(`http://${tokens.host}:${tokens.port}/snapshot?profile=000`);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Digest /);
  });

  it('are gone, and back without their subscriptions', async () => {
    const sim = await started({ auth: null });
    await soap(sim, 'events', '<CreatePullPointSubscription/>');
    const id = sim.subscriptions[0]?.id ?? 0;
    const pull = '<PullMessages><Timeout>PT60S</Timeout><MessageLimit>1</MessageLimit></PullMessages>';
    const path = `${sim.maker.paths.events}/subscription/${id}`;
    const held = soap(sim, 'events', pull, { path }).catch((error: unknown) => error);
    await waitFor('a pull', () => sim.subscriptions[0]?.isBeingPulled);
    await sim.stop();
    expect(await held).toBeInstanceOf(Error);
    await sim.start();
    expect((await soap(sim, 'events', pull, { path })).text).toContain('ResourceUnknownFault');
    await soap(sim, 'events', '<CreatePullPointSubscription/>');
    expect((await soap(sim, 'device', '<SystemReboot/>')).status).toBe(200);
    await waitFor('it to be back', () => sim.isUp && sim.subscriptions.length === 0);
  });
});

describe('its faults', () => {
  const cases: [SimFault, (said: Said) => unknown][] = [
    [
      { is: 'soap', subcodes: ['ter:Busy'] },
      ({ status, text }) => status === 500 && text.includes('ter:Busy'),
    ],
    [{ is: 'status', status: 503 }, ({ status }) => status === 503],
    [{ is: 'html' }, ({ status, text }) => status === 200 && text.startsWith('<!DOCTYPE html>')],
    [{ is: 'cut' }, ({ text }) => !text.includes('</SOAP-ENV:Envelope>')],
    [{ is: 'big', sizeBytes: 2 << 20 }, ({ text }) => text.length > 2 << 20 && parseXml(text)],
    [{ is: 'entity-bomb' }, ({ text }) => text.includes('<!ENTITY lol9')],
    [{ is: 'external-entity', url: 'file:///x' }, ({ text }) => text.includes('SYSTEM "file:///x"')],
    [{ is: 'deep', depth: 5_000 }, ({ text }) => text.split('<tt:A>').length === 5_001],
    [{ is: 'broken-fault' }, ({ text }) => text.includes('”1.0”')],
    [{ is: 'empty' }, ({ text }) => text === ''],
    [{ is: 'reply', text: '<a/>', status: 201 }, ({ status, text }) => status === 201 && text === '<a/>'],
    [{ is: 'unauthorised', status: 'mixed' }, ({ status }) => status === 401],
    [{ is: 'late', delayMs: 1 }, ({ status }) => status === 200],
    [{ is: 'drip', everyMs: 1, bytes: 100 }, ({ text }) => parseXml(text)],
  ];

  it.each(cases)('spoil an answer: $is', async (fault, isSo) => {
    const sim = await started({ auth: null });
    sim.cues.fault(fault, { on: 'GetScopes', times: 1 });
    expect((await soap(sim, 'device', '<GetHostname/>')).status).toBe(200);
    expect(isSo(await soap(sim, 'device', '<GetScopes/>'))).toBeTruthy();
    const after = await soap(sim, 'device', '<GetScopes/>');
    expect([after.status, parseXml(after.text).name]).toEqual([200, 'SOAP-ENV:Envelope']);
  });

  it.each<SimFault>([{ is: 'reset' }, { is: 'half' }])('break off: $is', async (fault) => {
    const sim = await started({ auth: null });
    const undo = sim.cues.fault(fault);
    await expect(soap(sim, 'device', '<GetScopes/>')).rejects.toThrow();
    undo();
    expect((await soap(sim, 'device', '<GetScopes/>')).status).toBe(200);
  });

  it('never answer, and never end', async () => {
    const sim = await started({ auth: null });
    const bytes = { silent: 0, endless: 0 };
    for (const is of ['silent', 'endless'] as const) {
      sim.cues.calm();
      sim.cues.fault({ is });
      const socket = connect(sim.port, sim.host);
      socket.on('data', (chunk) => {
        bytes[is] += chunk.length;
        if (bytes[is] > 4 << 20) socket.destroy();
      });
      const body = '<a/>';
      socket.write(
        `POST /onvif/device_service HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      if (is === 'endless') await once(socket, 'close');
      else await waitFor('the call', () => sim.requests.length === 1);
      socket.destroy();
    }
    expect(bytes.silent).toBe(0);
    expect(bytes.endless).toBeGreaterThan(4 << 20);
  });
});

describe('its discovery', () => {
  /** What comes back to a probe, as address and XAddrs. */
  async function probed(
    address: string,
    until: (found: Map<string, string>) => boolean,
  ): Promise<Map<string, string>> {
    const socket = createSocket('udp4');
    const found = new Map<string, string>();
    socket.on('message', (bytes, from) => {
      found.set(from.address, textOf(find(parseXml(bytes.toString()), 'XAddrs')) ?? '');
    });
    socket.bind({ address: '127.0.0.1', port: 0 });
    await once(socket, 'listening');
    socket.setMulticastInterface('127.0.0.1');
    const probe =
      '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header>' +
      '<a:MessageID>urn:uuid:0</a:MessageID></s:Header><s:Body><Probe xmlns="http://schemas.xmlsoap.org/ws/2005/04/discovery">' +
      '<Types xmlns:dn="http://www.onvif.org/ver10/network/wsdl">dn:NetworkVideoTransmitter</Types></Probe></s:Body></s:Envelope>';
    try {
      await waitFor('answers', () => {
        socket.send(probe, DISCOVERY_PORT, address);
        return until(found);
      });
    } finally {
      socket.close();
    }
    return found;
  }

  it('answers the multicast group and its own address, many on one machine', async () => {
    const hosts = ['127.0.40.2', '127.0.40.3', '127.0.40.4'];
    const devices = await Promise.all(
      hosts.map((host) => started({ host, discovery: true, maker: 'hikvision' })),
    );
    const all = await probed(DISCOVERY_GROUP, (found) => hosts.every((host) => found.has(host)));
    for (const device of devices)
      expect(all.get(device.host)).toBe(`http://[fe80::1]/onvif/device_service ${device.serviceUrl}`);
    const one = await probed('127.0.40.3', (found) => found.size > 0);
    expect([...one.keys()]).toEqual(['127.0.40.3']);
    expect(devices[1]?.probes.length).toBeGreaterThan(1);
  });

  it('says something else, or nothing, when told', async () => {
    const sim = await started({ host: '127.0.40.5', discovery: { multicast: false } });
    sim.cues.discovery({ xaddrs: ['http://10.9.9.9/onvif/device_service'] });
    const wrong = await probed('127.0.40.5', (found) => found.size > 0);
    expect(wrong.get('127.0.40.5')).toBe('http://10.9.9.9/onvif/device_service');
    sim.cues.discovery({ datagrams: 'silent' });
    const before = sim.probes.length;
    const none = await probed('127.0.40.5', () => sim.probes.length > before + 3);
    expect(none.size).toBe(0);
  });
});
