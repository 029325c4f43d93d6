import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { type FootageSpec, readFootage } from '../media/footage.ts';
import { type PictureTemplate, packetiseFootage, stamp } from '../media/packets.ts';
import { serveParent } from '../support/child.ts';
import { monotonicMs } from '../support/clock.ts';
import { type PictureSink, startReplay } from './replay.ts';
import { openRtspFront, videoSdp } from './rtsp-front.ts';
import { emptySentLog, type SentLog } from './sent-log.ts';

export interface LoadOptions {
  readonly cameras: number;
  readonly footagePath: string;
  readonly spec: FootageSpec;
}

/** One process that is many cameras. Each replays the same footage, from another key frame and at another phase. */
let logs: SentLog[] = [];
let cameras = 0;
let pictures: PictureTemplate[] = [];
let spec: FootageSpec | undefined;
let sdp = '';
let server: Server | undefined;
const undo = new Set<() => void>();

async function load(options: LoadOptions): Promise<void> {
  const footage = await readFootage(options.footagePath, options.spec);
  pictures = packetiseFootage(footage);
  sdp = videoSdp(footage);
  spec = options.spec;
  cameras = options.cameras;
  logs = Array.from({ length: cameras }, emptySentLog);
}

function note(camera: number, picture: PictureTemplate, sentMs: number): void {
  const log = logs[camera];
  log?.tails.push(picture.tail);
  log?.sentMs.push(sentMs);
  log?.isKeyFrame.push(picture.isKeyFrame);
}

function replay(camera: number, sink: PictureSink): () => void {
  if (spec === undefined) throw new Error('no footage');
  const gops = Math.floor(spec.frames / spec.gop);
  return startReplay({
    pictures,
    fps: spec.fps,
    // The golden ratio spreads any number of cameras evenly over a frame's time and over the GOPs.
    phaseMs: 1000 / spec.fps + ((camera * 0.618_034) % 1) * (spec.gop / spec.fps) * 1000,
    firstPicture: (camera % gops) * spec.gop,
    sink,
  });
}

/** Over TCP every packet is a write of its own, as real cameras do it. */
function tcpSink(camera: number, socket: Socket): PictureSink {
  let sequence = 0;
  return {
    send(picture, timestamp) {
      const { packets, sizeBytes } = picture;
      const slab = Buffer.allocUnsafe(sizeBytes + packets.length * 4);
      let offset = 0;
      let sentMs = 0;
      packets.forEach((packet, index) => {
        const start = offset;
        slab[offset] = 0x24;
        slab[offset + 1] = 0;
        slab.writeUInt16BE(packet.length, offset + 2);
        packet.copy(slab, offset + 4);
        stamp(slab, offset + 4, { sequence, timestamp, ssrc: camera + 1 });
        sequence += 1;
        offset += 4 + packet.length;
        if (index === packets.length - 1) sentMs = monotonicMs();
        socket.write(slab.subarray(start, offset));
      });
      note(camera, picture, sentMs);
    },
  };
}

function udpSink(camera: number, socket: UdpSocket): PictureSink {
  let sequence = 0;
  return {
    send(picture, timestamp) {
      const slab = Buffer.allocUnsafe(picture.sizeBytes);
      let offset = 0;
      let sentMs = 0;
      picture.packets.forEach((packet, index) => {
        packet.copy(slab, offset);
        stamp(slab, offset, { sequence, timestamp, ssrc: camera + 1 });
        sequence += 1;
        if (index === picture.packets.length - 1) sentMs = monotonicMs();
        socket.send(slab.subarray(offset, offset + packet.length));
        offset += packet.length;
      });
      note(camera, picture, sentMs);
    },
  };
}

serveParent({
  /** Serves `rtsp://127.0.0.1:PORT/cam0` and so on; a camera runs while somebody plays it. */
  async serve(options: LoadOptions): Promise<{ port: number }> {
    await load(options);
    const front = await openRtspFront({
      describe: (path) => (cameraOf(path) === undefined ? undefined : sdp),
      play: (path, socket) => ({ end: replay(cameraOf(path) ?? 0, tcpSink(cameraOf(path) ?? 0, socket)) }),
    });
    server = front.server;
    return { port: front.port };
  },
  /** Sends every camera's packets to a UDP port instead. */
  async sendUdp(options: LoadOptions & { readonly port: number }): Promise<void> {
    await load(options);
    for (let camera = 0; camera < cameras; camera += 1) {
      const socket = createSocket({ type: 'udp4', sendBufferSize: 2 * 1024 * 1024 });
      await new Promise<void>((resolve) => socket.connect(options.port, '127.0.0.1', resolve));
      const stop = replay(camera, udpSink(camera, socket));
      undo.add(() => {
        stop();
        socket.close();
      });
    }
  },
  /** What was sent since the last call, by camera. */
  takeLogs(): SentLog[] {
    const taken = logs;
    logs = Array.from({ length: cameras }, emptySentLog);
    return taken;
  },
  stop(): void {
    for (const step of undo) step();
    undo.clear();
    server?.close();
  },
});

function cameraOf(path: string): number | undefined {
  const index = Number(/^\/cam(\d+)$/.exec(path)?.[1] ?? Number.NaN);
  return index < cameras ? index : undefined;
}
