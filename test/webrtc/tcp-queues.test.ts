import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type TcpEnds, unsentBytes } from '../../server/webrtc/tcp-queues.ts';
import { waitFor } from '../support/wait.ts';

const unsent = (ends: TcpEnds) => unsentBytes(ends, performance.now());
const CHUNK = Buffer.alloc(1024 * 1024);

/** A connection over which nothing is read, on this address. */
async function stuckPair(host: string) {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const near = connect(address.port, host === '::' ? '127.0.0.1' : host);
  const [far] = (await once(server, 'connection')) as [Socket];
  return {
    far,
    near,
    close: () => {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
}

for (const [host, seenAs] of [
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  // A socket for both kinds sees IPv4 as IPv6; a media worker tells it either way.
  ['::', '::ffff:127.0.0.1'],
  ['::', '127.0.0.1'],
] as const) {
  test.runIf(process.platform === 'linux')(
    `what waits to be sent to ${seenAs} is told, at ${host}`,
    async () => {
      const pair = await stuckPair(host);
      try {
        const { localPort = 0, remotePort = 0 } = pair.far;
        const ends = { localPort, remoteIp: seenAs, remotePort };
        await waitFor('the connection to be seen', async () => (await unsent(ends)) === 0);
        pair.near.pause();
        for (let count = 0; count < 16; count += 1) pair.far.write(CHUNK);
        await waitFor('bytes to wait', async () => ((await unsent(ends)) ?? 0) > 100_000);
        pair.near.resume();
        await waitFor('all to be sent', async () => (await unsent(ends)) === 0);
        expect(await unsent({ ...ends, remotePort: 1 })).toBeUndefined();
      } finally {
        pair.close();
      }
    },
  );
}

test('what is no address is not known', async () => {
  expect(await unsent({ localPort: 1, remoteIp: 'nonsense', remotePort: 2 })).toBeUndefined();
});
