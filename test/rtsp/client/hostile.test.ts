import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resolveAnyAddress } from '../../../server/base/address-policy.ts';
import { systemClock } from '../../../server/base/clock.ts';
import { GatewayRtspConnection } from '../../../server/rtsp/client/connection.ts';
import { RtspError } from '../../../server/rtsp/client/errors.ts';
import { startFakeRtspServer } from '../../support/fake-rtsp-server.ts';

const folder = new URL('../../fixtures/rtsp/', import.meta.url);
const replies = readdirSync(folder)
  .filter((name) => /_(describe|setup|play|options)/.test(name))
  .map((name) => readFileSync(new URL(name, folder)));

/** Real replies with bytes changed, cut out and repeated, or no reply at all but noise. */
const reply = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...replies),
        fc.array(fc.tuple(fc.nat(4_000), fc.nat(255), fc.nat(2)), { maxLength: 8 }),
      )
      .map(([base, edits]) => edits.reduce(edit, base)),
  },
);

function edit(bytes: Buffer, [at, value, kind]: [number, number, number]): Buffer {
  const position = at % Math.max(bytes.length, 1);
  const before = bytes.subarray(0, position);
  if (kind === 0) return Buffer.concat([before, Buffer.from([value]), bytes.subarray(position + 1)]);
  if (kind === 1) return Buffer.concat([before, bytes.subarray(position + value)]);
  return Buffer.concat([before, bytes.subarray(position, position + value), bytes.subarray(position)]);
}

it('whatever a camera answers, the connection ends with an RtspError, soon, and nothing else happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 8 }), fc.boolean(), async (script, udp) => {
      let next = 0;
      const server = await startFakeRtspServer({
        onRequest: (request, connection) => {
          const cseq = request.headers.get('cseq') ?? '1';
          const text = (script[next++ % script.length] ?? Buffer.alloc(0)).toString('latin1');
          connection.write(Buffer.from(text.replace(/^CSeq: *\d+/im, `CSeq: ${cseq}`), 'latin1'));
          return 'silent';
        },
      });
      const connection = new GatewayRtspConnection({
        transport: udp ? 'udp' : 'tcp',
        username: 'admin',
        password: 'secret',
        clock: systemClock,
        resolveAddress: resolveAnyAddress,
        udpPorts: { min: 20_000, max: 29_999 },
        random: Math.random,
        connectTimeoutMs: 500,
        requestTimeoutMs: 50,
        listener: { onRtp() {}, onRtcp() {}, onUnassigned() {} },
      });
      try {
        await connection.connect(server.url());
        await connection.play();
        await connection.close();
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RtspError);
        expect(String(thrown)).not.toContain('secret');
      }
      expect(connection.state.name).toBe('closed');
      await server.close();
    }),
    { numRuns: 60 },
  );
});
