import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { interleavedHeader } from '../../../server/rtsp/parse/index.ts';
import { serveParent } from '../support/child.ts';
import { monotonicMs, wallOffsetMs } from '../support/clock.ts';
import { Painter } from './painter.ts';
import { openRtspFront, videoSdp } from './rtsp-front.ts';
import { timeCodeValue } from './time-code.ts';

export interface TimeCodeOptions {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly gop: number;
}

/** By picture: what its time code says, and the Unix time at which its last packet left the encoder. */
export interface EncodedLog {
  readonly codes: number[];
  readonly drawnMs: number[];
  readonly encodedMs: number[];
}

const log: EncodedLog = { codes: [], drawnMs: [], encodedMs: [] };
const players = new Set<Socket>();
const offsetMs = wallOffsetMs();

function startEncoder(options: TimeCodeOptions, port: number): ChildProcess {
  const { width, height, fps, gop } = options;
  const child = spawn(
    process.env.FFMPEG_PATH ?? 'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error'],
      ...[
        '-f',
        'rawvideo',
        '-pix_fmt',
        'yuv420p',
        '-s',
        `${width}x${height}`,
        '-r',
        String(fps),
        '-i',
        'pipe:0',
      ],
      ...['-vsync', 'passthrough', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
      ...['-threads', '1', '-profile:v', 'baseline', '-g', String(gop), '-keyint_min', String(gop)],
      ...['-sc_threshold', '0', '-b:v', '3M', '-maxrate', '3M', '-bufsize', '1M'],
      ...['-f', 'rtp', '-payload_type', '96', `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1400`],
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  child.stdin?.on('error', () => {});
  process.on('exit', () => child.kill('SIGKILL'));
  return child;
}

/** Takes the encoder's packets and hands them to whoever plays, as a camera's network side does. */
async function openRelay(): Promise<number> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  socket.on('message', (packet) => {
    const second = packet[1] ?? 0;
    if (second >= 192 && second <= 223) return;
    for (const player of players) {
      player.write(Buffer.concat([interleavedHeader(0, packet.length), packet]));
    }
    if (second >= 0x80) log.encodedMs.push(monotonicMs() + offsetMs);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket.address().port;
}

function paintAlways({ width, height, fps }: TimeCodeOptions, encoder: ChildProcess): void {
  const painter = new Painter(width, height);
  const startMs = monotonicMs();
  let count = 0;
  const paint = () => {
    const drawnMs = monotonicMs() + offsetMs;
    const picture = painter.paint(drawnMs);
    // Undefined: the encoder does not keep up; the picture is left out.
    if (picture !== undefined) {
      log.codes.push(timeCodeValue(drawnMs));
      log.drawnMs.push(drawnMs);
      encoder.stdin?.write(picture, () => painter.release(picture));
    }
    count += 1;
    setTimeout(paint, Math.max(0, startMs + (count * 1000) / fps - monotonicMs()));
  };
  paint();
}

serveParent({
  /** Serves `rtsp://127.0.0.1:PORT/clock`, painted, encoded and sent as it is watched. */
  async serve(options: TimeCodeOptions): Promise<{ port: number }> {
    const encoder = startEncoder(options, await openRelay());
    paintAlways(options, encoder);
    const front = await openRtspFront({
      describe: (path) => (path === '/clock' ? videoSdp() : undefined),
      play: (_path, socket) => {
        players.add(socket);
        return { end: () => players.delete(socket) };
      },
    });
    return { port: front.port };
  },
  takeLog(): EncodedLog {
    const pictures = log.encodedMs.length;
    return {
      codes: log.codes.slice(0, pictures),
      drawnMs: log.drawnMs.slice(0, pictures),
      encodedMs: log.encodedMs,
    };
  },
});
