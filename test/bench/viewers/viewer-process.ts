import { createSocket, type Socket } from 'node:dgram';
import { serveParent } from '../support/child.ts';
import { type ReceivedLog, Reception } from './received-log.ts';
import { openWhepViewer, type WhepViewer } from './whep-viewer.ts';

const BUFFER_BYTES = 4 * 1024 * 1024;

export interface WatchOptions {
  readonly url: string;
  readonly camera: number;
}

/** One process that is many viewers, over WHEP or of plain UDP. */
const receptions: Reception[] = [];
const viewers: WhepViewer[] = [];
let socket: Socket | undefined;

function newReception(camera: number): Reception {
  const reception = new Reception(camera);
  receptions.push(reception);
  return reception;
}

serveParent({
  async watch({ url, camera }: WatchOptions): Promise<{ connectMs: number }> {
    const reception = newReception(camera);
    const viewer = await openWhepViewer({ url, onPacket: (packet) => reception.note(packet) });
    viewers.push(viewer);
    return { connectMs: viewer.connectMs };
  },
  /** Cameras are told apart by their SSRC. */
  async receiveUdp({ cameras }: { readonly cameras: number }): Promise<{ port: number }> {
    for (let camera = 0; camera < cameras; camera += 1) newReception(camera);
    const opened = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
    opened.on('message', (packet) => receptions[packet.readUInt32BE(8) - 1]?.note(packet));
    await new Promise<void>((resolve) => opened.bind(0, '127.0.0.1', resolve));
    socket = opened;
    return { port: opened.address().port };
  },
  /** What came since the last call, by viewer. */
  takeLogs(): ReceivedLog[] {
    return receptions.map((reception) => reception.take());
  },
  async stop(): Promise<void> {
    socket?.close();
    await Promise.all(viewers.splice(0).map((viewer) => viewer.close()));
  },
});
