import fc from 'fast-check';
import { generateRouterRtpCapabilities } from 'mediasoup/ortc';
import { expect, test } from 'vitest';
import {
  canBeRtxPayloadType,
  isPlayable,
  PLAYOUT_DELAY_BLOCK,
  presentedCapabilities,
  routerCodecs,
  viewerCapabilities,
} from '../../server/webrtc/rtp-parameters.ts';
import { AAC, OPUS, PCMU } from '../support/clip-camera.ts';

test('a router gets exactly the payload types that were asked for, RTX among them', () => {
  const dynamic = fc.integer({ min: 96, max: 127 });
  fc.assert(
    fc.property(dynamic, fc.option(dynamic, { nil: undefined }), dynamic, (h264, h264Rtx, opus) => {
      fc.pre(new Set([h264, h264Rtx, opus]).size === 3);
      const capabilities = generateRouterRtpCapabilities(routerCodecs({ h264, h264Rtx, opus }));
      const { codecs = [] } = presentedCapabilities(capabilities);
      const typeOf = (name: string) =>
        codecs.find(({ mimeType }) => mimeType.toLowerCase() === name)?.preferredPayloadType;
      expect(typeOf('video/h264')).toBe(h264);
      expect(typeOf('audio/opus')).toBe(opus);
      if (h264Rtx !== undefined) expect(typeOf('video/rtx')).toBe(h264Rtx);
      expect([typeOf('audio/pcmu'), typeOf('audio/pcma'), typeOf('audio/g722')]).toEqual([0, 8, 9]);
      expect(codecs).toHaveLength(6);
    }),
  );
});

test('RTX is only possible where mediasoup can put it', () => {
  expect([95, 96, 127, 128, 41].map(canBeRtxPayloadType)).toEqual([false, true, true, false, false]);
});

test('the playout delay block is one RFC 8285 element of three zero bytes', () => {
  expect(PLAYOUT_DELAY_BLOCK.toString('hex')).toBe('bede0001b2000000');
  expect(PLAYOUT_DELAY_BLOCK.length % 4).toBe(0);
});

test('what browsers cannot play without transcoding is known', () => {
  expect(isPlayable(OPUS)).toBe(true);
  expect(isPlayable(PCMU)).toBe(true);
  expect(isPlayable(AAC)).toBe(false);
  expect(isPlayable({ ...PCMU, channels: 2 })).toBe(false);
});

test("a viewer's capabilities reach mediasoup without codecs, extensions and values unknown to it", () => {
  const capabilities = viewerCapabilities({
    codecs: [
      { kind: 'video', mimeType: 'video/VP9', clockRate: 90_000 },
      {
        kind: 'video',
        mimeType: 'video/H264',
        clockRate: 90_000,
        preferredPayloadType: 102,
        parameters: { 'packetization-mode': 1, odd: null, odder: true },
      },
    ],
    headerExtensions: [
      { kind: 'video', uri: 'urn:example:unknown', preferredId: 3 },
      { kind: 'video', uri: 'urn:3gpp:video-orientation', preferredId: 4 },
    ],
  });
  expect(capabilities.codecs?.map(({ mimeType }) => mimeType)).toEqual(['video/H264']);
  expect(capabilities.codecs?.[0]?.parameters).toEqual({ 'packetization-mode': 1 });
  expect(capabilities.headerExtensions?.map(({ preferredId }) => preferredId)).toEqual([4]);
});
