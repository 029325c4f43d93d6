import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gatewayNodeFlags } from '../../../server/setup/node-flags.mjs';
import { waitFor } from '../../support/wait.ts';
import { endChild } from './child.ts';
import { monotonicMs } from './clock.ts';
import { cpuOfTree } from './proc.ts';
import { endAtExit } from './process-groups.ts';

const MAIN = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));
const TETHER = new URL('../../../server/setup/tether.mjs', import.meta.url).href;
const KEPT_LOG_CHARS = 8000;

export interface BenchGateway {
  readonly pid: number;
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  /** From the start of the process to the moment it said that it can be used. */
  readonly startMs: number;
  /** What it had used of the processors by then, all its processes together: other programs hardly change that. */
  readonly startCpuMs: number;
  /** Resolves when all the streams are live. */
  live(): Promise<void>;
  close(): Promise<void>;
}

export interface BenchGatewayOptions {
  /** Camera URLs; they become `live/cam0` and so on. */
  readonly cameras: readonly string[];
  /** Settings as in `sluice.yaml`, besides those that are chosen already. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A data folder of the bench's own, which stays; by default a new one. */
  readonly dataDir?: string;
  /** Puts things into the data folder before the gateway starts. */
  prepare?(dataDir: string): Promise<void> | void;
}

/** Starts the real gateway as a process of its own, on free ports of the loopback address, with a new data folder. */
export async function startGateway(options: BenchGatewayOptions): Promise<BenchGateway> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-bench-gateway-'));
  const configFile = join(dir, 'sluice.yaml');
  const dataDir = options.dataDir ?? join(dir, 'data');
  await writeFile(configFile, settingsText(dataDir, options));
  await options.prepare?.(dataDir);
  // For a look inside, such as --cpu-prof.
  const nodeArguments = process.env.SLUICE_BENCH_NODE_ARGUMENTS?.split(' ') ?? [];
  const startedAtMs = monotonicMs();
  const child = spawn(
    process.execPath,
    [...gatewayNodeFlags, ...nodeArguments, '--import', TETHER, MAIN, '--config', configFile],
    {
      cwd: dir,
      detached: true,
      env: { ...environment(), SLUICE_SETUP_TETHER: String(process.pid) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const forget = endAtExit(child);
  child.once('exit', forget);
  let stdout = '';
  let log = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-KEPT_LOG_CHARS);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-KEPT_LOG_CHARS);
  });
  const close = async () => {
    await endChild(child, 15_000);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const url = await waitFor(
      'the gateway to start',
      () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the gateway ended: ${log}`);
        return /Open (http:\S+?)\/ in/.exec(stdout)?.[1];
      },
      30_000,
    );
    await waitFor('the gateway to be ready', () => isReady(url), 30_000);
    const startMs = monotonicMs() - startedAtMs;
    const startCpuMs = [...cpuOfTree(child.pid ?? 0).values()].reduce((sum, ms) => sum + ms, 0);
    const live = () => allLive(url, options.cameras.length, () => log);
    return { pid: child.pid ?? 0, url, startMs, startCpuMs, live, close };
  } catch (failure) {
    await close();
    throw failure;
  }
}

function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** Nothing of the user's own settings. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_'));
  return Object.fromEntries(entries);
}

/** JSON is YAML too. */
function settingsText(dataDir: string, { cameras, settings = {} }: BenchGatewayOptions): string {
  return JSON.stringify({
    dataDir,
    http: { host: '127.0.0.1', port: 0 },
    rtsp: { host: '127.0.0.1', port: 0 },
    webrtc: { host: '127.0.0.1', port: 0 },
    demo: false,
    // Nothing of a bench leaves this machine.
    onvif: { interfaces: ['lo'] },
    log: { level: 'warn' },
    streams: Object.fromEntries(
      cameras.map((url, index) => [`live/cam${index}`, { source: { url, transport: 'tcp' } }]),
    ),
    ...settings,
  });
}

async function allLive(url: string, count: number, log: () => string): Promise<void> {
  const isLive = async () => {
    const answer = await fetch(`${url}/api/v1/streams`);
    // The API's own shape; only the state is looked at.
    const body = (await answer.json()) as { streams: { state: string }[] };
    return body.streams.filter((stream) => stream.state === 'live').length >= count;
  };
  await waitFor(`${count} live streams`, isLive, 20_000).catch((failure: unknown) => {
    throw new Error(`${failure instanceof Error ? failure.message : failure}\n${log()}`);
  });
}
