import {
  type FakeConnection,
  type FakeRtspServer,
  openUdpPorts,
  startFakeRtspServer,
} from '../../support/fake-rtsp-server.ts';

export interface UdpCamera {
  readonly server: FakeRtspServer;
  /** Datagrams that came to the camera's RTP and RTCP ports. */
  readonly rtpIn: Buffer[];
  readonly rtcpIn: Buffer[];
  /** Sends a packet to the client's RTP port. */
  send(packet: Buffer): void;
  clientPort(): number;
}

export interface UdpCameraOptions {
  /** After each reply to PLAY, over UDP or not. */
  readonly onPlay?: ((camera: UdpCamera, connection: FakeConnection) => void) | undefined;
  /** Answers a SETUP for TCP with 461. */
  readonly udpOnly?: boolean | undefined;
}

/** A camera that sends over UDP what a test tells it, to the ports of its newest client. `undo` collects what closes it. */
export async function udpCamera(
  undo: (step: () => unknown) => void,
  options: UdpCameraOptions = {},
): Promise<UdpCamera> {
  const ports = await openUdpPorts();
  const rtpIn: Buffer[] = [];
  const rtcpIn: Buffer[] = [];
  ports.rtp.on('message', (message) => rtpIn.push(message));
  ports.rtcp.on('message', (message) => rtcpIn.push(message));
  let connection: FakeConnection | undefined;
  const server = await startFakeRtspServer({
    onRequest: (request, on) => {
      const transport = request.headers.get('transport');
      if (request.method !== 'SETUP') return undefined;
      if (!transport?.includes('client_port')) return options.udpOnly ? { status: 461 } : undefined;
      connection = on;
      on.clientPorts.push(Number(/client_port=(\d+)/.exec(transport)?.[1]));
      return {
        headers: { Transport: `${transport};server_port=${ports.port}-${ports.port + 1}`, Session: '1' },
      };
    },
    onPlay: (on) => options.onPlay?.(camera, on),
  });
  undo(() => ports.rtp.close());
  undo(() => ports.rtcp.close());
  undo(() => server.close());
  const camera: UdpCamera = {
    server,
    rtpIn,
    rtcpIn,
    send: (packet) => ports.rtp.send(packet, camera.clientPort(), '127.0.0.1'),
    clientPort: () => connection?.clientPorts[0] ?? 0,
  };
  return camera;
}
