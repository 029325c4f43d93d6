import { execFile, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach } from 'vitest';
import { type Clock, systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import {
  h264Format,
  RtspFramer,
  type RtspResponse,
  serializeRequest,
} from '../../../server/rtsp/parse/index.ts';
import { RtspServer, type RtspServerOptions } from '../../../server/rtsp/server/index.ts';
import {
  type AudioFormat,
  Hub,
  type Source,
  type SourceSink,
  type TrackFormat,
} from '../../../server/stream/index.ts';
import { type StreamId, streamId } from '../../../shared/names.ts';
import { type StreamDefinition, streamDefinitionSchema } from '../../../shared/stream.ts';

const undo: Array<() => void | Promise<void>> = [];

/** Runs `step` after the test, last in first out. */
export function afterTest(step: () => void | Promise<void>): void {
  undo.push(step);
}

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A source that a test plays by hand. */
export class ScriptedSource implements Source {
  readonly sink: SourceSink;
  readonly clock: Clock;
  keyFrameRequests = 0;
  #stop: (() => void) | undefined;

  constructor(sink: SourceSink, clock: Clock) {
    this.sink = sink;
    this.clock = clock;
    sink.connecting();
  }

  /** Plays the clip over and over in real time. */
  loop(clip: Clip, audio?: AudioFormat): void {
    this.sink.playing([clip.format, ...(audio === undefined ? [] : [audio])], 'test');
    let frame = 0;
    const next = () => {
      const unit = clip.units[frame % clip.units.length];
      if (unit === undefined) return;
      const receivedAtMs = this.clock.monotonicMs();
      const video = { kind: 'video' as const, rtpTimestamp: (1_000_000 + frame * 3600) >>> 0 };
      this.sink.unit({ ...video, payloads: unit.payloads, isKeyFrame: unit.isKeyFrame, receivedAtMs });
      if (audio !== undefined) {
        const payloads = [Buffer.alloc(320, 0xd5)];
        const rtpTimestamp = 5000 + frame * 320;
        this.sink.unit({ kind: 'audio', rtpTimestamp, payloads, isKeyFrame: true, receivedAtMs });
      }
      frame += 1;
    };
    next();
    this.#stop = this.clock.every(40, next);
  }

  pauseMedia(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  setWatched(): void {}

  requestKeyFrame(): void {
    this.keyFrameRequests += 1;
  }

  async close(): Promise<void> {
    this.pauseMedia();
  }
}

export interface Clip {
  readonly format: Extract<TrackFormat, { kind: 'video' }>;
  readonly units: ReadonlyArray<{ readonly payloads: Buffer[]; readonly isKeyFrame: boolean }>;
}

/** 25 frames of H.264 made by FFmpeg, one key frame at the start. */
export async function makeClip(size = '320x240', extra: string[] = []): Promise<Clip> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    ['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=1`, ...extra]
      .concat(['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'])
      .concat(['-g', '25', '-x264-params', 'slices=1:aud=1', '-f', 'h264', '-']),
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  const units: { payloads: Buffer[]; isKeyFrame: boolean }[] = [];
  for (const nal of splitAnnexB(stdout)) {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === 9) units.push({ payloads: [], isKeyFrame: false });
    else if (type === 7) sps[0] = nal;
    else if (type === 8) pps[0] = nal;
    else units.at(-1)?.payloads.push(nal);
    const last = units.at(-1);
    if (type === 5 && last !== undefined) last.isKeyFrame = true;
  }
  const format = h264Format(sps, pps);
  if (format === undefined) throw new Error('the clip has no parameter sets');
  return { format, units };
}

function splitAnnexB(bytes: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at !== -1; at = bytes.indexOf('000001', at + 3, 'hex')) {
    starts.push(at);
  }
  return starts.map((start, index) => {
    let end = starts[index + 1] ?? bytes.length;
    while (end > start && bytes[end - 1] === 0) end -= 1;
    return bytes.subarray(start + 3, end);
  });
}

export function define(name: string, source: Record<string, unknown> = {}, extra = {}): StreamDefinition {
  return streamDefinitionSchema.parse({ name, source: { url: 'rtsp://192.0.2.1/x', ...source }, ...extra });
}

export interface Fixture {
  readonly hub: Hub;
  readonly server: RtspServer;
  readonly port: number;
  readonly sources: Map<StreamId, ScriptedSource>;
  url(stream: string, credentials?: string): string;
}

/** A hub and our RTSP server on a free port of the loopback address. */
export async function startServer(
  definitions: StreamDefinition[],
  options: Partial<RtspServerOptions> = {},
): Promise<Fixture> {
  const clock = options.clock ?? systemClock;
  const sources = new Map<StreamId, ScriptedSource>();
  const hub = new Hub({
    clock,
    log: silentLogger,
    lingerMs: 500,
    startSource: (definition, sink) => {
      const source = new ScriptedSource(sink, clock);
      sources.set(streamId(definition.app, definition.name), source);
      return source;
    },
  });
  for (const definition of definitions) hub.add(definition);
  const server = new RtspServer({
    clock,
    log: silentLogger,
    host: '127.0.0.1',
    port: 0,
    streams: hub,
    ...options,
  });
  const { port } = await server.listen();
  afterTest(async () => {
    await server.close();
    await hub.close();
  });
  const url = (stream: string, credentials?: string) =>
    `rtsp://${credentials === undefined ? '' : `${credentials}@`}127.0.0.1:${port}/${stream}`;
  return { hub, server, port, sources, url };
}

/** The scripted source of a stream that has one. */
export function sourceOf(fixture: Fixture, id: StreamId): ScriptedSource {
  const source = fixture.sources.get(id);
  if (source === undefined) throw new Error(`${id} has no source yet`);
  return source;
}

/** A bare RTSP client: it says what it is told to and keeps what it hears. */
export class Probe {
  readonly socket: Socket;
  readonly packets: Array<{ channel: number; payload: Buffer }> = [];
  readonly #answers: Array<(response: RtspResponse | undefined) => void> = [];
  #cseq = 0;
  isClosed = false;

  constructor(port: number, localAddress = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', localAddress });
    const framer = new RtspFramer({
      request: () => {},
      response: (response) => this.#answers.shift()?.(response),
      interleaved: (channel, payload) => this.packets.push({ channel, payload: Buffer.from(payload) }),
      error: () => this.socket.destroy(),
    });
    this.socket.on('data', (chunk) => framer.push(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
      for (const answer of this.#answers.splice(0)) answer(undefined);
    });
    afterTest(() => {
      this.socket.destroy();
    });
  }

  async ask(
    method: string,
    uri: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<RtspResponse> {
    const response = await this.tryAsk(method, uri, headers, body);
    if (response === undefined)
      throw new Error(`the server closed the connection instead of answering ${method}`);
    return response;
  }

  /** Undefined when the connection is closed instead. */
  tryAsk(
    method: string,
    uri: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<RtspResponse | undefined> {
    this.#cseq += 1;
    const all = Object.entries({ CSeq: String(this.#cseq), ...headers });
    this.socket.write(
      serializeRequest({ method, uri, headers: all, ...(body === undefined ? {} : { body }) }),
    );
    return new Promise((resolve) => {
      if (this.isClosed) resolve(undefined);
      else this.#answers.push(resolve);
    });
  }

  /** DESCRIBE, SETUP of the tracks over TCP and PLAY; resolves with the answer to PLAY. */
  async play(url: string, tracks = ['track1'], headers: Record<string, string> = {}): Promise<RtspResponse> {
    const session = await this.setup(url, tracks, headers);
    return await this.ask('PLAY', url, { ...headers, Session: session });
  }

  async setup(url: string, tracks = ['track1'], headers: Record<string, string> = {}): Promise<string> {
    let session: string | undefined;
    for (const [index, track] of tracks.entries()) {
      const response = await this.ask('SETUP', `${url}/${track}`, {
        ...headers,
        Transport: `RTP/AVP/TCP;unicast;interleaved=${index * 2}-${index * 2 + 1}`,
        ...(session === undefined ? {} : { Session: session }),
      });
      if (response.statusCode !== 200) throw new Error(`SETUP: ${response.statusCode} ${response.reason}`);
      session = response.headers.get('Session')?.split(';')[0];
    }
    return session ?? '';
  }
}

export interface Finished {
  readonly code: number | null;
  readonly stderr: string;
  readonly stdout: string;
}

export interface Running {
  readonly pid: number;
  readonly done: Promise<Finished>;
  /** What it has written so far. */
  stderr(): string;
  stdout(): string;
  kill(signal?: NodeJS.Signals): void;
}

/** Starts a program that is killed after the test if it still runs. */
export function start(command: string, args: string[]): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const done = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stderr, stdout }));
  });
  afterTest(async () => {
    child.kill('SIGKILL');
    await done;
  });
  return {
    pid: child.pid ?? -1,
    done,
    stderr: () => stderr,
    stdout: () => stdout,
    kill: (signal = 'SIGKILL') => child.kill(signal),
  };
}

const FFMPEG = ['-nostdin', '-hide_banner', '-loglevel', 'warning'];

/** An FFmpeg that publishes a small picture, and a tone where `audio` names an encoder's options. */
export function publish(
  url: string,
  options: { transport?: 'tcp' | 'udp'; audio?: string[]; size?: string } = {},
) {
  const { transport = 'tcp', audio, size = '320x240' } = options;
  return start('ffmpeg', [
    ...FFMPEG,
    ...['-re', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25`],
    ...(audio === undefined ? [] : ['-re', '-f', 'lavfi', '-i', 'sine=f=440:r=48000']),
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25'],
    ...(audio ?? []),
    ...['-f', 'rtsp', '-rtsp_transport', transport, url],
  ]);
}

/** Reads `frames` video frames with FFmpeg and ends; `stdout` holds a line for each frame (framecrc). */
export function readFrames(
  url: string,
  frames: number,
  options: { transport?: string; input?: string[] } = {},
) {
  const { transport = 'tcp', input = [] } = options;
  return start('ffmpeg', [
    ...FFMPEG,
    ...['-rtsp_transport', transport, ...input, '-i', url],
    ...['-map', '0', '-c', 'copy', '-frames:v', String(frames), '-f', 'framecrc', '-'],
  ]);
}
