import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EdgeApp, startEdgeApp } from '../support/edge-app.ts';
import { waitFor } from '../support/wait.ts';

const LIMIT = 3;

let edge: EdgeApp;
let port: number;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  edge = await startEdgeApp({ maxConnections: LIMIT });
  await edge.app.listen({ host: '127.0.0.1', port: 0 });
  const address = edge.app.server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await edge.close();
});

async function hold(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nX-Slow: ');
  return socket;
}

it('connections beyond the limit are closed; there is room again when others go', async () => {
  const held = await Promise.all(Array.from({ length: LIMIT }, hold));
  const tooMany = (await hold()).resume();
  // Closed or reset, as the kernel likes.
  await waitFor('the end of the one too many', () => tooMany.closed);
  expect(held.every((socket) => !socket.destroyed)).toBe(true);
  for (const socket of held) socket.destroy();
  await waitFor('an answer', () =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      (response) => response.ok,
      () => false,
    ),
  );
});
