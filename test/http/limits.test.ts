import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineRoute } from '../../server/http/index.ts';
import { type EdgeApp, startEdgeApp } from '../support/edge-app.ts';
import { waitFor } from '../support/wait.ts';

const LIMIT = 3;
// Well over what a busy machine may hold the slow one up for.
const STALL_TIMEOUT_MS = 1_000;
/** More than the kernel's buffers take. */
const BIG_BYTES = 64 * 1024 * 1024;

let edge: EdgeApp;
let port: number;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  edge = await startEdgeApp({
    maxConnections: LIMIT,
    stallTimeoutMs: STALL_TIMEOUT_MS,
    routes: [
      defineRoute({
        method: 'GET',
        url: '/big',
        access: 'public',
        tag: 'test',
        summary: 'Much.',
        answers: [],
        handle: ({ reply }) => reply.send(Buffer.alloc(BIG_BYTES)),
      }),
    ],
  });
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

/** Asks for much, and reads nothing of it yet. */
function ask(): Socket {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET /big HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n');
  return socket;
}

it('a download that is under way holds up a stop for a moment only', async () => {
  const socket = ask();
  await once(socket, 'readable');
  let isClosed = false;
  const closed = edge.app.close().then(() => {
    isClosed = true;
  });
  // Some of it at a time, so that it is no stalled one.
  const timer = setInterval(() => socket.read(100_000), 20);
  try {
    await waitFor('the stop', () => {
      edge.clock.advance(500);
      return isClosed;
    });
  } finally {
    clearInterval(timer);
  }
  await closed;
  expect(socket.bytesRead).toBeLessThan(BIG_BYTES);
});

it('who takes nothing of an answer is cut off, who takes it slowly is not', async () => {
  const slow = ask();
  let taken = 0;
  slow.on('data', (chunk) => {
    taken += chunk.length;
    slow.pause();
  });
  const greedy = ask();
  // Some of it at a time, over several times what a stalled one is given.
  const timer = setInterval(() => slow.resume(), 5);
  try {
    await waitFor('the end of the one that reads nothing', async () => (await connections()) === 1);
    await waitFor('the end of the slow one', () => taken > BIG_BYTES, 60_000);
  } finally {
    clearInterval(timer);
  }
  expect(greedy.bytesRead).toBeLessThan(BIG_BYTES);
}, 90_000);

function connections(): Promise<number> {
  return new Promise((resolve) => edge.app.server.getConnections((_failure, count) => resolve(count)));
}
