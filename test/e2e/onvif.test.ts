import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { CameraEvent } from '../../shared/events.ts';
import type { DeviceFacts, Preset, PtzStatus, Scan } from '../../shared/onvif.ts';
import type { MethodResult } from '../../shared/signaling.ts';
import type { StreamStatus } from '../../shared/stream.ts';
import { CameraSim, testVideo } from '../support/camera-sim/index.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type OnvifSim, startOnvifSim } from '../support/onvif-sim/index.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';
import { h264Codec, VIEWER_CAPABILITIES, WeriftViewer } from '../support/werift-viewer.ts';

const CAM = 'live/door';
const PASSWORD = 'secret';
const WIDTH = { main: 640, sub: 320, moved: 480 };

let main: CameraSim;
let sub: CameraSim;
let moved: CameraSim;
let sim: OnvifSim;
let gateway: GatewayProcess;

const open = async () => {
  const video = (width: number) => testVideo({ width, height: 240, frames: 500, keyFrameEvery: 500 });
  // A key frame each 20 s: any other is asked for.
  [main, sub, moved] = (await Promise.all(
    [WIDTH.main, WIDTH.sub, WIDTH.moved].map(async (width) => CameraSim.start({ video: await video(width) })),
  )) as [CameraSim, CameraSim, CameraSim];
  sim = await startOnvifSim({
    main: main.url(),
    sub: sub.url(),
    onSync: (token) => (token === sim.profiles[0]?.token ? main : sub).cues.keyFrame(),
  });
  gateway = await GatewayProcess.start({
    settings: {
      demo: false,
      sources: { allowLoopback: true },
      streams: { [CAM]: { source: { url: sim.url, username: 'admin', password: PASSWORD } } },
    },
  });
};
const close = async () => {
  await gateway?.close();
  await Promise.all([main, sub, moved, sim].map((one) => one?.close()));
};
beforeAll(open, 60_000);
afterAll(close);
anewForAnotherTry(close, open, 60_000);

async function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${gateway.url}/api/v1${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
}
async function get<T>(path: string): Promise<T> {
  const response = await ask('GET', path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
const status = () => get<StreamStatus>(`/streams/${CAM}`);
const untilWidth = (width: number) =>
  waitFor(`pictures ${width} wide`, async () => {
    const now = await status();
    return now.state === 'live' && now.width === width && now;
  });
const ptzLog = () => sim.ptz.log.map(({ command }) => command.do);
const ptz = (command: object) => ask('POST', `/onvif/${CAM}/ptz`, command);

/** A page's end of signaling. */
class Page {
  readonly events: Array<{ event: string; data: Record<string, unknown> }> = [];
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, { result?: unknown; error?: { code: string } }>();
  #ids = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.event === undefined) this.#answers.set(message.id, message);
      else this.events.push(message);
    });
  }

  static async open(): Promise<Page> {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/v1/signaling`, ['sluice.v1']);
    const page = new Page(socket);
    await waitFor('hello', () => page.events.some(({ event }) => event === 'hello'));
    return page;
  }

  async ask<T>(method: string, params: object): Promise<{ result?: T; error?: { code: string } }> {
    this.#ids += 1;
    const id = this.#ids;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return (await waitFor(`the answer to ${method}`, () => this.#answers.get(id))) as { result?: T };
  }

  /** As when its network goes. */
  vanish(): void {
    this.#socket.terminate();
  }
}

async function withPage<T>(work: (page: Page) => Promise<T>): Promise<T> {
  const page = await Page.open();
  try {
    return await work(page);
  } finally {
    page.vanish();
  }
}

test('plays by onvif://, tells what the camera is, and gives no password away', async () => {
  const playing = await untilWidth(WIDTH.main);
  expect(playing.source).toMatchObject({ url: sim.url, username: 'admin', hasPassword: true });
  const facts = await get<DeviceFacts>(`/onvif/${CAM}`);
  expect(facts.profiles.map(({ usedAs }) => usedAs)).toEqual(['main', 'sub']);
  expect(facts.services).toMatchObject({ ptz: true, events: true, snapshot: true });
  const snapshot = await ask('GET', `/onvif/${CAM}/snapshot`);
  expect(snapshot.headers.get('content-type')).toBe('image/jpeg');
  expect([...new Uint8Array(await snapshot.arrayBuffer()).subarray(0, 2)]).toEqual([0xff, 0xd8]);
  expect(JSON.stringify(await get('/streams')) + gateway.output).not.toContain(PASSWORD);
});

test('a viewer that comes late has a key frame asked for by SetSynchronizationPoint, of main and of sub', async () => {
  await untilWidth(WIDTH.main);
  for (const quality of ['main', 'sub'] as const) {
    await withPage(async (page) => {
      const { result: watch } = await page.ask<MethodResult<'watch.start'>>('watch.start', {
        ...{ stream: CAM, rtpCapabilities: VIEWER_CAPABILITIES, quality, sound: false },
      });
      expect(watch?.qualities).toEqual(['main', 'sub']);
      const transport = watch?.transport;
      if (watch === undefined || transport === undefined) throw new Error('no transport');
      const added = () =>
        page.events.flatMap(({ event, data }) =>
          event === 'consumer.added' ? [data.consumer as never] : [],
        );
      await waitFor('a picture to be consumed', () => watch.consumers.length + added().length > 0);
      const token = sim.profiles[quality === 'main' ? 0 : 1]?.token;
      const viewer = new WeriftViewer({ video: [h264Codec(102)] });
      try {
        const fingerprint = await viewer.answer(transport, [...watch.consumers, ...added()]);
        await page.ask('transport.connect', {
          transportId: transport.id,
          dtlsParameters: { role: 'client', fingerprints: [fingerprint] },
        });
        const { watchId } = watch;
        await page.ask('watch.resume', { watchId });
        await waitFor('its picture, and the camera to be asked', () => {
          // As a browser does that missed one.
          void viewer.askForKeyFrame();
          return viewer.keyFrames() > 0 && sim.syncs.some((synced) => synced === token);
        });
      } finally {
        await viewer.close();
      }
    });
  }
});

test('a camera is moved by REST, one person at a time, and stops when nobody asks any more', async () => {
  await withPage((page) =>
    waitFor('the camera to be had by one alone', async () => {
      await ptz({ action: 'move', pan: 0.5 });
      const command = { stream: CAM, command: { action: 'move', tilt: 1 } };
      return (await page.ask('ptz.command', command)).error?.code === 'PTZ_BUSY';
    }),
  );
  await waitFor('the stop that nobody asked for', () => ptzLog().at(-1) === 'stop');
  expect(ptzLog()).toContain('continuous');
  // Unless the page had it last for a moment.
  await waitFor('it to be free', async () => (await ptz({ action: 'stop' })).status === 204);
  expect((await ptz({ action: 'absolute', pan: 0.25, tilt: -0.5, zoom: 0 })).status).toBe(204);
  await waitFor('it to be there', async () => {
    const { position } = await get<PtzStatus>(`/onvif/${CAM}/ptz`);
    const { pan = 0, tilt = 0 } = position ?? {};
    return Math.abs(pan - 0.25) < 0.01 && Math.abs(tilt + 0.5) < 0.01;
  });
  const added = (await (
    await ask('POST', `/onvif/${CAM}/presets`, { name: 'Gate & <yard>' })
  ).json()) as Preset;
  expect((await get<PtzStatus>(`/onvif/${CAM}/ptz`)).presets).toContainEqual(added);
  expect((await ptz({ action: 'preset', token: added.token })).status).toBe(204);
  expect((await ask('DELETE', `/onvif/${CAM}/presets/${encodeURIComponent(added.token)}`)).status).toBe(204);
  expect((await get<PtzStatus>(`/onvif/${CAM}/ptz`)).presets).not.toContainEqual(added);
  expect((await ptz({ action: 'move', pan: 7 })).status).toBe(400);
});

test('a camera is moved by signaling, and stops when the page is gone', async () => {
  const page = await Page.open();
  const moving = async () => {
    const { error } = await page.ask('ptz.command', { stream: CAM, command: { action: 'move', pan: -1 } });
    return error === undefined;
  };
  // The one who moved it last has it for a moment yet.
  await waitFor('the camera to be free', moving);
  for (let n = 0; n < 3; n += 1) expect(await moving()).toBe(true);
  page.vanish();
  await waitFor('its stop', () => ptzLog().at(-1) === 'stop');
});

test('motion arrives in the API and in signaling, with its end', async () => {
  await waitFor('the gateway to listen', () => sim.subscriptions.length > 0);
  await withPage(async (page) => {
    const subscribed = await page.ask<{ active: CameraEvent[] }>('events.subscribe', { streams: [CAM] });
    expect(subscribed.result?.active).toEqual([]);
    const told = () =>
      page.events.flatMap(({ event, data }) => (event === 'camera.event' ? [data as CameraEvent] : []));
    sim.cues.motion(true);
    const began = await waitFor('its start', () => told()[0]);
    expect(began).toMatchObject({
      app: 'live',
      name: 'door',
      kind: 'motion',
      isActive: true,
      origin: 'onvif',
    });
    expect((await get<{ events: CameraEvent[] }>(`/events?stream=${CAM}`)).events).toEqual([began]);
    const again = await page.ask<{ active: CameraEvent[] }>('events.subscribe', {});
    expect(again.result?.active).toEqual([began]);
    sim.cues.motion(false);
    const ended = await waitFor('its end', () => told().find(({ isActive }) => !isActive));
    expect(ended).toMatchObject({ id: began.id, start: began.start });
    expect(ended.end).toBeGreaterThanOrEqual(began.start);
    const { events } = await get<{ events: CameraEvent[] }>(`/streams/${CAM}/events?kind=motion`);
    expect(events).toEqual([ended]);
  });
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain('sluice_onvif_subscribed 1');
  expect(metrics).toContain('sluice_events{kind="motion"} 1');
});

test('its address is read anew at each connection', async () => {
  await untilWidth(WIDTH.main);
  sim.change({ main: moved.url(), sub: sub.url() });
  main.cues.reset();
  await untilWidth(WIDTH.moved);
});

const codeOf = async (response: Promise<Response>) =>
  ((await (await response).json()) as { error: { code: string } }).error.code;

test('what is no ONVIF camera is told apart, and says what to do', async () => {
  const access = { url: sim.url, username: 'admin', password: 'wrong' };
  expect(await codeOf(ask('POST', '/onvif/inspect', access))).toBe('DEVICE_AUTH_FAILED');
  const inspected = await ask('POST', '/onvif/inspect', { ...access, password: PASSWORD });
  expect(((await inspected.json()) as DeviceFacts).profiles).toHaveLength(2);
  // A web server is no ONVIF device; and a password that is none.
  const sources = {
    CAMERA_NOT_ONVIF: { url: gateway.url.replace('http:', 'onvif:') },
    CAMERA_AUTH_FAILED: access,
  };
  for (const [code, source] of Object.entries(sources)) {
    expect((await ask('POST', '/streams', { name: 'wrong', source })).status).toBe(201);
    const waiting = await waitFor('its reason', async () => {
      const { state, reason } = await get<StreamStatus>('/streams/live/wrong');
      return state === 'waiting' && reason;
    });
    expect(waiting.code, waiting.message).toBe(code);
    expect((await ask('DELETE', '/streams/live/wrong')).status).toBe(204);
  }
  const plain = { name: 'plain', source: { url: main.url() }, onDemand: true };
  expect((await ask('POST', '/streams', plain)).status).toBe(201);
  expect(await codeOf(ask('GET', '/onvif/live/plain/ptz'))).toBe('ONVIF_UNSUPPORTED');
  expect(await codeOf(ask('GET', '/onvif/live/none/ptz'))).toBe('STREAM_NOT_FOUND');
  // A camera that is dialled by another URL is steered all the same, where its source says how.
  const { username, password } = { ...access, password: PASSWORD };
  const source = { ...plain.source, username, password, onvif: { url: sim.url } };
  expect((await ask('PATCH', '/streams/live/plain', { source })).status).toBe(200);
  expect((await get<PtzStatus>('/onvif/live/plain/ptz')).can.continuous).toBe(true);
  const elsewhere = { ...source, onvif: { url: 'onvif://10.0.0.9' } };
  expect(await codeOf(ask('PATCH', '/streams/live/plain', { source: elsewhere }))).toBe('BAD_REQUEST');
  expect((await ask('DELETE', '/streams/live/plain')).status).toBe(204);
});

test('a search finds a camera, and tells which stream it is already', async () => {
  expect(await codeOf(ask('POST', '/onvif/scans', { multicast: false }))).toBe('BAD_REQUEST');
  expect(await codeOf(ask('POST', '/onvif/scans', { hosts: ['no host/'] }))).toBe('BAD_REQUEST');
  const other = await startOnvifSim({ host: '127.0.0.78', discovery: true, name: 'Yard' });
  try {
    const source = { url: other.url, username: 'admin', password: PASSWORD };
    expect((await ask('POST', '/streams', { name: 'yard', source, onDemand: true })).status).toBe(201);
    const begun = await ask('POST', '/onvif/scans', { multicast: false, hosts: ['127.0.0.78'] });
    expect(begun.status, await begun.clone().text()).toBe(201);
    const path = String(begun.headers.get('location')).replace('/api/v1', '');
    const done = await waitFor('its end', async () => {
      const scan = await get<Scan>(path);
      return scan.state === 'done' && scan;
    });
    expect(done.devices).toMatchObject([{ host: '127.0.0.78', name: 'Yard', knownAs: ['live/yard'] }]);
    expect((await get<{ scans: Scan[] }>('/onvif/scans')).scans).toEqual([done]);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect(await codeOf(ask('GET', path))).toBe('SCAN_NOT_FOUND');
    expect((await ask('DELETE', '/streams/live/yard')).status).toBe(204);
  } finally {
    await other.close();
  }
});
