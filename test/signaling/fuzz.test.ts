import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { METHODS } from '../../shared/signaling.ts';
import { type Signaling, startSignaling, type Viewer } from './harness.ts';

let edge: Signaling;
beforeEach(async () => {
  edge = await startSignaling();
});
afterEach(() => edge.close());

const methods = fc.constantFrom(...Object.keys(METHODS), 'constructor', '__proto__', 'nonsense');
const almostARequest = fc.record(
  {
    id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
    method: methods,
    params: fc.jsonValue(),
    more: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const almostParams = fc.record({
  id: fc.integer(),
  method: methods,
  params: fc.record(
    {
      stream: fc.oneof(fc.constant('live/x'), fc.jsonValue()),
      rtpCapabilities: fc.oneof(fc.constant({}), fc.jsonValue()),
      watchId: fc.oneof(fc.string(), fc.jsonValue()),
      transportId: fc.oneof(fc.string(), fc.jsonValue()),
      dtlsParameters: fc.oneof(fc.record({ fingerprints: fc.jsonValue() }), fc.jsonValue()),
      iceServers: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
});
const message = fc.oneof(
  fc.string(),
  fc.json(),
  almostARequest.map((value) => JSON.stringify(value)),
  almostParams.map((value) => JSON.stringify(value)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);

/** Sends one message and waits until the server has said something to it, or has closed. */
function provoke({ socket }: Viewer, sent: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('message', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('message', done);
    socket.on('close', done);
    socket.send(sent);
  });
}

it('SG10, SG14: whatever is sent, exactly one answer comes back or the session ends; nothing breaks', async () => {
  let viewer = await edge.connect();
  await fc.assert(
    fc.asyncProperty(message, async (sent) => {
      if (viewer.closed !== undefined) viewer = await edge.connect();
      const before = viewer.received.length;
      await provoke(viewer, sent);
      if (viewer.closed === undefined) expect(viewer.received.length).toBe(before + 1);
      // Refusals are forgiven with time; here they are the point.
      edge.clock.advance(2000);
    }),
    { numRuns: 1000 },
  );
  const last = await edge.connect();
  expect((await last.ask('still there', 'streams.list')).result).toBeDefined();
  expect(edge.logText()).not.toContain('fault of ours');
});
