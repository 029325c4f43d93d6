import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiError } from '../../shared/errors.ts';
import { dtlsParametersSchema, rtpCapabilitiesSchema } from '../../shared/signaling.ts';
import { ClipCamera, PCMU } from '../support/clip-camera.ts';
import { encodeClip } from '../support/h264-clip.ts';
import { openHouse, TestSession, untilLive, type WebRtcHouse } from '../support/webrtc-house.ts';
import { VIEWER_CAPABILITIES } from '../support/werift-viewer.ts';

let house: WebRtcHouse;
let pid: number | undefined;

beforeAll(async () => {
  house = await openHouse({ cam: new ClipCamera(await encodeClip(), PCMU) });
  await untilLive(house.hub, 'live/cam');
  pid = (await house.webrtc.stats()).workers[0]?.pid;
});
afterAll(() => house?.close());

const payloadType = fc.integer({ min: 0, max: 127 });
const parameter = fc.oneof(fc.string({ maxLength: 40 }), fc.integer(), fc.boolean(), fc.constant(null));
const codec = fc.record(
  {
    kind: fc.constantFrom('audio' as const, 'video' as const),
    mimeType: fc.constantFrom(
      'video/H264',
      'video/rtx',
      'audio/PCMU',
      'audio/opus',
      'video/VP8',
      'x/',
      'video',
    ),
    preferredPayloadType: payloadType,
    clockRate: fc.constantFrom(90_000, 48_000, 8000, 1),
    channels: fc.integer({ min: 1, max: 8 }),
    parameters: fc.dictionary(
      fc.constantFrom(
        'apt',
        'profile-level-id',
        'packetization-mode',
        'level-asymmetry-allowed',
        '__proto__',
        'x',
      ),
      parameter,
    ),
    rtcpFeedback: fc.array(
      fc.record({ type: fc.constantFrom('nack', 'ccm', 'transport-cc', ''), parameter: fc.string() }),
      { maxLength: 32 },
    ),
  },
  { requiredKeys: ['kind', 'mimeType', 'clockRate'] },
);
const extension = fc.record({
  kind: fc.constantFrom('audio' as const, 'video' as const),
  uri: fc.constantFrom(
    'urn:ietf:params:rtp-hdrext:sdes:mid',
    'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    'urn:ietf:params:rtp-hdrext:toffset',
    'nonsense',
  ),
  preferredId: fc.integer({ min: 1, max: 255 }),
});
const capabilities = fc.record({
  codecs: fc.array(codec, { maxLength: 64 }),
  headerExtensions: fc.array(extension, { maxLength: 64 }),
});
const fingerprint = fc.record({
  algorithm: fc.constantFrom('sha-1' as const, 'sha-256' as const, 'sha-512' as const),
  value: fc.integer({ min: 20, max: 64 }).map((bytes) => Array(bytes).fill('0A').join(':')),
});

test('whatever capabilities and fingerprints pass the schema, the answer is one or an error, and the worker lives', async () => {
  await fc.assert(
    fc.asyncProperty(
      capabilities,
      fc.array(fingerprint, { minLength: 1, maxLength: 8 }),
      async (rtpCapabilities, fingerprints) => {
        const { session } = new TestSession(house.webrtc);
        try {
          const watch = await session.startWatch({
            stream: 'live/cam',
            rtpCapabilities: rtpCapabilitiesSchema.parse(rtpCapabilities),
          });
          await session.connectTransport({
            transportId: watch.transport?.id ?? '',
            dtlsParameters: dtlsParametersSchema.parse({ role: 'auto', fingerprints }),
          });
          await session.resumeWatch({ watchId: watch.watchId });
        } catch (failure) {
          if (!(failure instanceof ApiError)) throw failure;
          expect(['NO_COMMON_CODEC', 'BAD_REQUEST']).toContain(failure.code);
        } finally {
          session.close();
        }
      },
    ),
    { numRuns: 150 },
  );
  const { session } = new TestSession(house.webrtc);
  const watch = await session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  expect(watch.consumers).toHaveLength(2);
  expect((await house.webrtc.stats()).workers[0]?.pid).toBe(pid);
});
