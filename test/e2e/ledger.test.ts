import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecordingTimeline } from '../../shared/recording.ts';
import type { StreamStatus } from '../../shared/stream.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type GstRtspServer, startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url));
const mounts = { '/cam': { width: 320, height: 240 } };

let dir: string;
let camera: GstRtspServer;
let locked: GstRtspServer;
let gateway: GatewayProcess;

const open = async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-ledger-'));
  camera = await startGstRtspServer({ port: 0, mounts });
  locked = await startGstRtspServer({
    port: 0,
    auth: 'digest',
    username: 'viewer',
    password: 'right',
    mounts,
  });
  const source = { url: camera.url('/cam') };
  gateway = await GatewayProcess.start({
    settings: {
      dataDir: join(dir, 'data'),
      demo: false,
      recording: { segmentMs: 1000, minFreeBytes: 0 },
      apps: { farm: { dir: join(dir, 'farm'), record: true } },
      streams: {
        'live/cam': { source, record: true },
        'live/locked': {
          source: { url: locked.url('/cam'), username: 'viewer', password: 'wrong' },
          record: true,
        },
        'farm/cam': { source },
      },
    },
  });
};
const close = async () => {
  await gateway?.close();
  await camera?.close();
  await locked?.close();
  await rm(dir, { recursive: true, force: true });
};
beforeAll(open);
afterAll(close);
anewForAnotherTry(close, open);

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${gateway.url}/api/v1/streams/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const recorder = async (stream: string) => (await get<StreamStatus>(stream)).recorder;

async function segmentsKept(stream: string, more: number): Promise<void> {
  let before: number | undefined;
  await waitFor(
    `${more} segments of ${stream}`,
    async () => {
      const { state, segments = 0 } = await recorder(stream);
      if (state !== 'recording') return false;
      before ??= segments;
      return segments >= before + more;
    },
    40_000,
  );
}

/** Reasons in their order, from the first recorded second (or the first reason that is one) on. */
async function reasons(stream: string): Promise<string[]> {
  const { ranges, gaps } = await get<RecordingTimeline>(`${stream}/timeline`);
  const sinceMs = ranges[0]?.start ?? 0;
  return gaps.filter(({ start }) => start >= sinceMs).map(({ reason }) => reason);
}

const reasonIs = (stream: string, pattern: RegExp) =>
  waitFor(
    `${stream}: ${pattern.source}`,
    async () => pattern.test((await recorder(stream)).reason?.code ?? ''),
    40_000,
  );

it('a camera that is away keeps its reason over a crash of the gateway, which has its own', async () => {
  await segmentsKept('live/cam', 2);
  await reasonIs('live/locked', /^CAMERA_AUTH_FAILED$/);
  expect((await get<RecordingTimeline>('live/locked/timeline')).gaps.at(-1)?.reason).toBe(
    'CAMERA_AUTH_FAILED',
  );
  const { port } = camera;
  await camera.kill();
  await reasonIs('live/cam', /^CAMERA_UNREACHABLE$/);
  await waitFor('the ledger', async () => (await reasons('live/cam')).at(-1) === 'CAMERA_UNREACHABLE');
  await gateway.kill();
  await gateway.startAgain();
  await reasonIs('live/cam', /^CAMERA_UNREACHABLE$/);
  camera = await startGstRtspServer({ port, mounts });
  await segmentsKept('live/cam', 1);
  const [first, ...others] = await reasons('live/cam');
  expect(first).toMatch(/^CAMERA_/);
  expect(others.slice(-3)).toEqual(['CAMERA_UNREACHABLE', 'SERVER_STOPPED', 'CAMERA_UNREACHABLE']);
}, 120_000);

it('a disk that is away costs its application alone, nothing is written in its place, and it can be replaced', async () => {
  await segmentsKept('farm/cam', 2);
  await rename(join(dir, 'farm'), join(dir, 'away'));
  await mkdir(join(dir, 'farm'));
  await waitFor('what to do', async () =>
    (await recorder('farm/cam')).reason?.message.includes(`--accept-disk ${join(dir, 'farm')}`),
  );
  expect((await recorder('farm/cam')).reason?.code).toBe('DISK_MISSING');
  await segmentsKept('live/cam', 2);
  expect(await readdir(join(dir, 'farm'))).toEqual([]);
  await rm(join(dir, 'farm'), { recursive: true });
  await rename(join(dir, 'away'), join(dir, 'farm'));
  await segmentsKept('farm/cam', 2);
  expect((await reasons('farm/cam')).at(-1)).toBe('DISK_MISSING');

  await rename(join(dir, 'farm'), join(dir, 'away'));
  await mkdir(join(dir, 'farm'));
  await reasonIs('farm/cam', /^DISK_MISSING$/);
  const config = join(gateway.dir, 'sluice.yaml');
  const args = [MAIN, '--config', config, '--accept-disk', join(dir, 'farm')];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain('is taken for recordings');
  await segmentsKept('farm/cam', 2);
  expect(await readdir(join(dir, 'farm'))).toEqual(['recordings']);
}, 120_000);

it('Ctrl-C and what is switched off in the settings meanwhile are told apart', async () => {
  await segmentsKept('live/cam', 1);
  await segmentsKept('farm/cam', 1);
  expect(await gateway.stop()).toBe(0);
  // Another try begins with the one disk.
  if (!existsSync(join(dir, 'away'))) await rename(join(dir, 'farm'), join(dir, 'away'));
  const file = join(gateway.dir, 'sluice.yaml');
  const settings = JSON.parse(await readFile(file, 'utf8'));
  settings.streams['live/cam'].record = false;
  // The old disk again, at another place.
  settings.apps.farm.dir = join(dir, 'away');
  await writeFile(file, JSON.stringify(settings));
  await gateway.startAgain();
  await waitFor('the ledger', async () => (await reasons('live/cam')).at(-1) === 'RECORDING_OFF');
  expect((await reasons('live/cam')).slice(-2)).toEqual(['SERVER_STOPPED', 'RECORDING_OFF']);
  expect((await recorder('live/cam')).state).toBe('off');
  await segmentsKept('farm/cam', 1);
  const { ranges } = await get<RecordingTimeline>('farm/cam/timeline');
  // What was recorded before the stop is at the new place too.
  expect(ranges.length).toBeGreaterThan(1);
}, 120_000);
