import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir } from '../../server/setup/paths.mjs';
import { freePorts } from './free-ports.ts';
import { waitFor } from './wait.ts';

/** No test asks for more media workers. */
const MAX_WORKERS = 4;
const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url));
const COMPILE_CACHE = join(cacheDir(), 'compiled');
/** The first one of a new checkout has all its TypeScript read and compiled, beside whatever else keeps the machine busy. */
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

export interface GatewayOptions {
  /** Settings as in `sluice.yaml`; ports, the data folder and one worker are chosen already. */
  readonly settings?: Readonly<Record<string, object | boolean | string>>;
  /** Added to its environment, such as what lets a library stand before it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real gateway process of its own, on free ports of loopback, that can be killed and started again. */
export class GatewayProcess {
  readonly url: string;
  readonly rtspPort: number;
  readonly #dir: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #output = '';

  /** Starts one and waits until it is ready. */
  static async start(options: GatewayOptions = {}): Promise<GatewayProcess> {
    // Fixed ones, as a restarted gateway has to come back on its own; worker n of WebRTC takes the nth after its port.
    const http = await freePorts(2 + MAX_WORKERS);
    const [rtsp, webrtc] = [http + 1, http + 2];
    const dir = await mkdtemp(join(tmpdir(), 'sluice-gateway-'));
    const { settings = {} } = options;
    const config = {
      dataDir: join(dir, 'data'),
      // A search asks nobody but this machine.
      onvif: { interfaces: ['lo'] },
      ...settings,
      http: { port: http, ...(settings.http as object) },
      rtsp: { port: rtsp, ...(settings.rtsp as object) },
      webrtc: { port: webrtc, workers: 1, ...(settings.webrtc as object) },
    };
    // JSON is YAML.
    await writeFile(join(dir, 'sluice.yaml'), JSON.stringify(config));
    const gateway = new GatewayProcess(dir, { http, rtsp }, options.env ?? {});
    try {
      await gateway.startAgain();
    } catch (error) {
      await gateway.close();
      throw error;
    }
    return gateway;
  }

  private constructor(
    dir: string,
    ports: { http: number; rtsp: number },
    env: Readonly<Record<string, string>>,
  ) {
    this.#dir = dir;
    this.#env = env;
    this.url = `http://127.0.0.1:${ports.http}`;
    this.rtspPort = ports.rtsp;
  }

  /** Where its settings are and, unless these say otherwise, its data (`data`). */
  get dir(): string {
    return this.#dir;
  }

  /** All it has written so far, to look for what should be there or should not. */
  get output(): string {
    return this.#output;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** On the same ports, with the same data. */
  async startAgain(): Promise<void> {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_'));
    const child = spawn(process.execPath, [MAIN, '--config', join(this.#dir, 'sluice.yaml')], {
      cwd: this.#dir,
      // As `npm start` does it.
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...Object.fromEntries(inherited), ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-200_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await waitFor(
      'the gateway to be ready',
      async () => {
        if (hasEnded(child)) throw new Error(`the gateway ended at its start:\n${this.#output}`);
        return fetch(`${this.url}/readyz`).then(
          (response) => response.ok,
          () => false,
        );
      },
      READY_TIMEOUT_MS,
    ).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${this.#output}`);
    });
  }

  /** As a crash or a power cut would end it: nobody is told. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As Ctrl-C does; gives the exit status. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** Stops it and removes its data. */
  async close(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    if (hasEnded(child)) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
    return child.exitCode;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
