import { createSocket, type Socket } from 'node:dgram';
import { serveParent } from '../support/child.ts';
import { emptyReceivedLog, notePacket, type ReceivedLog } from './received-log.ts';
import { openWhepViewer, type WhepViewer } from './whep-viewer.ts';

const BUFFER_BYTES = 4 * 1024 * 1024;

export interface WatchOptions {
  readonly url: string;
  readonly camera: number;
}

/** One process that is many viewers, over WHEP or of plain UDP. */
let logs: ReceivedLog[] = [];
let isLogging = true;
const viewers: WhepViewer[] = [];
let socket: Socket | undefined;

function newLog(camera: number): number {
  logs.push(emptyReceivedLog(camera));
  return logs.length - 1;
}

function note(index: number, packet: Buffer): void {
  const log = logs[index];
  if (isLogging && log !== undefined) notePacket(log, packet);
}

serveParent({
  async watch({ url, camera }: WatchOptions): Promise<{ connectMs: number }> {
    const index = newLog(camera);
    const viewer = await openWhepViewer({ url, onPacket: (packet) => note(index, packet) });
    viewers.push(viewer);
    return { connectMs: viewer.connectMs };
  },
  /** Cameras are told apart by their SSRC. */
  async receiveUdp({ cameras }: { readonly cameras: number }): Promise<{ port: number }> {
    for (let camera = 0; camera < cameras; camera += 1) newLog(camera);
    const opened = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
    opened.on('message', (packet) => note(packet.readUInt32BE(8) - 1, packet));
    await new Promise<void>((resolve) => opened.bind(0, '127.0.0.1', resolve));
    socket = opened;
    return { port: opened.address().port };
  },
  /** What came since the last call, by viewer. */
  takeLogs(): ReceivedLog[] {
    const taken = logs;
    logs = taken.map((log) => emptyReceivedLog(log.camera));
    return taken;
  },
  setLogging({ on }: { readonly on: boolean }): void {
    isLogging = on;
  },
  async stop(): Promise<void> {
    socket?.close();
    await Promise.all(viewers.splice(0).map((viewer) => viewer.close()));
  },
});
