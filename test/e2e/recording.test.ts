import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { probeTs } from '../../server/recording/ts/index.ts';
import type { RecordingTimeline } from '../../shared/recording.ts';
import type { StreamStatus } from '../../shared/stream.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type GstMount, type GstRtspServer, startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { isTriedAgain } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

const MOUNT: GstMount = { width: 320, height: 240, audio: 'pcmu' };
const CAM = '/live/cam';

let dataDir: string;
let gateway: GatewayProcess;
let camera: GstRtspServer;

const open = async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sluice-recording-'));
  camera = await startGstRtspServer({ port: 0, mounts: { '/cam': MOUNT } });
  gateway = await GatewayProcess.start({
    settings: {
      dataDir,
      sources: { allowLoopback: true },
      demo: false,
      recording: { segmentMs: 1000, minFreeBytes: 0 },
    },
  });
};
const close = async () => {
  await gateway?.close();
  await camera?.close();
  await rm(dataDir, { recursive: true, force: true });
};
beforeAll(open);
afterAll(close);

async function api<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${gateway.url}/api/v1/streams${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

const status = () => api<StreamStatus>('GET', CAM);
const timeline = () => api<RecordingTimeline>('GET', `${CAM}/timeline`);

async function segmentsKept(more: number): Promise<void> {
  const before = (await status()).recorder.segments ?? 0;
  await waitFor(`${more} segments`, async () => ((await status()).recorder.segments ?? 0) >= before + more);
}

/** Segments, as paths below the camera's folder. */
async function filesKept(): Promise<string[]> {
  const all = await readdir(join(dataDir, 'recordings', 'live', 'cam'), { recursive: true });
  return all.filter((name) => name.endsWith('.ts'));
}

/** Reasons of the gaps between what was recorded, oldest first. */
async function reasons(): Promise<string[]> {
  const { ranges, gaps } = await timeline();
  return gaps.filter(({ start }) => start >= (ranges[0]?.start ?? 0)).map(({ reason }) => reason);
}

it('records a camera through its restarts and those of the gateway, with a reason for each gap', async (context) => {
  // Its stream and its gaps are there already; the other tests look at what this one has recorded.
  if (isTriedAgain(context)) {
    await close();
    await open();
  }
  await api('POST', '', { name: 'cam', source: { url: camera.url('/cam') }, record: true });
  await segmentsKept(3);
  expect((await status()).recorder).toMatchObject({ state: 'recording' });
  expect((await timeline()).ranges).toHaveLength(1);

  const { port } = new URL(camera.url('/cam'));
  await camera.close();
  await waitFor('the reason', async () => (await status()).recorder.reason?.code.startsWith('CAMERA_'));
  camera = await startGstRtspServer({ port: Number(port), mounts: { '/cam': MOUNT } });
  await segmentsKept(2);
  expect((await status()).recorder.reason).toBeUndefined();
  expect((await timeline()).ranges).toHaveLength(2);
  const cameraReasons = await reasons();
  expect(cameraReasons.length).toBeGreaterThan(0);
  for (const reason of cameraReasons) expect(reason).toMatch(/^CAMERA_/);

  await api('PATCH', CAM, { record: false });
  await waitFor('the end', async () => (await status()).recorder.state === 'off');
  const offAtMs = Date.now();
  await waitFor('some time without a recording', () => Date.now() - offAtMs > 500);
  await api('PATCH', CAM, { record: true });
  await segmentsKept(2);
  expect((await reasons()).at(-1)).toBe('RECORDING_OFF');

  const stopAtMs = Date.now();
  expect(await gateway.stop()).toBe(0);
  await gateway.startAgain();
  await segmentsKept(2);
  expect((await reasons()).at(-1)).toBe('SERVER_STOPPED');
  const { ranges } = await timeline();
  // The segment that was open at the stop was kept too.
  expect(ranges.at(-2)?.end).toBeGreaterThan(stopAtMs - 300);
  expect(gateway.output).not.toMatch(/"level":"error"/);
}, 90_000);

it('keeps files that play alone', async () => {
  const names = await filesKept();
  expect(names.length).toBeGreaterThan(8);
  const oldest = names.map((name) => Number(/(\d+)\.ts$/.exec(name)?.[1])).sort((a, b) => a - b)[0];
  const response = await fetch(`${gateway.url}${CAM}/segments/${oldest}.ts`);
  const probe = probeTs(Buffer.from(await response.arrayBuffer()));
  expect(probe?.isWhole).toBe(true);
  expect(probe?.format).toMatchObject({ width: 320, height: 240, audio: { clockRate: 8000, channels: 1 } });
});

it('keeps what a removed stream has recorded, and shows nobody a ticket or a secret', async () => {
  const before = await filesKept();
  // A first try may have removed it.
  const removed = await fetch(`${gateway.url}/api/v1/streams${CAM}`, { method: 'DELETE' });
  expect([204, 404]).toContain(removed.status);
  const response = await fetch(`${gateway.url}/api/v1/streams${CAM}`);
  expect(response.status).toBe(404);
  expect(await filesKept()).toEqual(expect.arrayContaining(before));
  expect(gateway.output).not.toMatch(/ticket-[0-9a-f]/);
});
