import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlabReader } from '../../../server/rtsp/client/slab-reader.ts';
import { waitFor } from '../../support/wait.ts';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly reader: SlabReader;
  close(): void;
}

async function pair(): Promise<Pair> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const reader = new SlabReader();
  const near = connect({ host: '127.0.0.1', port: address.port, onread: reader.onread });
  const [far] = (await once(server, 'connection')) as [Socket];
  return {
    near,
    far,
    reader,
    close: () => {
      near.destroy();
      far.destroy();
      server.close();
    },
  };
}

test('what is sent is what is read, however it is cut, and nothing that was read changes later (property)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      async (writes) => {
        const { near, far, reader, close } = await pair();
        try {
          const chunks: Buffer[] = [];
          const copies: Buffer[] = [];
          let sizeBytes = 0;
          reader.start(near, (chunk) => {
            chunks.push(chunk);
            copies.push(Buffer.from(chunk));
            sizeBytes += chunk.length;
          });
          const sent = writes.map(([size, seed]) => Buffer.alloc(size).map((_byte, at) => (at + seed) % 251));
          for (const bytes of sent) far.write(bytes);
          const whole = Buffer.concat(sent.map((bytes) => Buffer.from(bytes)));
          await waitFor('all that was sent', () => sizeBytes === whole.length);
          expect(Buffer.concat(chunks).equals(whole)).toBe(true);
          expect(chunks.every((chunk, at) => copies[at]?.equals(chunk) === true)).toBe(true);
        } finally {
          close();
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('what comes before anybody takes it is kept, and the rest waits in the network', async () => {
  const { near, far, reader, close } = await pair();
  try {
    far.write('early');
    await waitFor('the early bytes', () => near.bytesRead === 5);
    far.write(Buffer.alloc(300_000, 'x'));
    far.end();
    let text = '';
    reader.start(near, (chunk) => {
      text += chunk.toString('latin1');
    });
    await once(near, 'end');
    expect(text.length).toBe(300_005);
    expect(text.startsWith('earlyxxx')).toBe(true);
  } finally {
    close();
  }
});

test('a paused socket is read no further until it is resumed, from within the chunk too', async () => {
  const { near, far, reader, close } = await pair();
  try {
    let chunks = 0;
    let sizeBytes = 0;
    reader.start(near, (chunk) => {
      chunks += 1;
      sizeBytes += chunk.length;
      near.pause();
    });
    far.write(Buffer.alloc(500_000));
    await waitFor('a chunk', () => chunks === 1);
    const first = sizeBytes;
    far.write(Buffer.alloc(10));
    await new Promise((resolve) => setImmediate(resolve));
    expect({ chunks, sizeBytes }).toEqual({ chunks: 1, sizeBytes: first });
    while (sizeBytes < 500_010) {
      const before = chunks;
      near.resume();
      await waitFor('the next chunk', () => chunks > before);
    }
    expect(sizeBytes).toBe(500_010);
  } finally {
    close();
  }
});

test('many reads share a slab', async () => {
  const { near, far, reader, close } = await pair();
  try {
    const chunks: Buffer[] = [];
    reader.start(near, (chunk) => chunks.push(chunk));
    for (let sent = 0; sent < 30; sent += 1) {
      far.write(Buffer.alloc(1_400));
      await waitFor(
        'what was sent',
        () => chunks.reduce((sum, { length }) => sum + length, 0) === (sent + 1) * 1_400,
      );
    }
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(1);
  } finally {
    close();
  }
});
