import { createSocket } from 'node:dgram';
import { serveParent } from '../support/child.ts';

const BUFFER_BYTES = 4 * 1024 * 1024;

/** The least that anything between a camera and a viewer can do: take a packet and send it on as it is. */
serveParent({
  async start({ toPort }: { readonly toPort: number }): Promise<{ port: number }> {
    const out = createSocket({ type: 'udp4', sendBufferSize: BUFFER_BYTES });
    await new Promise<void>((resolve) => out.connect(toPort, '127.0.0.1', resolve));
    const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
    socket.on('message', (packet) => out.send(packet));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return { port: socket.address().port };
  },
});
