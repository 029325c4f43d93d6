import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { BLOCKED_PORTS } from '../../server/base/blocked-ports.ts';

/**
 * Below the ports that Linux gives to whoever connects (32768 on), that Sluice takes RTP at (20000 on) and that mediasoup
 * takes for itself (10000 on): what was free a moment ago is then hardly taken by another test meanwhile.
 */
const LOWEST = 4_000;
const HIGHEST = 9_900;
const TRIES = 200;
/** The first of `count` ports in a row of 127.0.0.1 that were free a moment ago, for TCP and UDP, none of them blocked. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (ports.some((port) => BLOCKED_PORTS.has(port))) continue;
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row were found between ${LOWEST} and ${HIGHEST}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const socket = createSocket('udp4');
  try {
    server.listen(port, '127.0.0.1');
    socket.bind(port, '127.0.0.1');
    await Promise.all([once(server, 'listening'), once(socket, 'listening')]);
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) await once(server.close(), 'close');
    socket.close();
  }
}
