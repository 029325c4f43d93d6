import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One path of the server; everything has a default. */
export interface GstMount {
  readonly video?: 'h264' | 'h265' | 'jpeg' | 'none';
  readonly profile?: 'constrained-baseline' | 'main' | 'high';
  /** `sdp`: parameter sets only in the SDP; `both`: also in band before every key frame. */
  readonly parameterSets?: 'sdp' | 'both';
  readonly audio?: 'none' | 'aac' | 'opus' | 'pcmu' | 'pcma';
  readonly transport?: 'any' | 'tcp' | 'udp';
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  /** Frames from one key frame to the next. */
  readonly gop?: number;
  readonly kbps?: number;
  /** Greatest RTP packet, up to 64 KB. */
  readonly mtu?: number;
  /** A pattern of GStreamer's videotestsrc. */
  readonly pattern?: string;
  /** Offers RTP/AVPF: it takes PLI. */
  readonly feedback?: boolean;
}

export interface GstServerOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly auth?: 'none' | 'basic' | 'digest';
  readonly username?: string;
  readonly password?: string;
  /** By path, for example `/cam`. */
  readonly mounts: Readonly<Record<string, GstMount>>;
}

export interface GstRtspServer {
  readonly port: number;
  readonly pid: number;
  url(path: string): string;
  /** Kills the process at once, as a camera dies whose power is cut (the kernel still closes its sockets). */
  kill(): Promise<void>;
  /** Ends the process. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_MOUNT: Required<GstMount> = {
  video: 'h264',
  profile: 'constrained-baseline',
  parameterSets: 'sdp',
  audio: 'none',
  transport: 'any',
  width: 320,
  height: 240,
  fps: 25,
  gop: 25,
  kbps: 300,
  mtu: 1400,
  pattern: 'ball',
  feedback: false,
};

/** Starts Debian's gst-rtsp-server (needs gir1.2-gst-rtsp-server-1.0 and the GStreamer plugins). */
export async function startGstRtspServer(options: GstServerOptions): Promise<GstRtspServer> {
  const mounts = Object.fromEntries(
    Object.entries(options.mounts).map(([path, mount]) => [path, { ...DEFAULT_MOUNT, ...mount }]),
  );
  const config = {
    port: options.port ?? 0,
    auth: options.auth ?? 'none',
    username: options.username ?? '',
    password: options.password ?? '',
    mounts,
  };
  const script = fileURLToPath(new URL('./gst-rtsp-server.py', import.meta.url));
  // Debian's Python has the GObject bindings; another one first in PATH would not.
  const child = spawn('/usr/bin/python3', [script, JSON.stringify(config)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-4000);
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`gst-rtsp-server ended with ${code}: ${stderr}`)));
    createInterface({ input: child.stdout }).once('line', (line) => {
      const parsed = JSON.parse(line) as { port: number };
      resolve(parsed.port);
    });
  });
  return {
    port,
    pid: child.pid ?? 0,
    url: (path) => `rtsp://127.0.0.1:${port}${path}`,
    kill: () => end(child, 'SIGKILL'),
    close: () => end(child, 'SIGTERM'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  child.stdin?.end();
  await exited;
}
