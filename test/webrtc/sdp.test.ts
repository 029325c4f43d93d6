import fc from 'fast-check';
import type { types } from 'mediasoup';
import { parse } from 'sdp-transform';
import { expect, test } from 'vitest';
import type { H264Format } from '../../server/stream/index.ts';
import { chooseAudio, chooseVideo, payloadTypesFor } from '../../server/webrtc/payload-choice.ts';
import { buildIceFragment, buildSdpAnswer } from '../../server/webrtc/sdp-answer.ts';
import { parseSdpFragment } from '../../server/webrtc/sdp-fragment.ts';
import { parseSdpOffer, type SdpOffer } from '../../server/webrtc/sdp-offer.ts';
import { OPUS, PCMU } from '../support/clip-camera.ts';

const FINGERPRINT = Array(32).fill('ab').join(':');

interface OfferShape {
  video?: readonly string[];
  audio?: readonly string[];
  session?: readonly string[];
  direction?: string;
  bundle?: boolean;
}

/** An offer as browsers make it, cut short. */
function offerText(shape: OfferShape = {}): string {
  const { direction = 'recvonly', bundle = true } = shape;
  const section = (kind: string, mid: string, attributes: readonly string[]) => {
    const formats = attributes.flatMap((line) => /^rtpmap:(\d+)/.exec(line)?.[1] ?? []);
    return [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${formats.length > 0 ? formats.join(' ') : '0 8'}`,
      ...[
        'c=IN IP4 0.0.0.0',
        'a=ice-ufrag:abcd',
        'a=ice-pwd:abcdefghijklmnopqrstuvwx',
        'a=ice-options:trickle',
      ],
      ...[
        `a=fingerprint:sha-256 ${FINGERPRINT}`,
        'a=setup:actpass',
        `a=mid:${mid}`,
        `a=${direction}`,
        'a=rtcp-mux',
      ],
      ...attributes.map((line) => `a=${line}`),
    ];
  };
  return [
    ...['v=0', 'o=- 42 2 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    ...(bundle ? ['a=group:BUNDLE 0 1'] : []),
    ...(shape.session ?? []),
    ...section('video', '0', shape.video ?? H264_OF_CHROMIUM),
    ...section('audio', '1', shape.audio ?? ['rtpmap:111 opus/48000/2', 'rtpmap:0 PCMU/8000']),
    '',
  ].join('\r\n');
}

const h264 = (payloadType: number, profile: string, mode = 1) => [
  `rtpmap:${payloadType} H264/90000`,
  `fmtp:${payloadType} level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`,
];
const H264_OF_CHROMIUM = [
  ...['rtpmap:96 VP8/90000', 'rtcp-fb:96 nack pli'],
  ...[
    ...h264(102, '42001f'),
    'rtpmap:103 rtx/90000',
    'fmtp:103 apt=102',
    'rtcp-fb:102 nack',
    'rtcp-fb:* nack pli',
  ],
  ...h264(104, '42001f', 0),
  ...[...h264(108, '42e01f'), 'rtpmap:109 rtx/90000', 'fmtp:109 apt=108'],
  ...[...h264(116, '4d001f'), 'rtpmap:117 rtx/90000', 'fmtp:117 apt=116'],
  ...[
    'extmap:11/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    'extmap:4 urn:example:other',
  ],
];

function parsed(text: string): SdpOffer {
  const result = parseSdpOffer(text);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const format = (profileLevelId: string): H264Format => ({
  kind: 'video',
  codec: 'h264',
  clockRate: 90_000,
  sps: [],
  pps: [],
  profileLevelId,
  width: 1,
  height: 1,
});

test('an offer is taken apart into what an answer needs', () => {
  const offer = parsed(offerText());
  expect(offer).toMatchObject({
    iceUfrag: 'abcd',
    icePwd: 'abcdefghijklmnopqrstuvwx',
    setup: 'actpass',
    bundle: ['0', '1'],
    fingerprints: [{ algorithm: 'sha-256', value: FINGERPRINT.toUpperCase() }],
  });
  const [video] = offer.media;
  expect(video).toMatchObject({ kind: 'video', mid: '0', direction: 'recvonly', hasRtcpMux: true });
  const first = video?.payloads.find(({ payloadType }) => payloadType === 102);
  expect(first?.parameters.get('profile-level-id')).toBe('42001f');
  expect(first?.feedback).toEqual(['nack', 'nack pli']);
  expect(video?.extensions.map(({ id }) => id)).toEqual([11, 4]);
});

test('transport parameters may stand in the session part, lines may end in LF, static payload types need no rtpmap', () => {
  const text = [
    ...[
      'v=0',
      'o=- 1 1 IN IP4 0.0.0.0',
      's=-',
      't=0 0',
      'a=ice-ufrag:wxyz',
      'a=ice-pwd:abcdefghijklmnopqrstuvwx',
    ],
    ...[`a=fingerprint:SHA-256 ${FINGERPRINT}`, 'a=recvonly', 'm=audio 9 UDP/TLS/RTP/SAVPF 0 8', 'a=mid:x'],
  ].join('\n');
  const offer = parsed(text);
  expect(offer.iceUfrag).toBe('wxyz');
  expect(offer.media[0]?.direction).toBe('recvonly');
  expect(offer.media[0]?.payloads.map(({ codec }) => codec)).toEqual(['PCMU', 'PCMA']);
  expect(chooseAudio(offer, PCMU)?.payload.payloadType).toBe(0);
});

test.each([
  ['is empty', ''],
  ['is no SDP', '<html>'],
  ['has no media', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n'],
  ['has no fingerprint', offerText().replace(/a=fingerprint.*\r\n/g, '')],
  ['has a fingerprint that is none', offerText().replaceAll(FINGERPRINT, 'AB:CD')],
  ['has a fingerprint of an unknown kind', offerText().replaceAll('sha-256', 'md5')],
  ['has no ICE password', offerText().replace(/a=ice-pwd.*\r\n/g, '')],
  ['has a short ICE password', offerText().replaceAll('abcdefghijklmnopqrstuvwx', 'short')],
  ['has a strange setup', offerText().replaceAll('a=setup:actpass', 'a=setup:holdconn')],
  ['has a port out of range', offerText().replace('m=video 9', 'm=video 99999')],
  ['has a media line without formats', offerText().replace(/m=audio.*/, 'm=audio 9 UDP/TLS/RTP/SAVPF')],
  ['has one mid twice', offerText().replace('a=mid:1', 'a=mid:0')],
  ['has a line break within a mid', offerText().replace('a=mid:1', 'a=mid:1 x')],
  ['is too long', offerText() + 'a=x\r\n'.repeat(20_000)],
  ['has too many sections', offerText() + 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(40)],
])('an offer that %s is refused with a sentence', (_name, text) => {
  const result = parseSdpOffer(text);
  expect(result.ok).toBe(false);
  if (!result.ok) expect(result.error).toMatch(/^(The|A|An|Two) .*\.$/);
});

test('no text makes the parsers throw', () => {
  const lines = offerText().split('\r\n');
  const mutated = fc
    .array(
      fc.tuple(
        fc.nat(lines.length - 1),
        fc.oneof(fc.string(), fc.constantFrom('', 'm=', 'a=', 'm=video 9 X 1', 'v=0')),
      ),
      { maxLength: 8 },
    )
    .map((changes) => {
      const copy = [...lines];
      for (const [index, text] of changes) copy[index] = text;
      return copy.join('\r\n');
    });
  fc.assert(
    fc.property(fc.oneof(fc.string(), mutated), (text) => {
      const offer = parseSdpOffer(text);
      expect(typeof offer.ok).toBe('boolean');
      expect(typeof parseSdpFragment(text).ok).toBe('boolean');
      if (!offer.ok) return;
      chooseVideo(offer.value, format('640028'));
      chooseAudio(offer.value, OPUS);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['640028', 108],
  ['42c01e', 108],
  ['42001f', 102],
  ['4d4028', 116],
])('a stream of profile %s is sent as the payload type that says most of it', (profile, payloadType) => {
  const choice = chooseVideo(parsed(offerText()), format(profile));
  expect(choice?.payload.payloadType).toBe(payloadType);
  expect(choice?.rtx?.payloadType).toBe(payloadType + 1);
});

test('packetization mode 0 will not do; one that is left out will, where there is no better', () => {
  const only = (video: readonly string[]) => chooseVideo(parsed(offerText({ video })), format('640028'));
  expect(only(h264(104, '42e01f', 0))).toBeUndefined();
  expect(only(['rtpmap:96 H264/90000'])?.payload.payloadType).toBe(96);
  expect(only(['rtpmap:96 H264/90000', ...h264(98, '42001f')])?.payload.payloadType).toBe(98);
  expect(only(['rtpmap:96 VP8/90000'])).toBeUndefined();
});

test('only sections that receive, and share the bundled transport, are served', () => {
  const choose = (shape: OfferShape) => chooseVideo(parsed(offerText(shape)), format('640028'));
  expect(choose({ direction: 'sendrecv' })).toBeDefined();
  expect(choose({ direction: 'sendonly' })).toBeUndefined();
  expect(choose({ direction: 'inactive' })).toBeUndefined();
  // Without BUNDLE the first section has the only transport there is.
  const apart = parsed(offerText({ bundle: false }));
  expect(chooseVideo(apart, format('640028'))).toBeDefined();
  expect(chooseAudio(apart, OPUS)).toBeUndefined();
  const refused = parsed(offerText().replace('m=video 9', 'm=video 0'));
  expect(chooseVideo(refused, format('640028'))).toBeUndefined();
});

test('payload types that nobody offered do not collide with those that were', () => {
  fc.assert(
    fc.property(fc.integer({ min: 96, max: 127 }), fc.integer({ min: 96, max: 127 }), (video, audio) => {
      fc.pre(video !== audio);
      const offer = parsed(
        offerText({ video: h264(video, '42e01f'), audio: [`rtpmap:${audio} opus/48000/2`] }),
      );
      const choice = chooseVideo(offer, format('640028'));
      const both = payloadTypesFor(choice, chooseAudio(offer, OPUS));
      expect(both).toMatchObject({ h264: video, opus: audio });
      const one = payloadTypesFor(choice, undefined);
      expect(one.opus).not.toBe(one.h264);
    }),
  );
});

const ICE_PARAMETERS: types.IceParameters = {
  usernameFragment: 'serverufrag',
  password: 'serverpasswordserverpassword',
  iceLite: true,
};
const CANDIDATE = { foundation: 'x', priority: 1, ip: '10.0.0.5', address: '10.0.0.5', port: 8189 } as const;
const ICE_CANDIDATES: types.IceCandidate[] = [
  { ...CANDIDATE, protocol: 'udp', type: 'host' },
  { ...CANDIDATE, protocol: 'tcp', type: 'host', tcpType: 'passive' },
];

test('an answer keeps the order of the offer, sends what it can and refuses the rest', () => {
  const offer = parsed(offerText());
  const text = buildSdpAnswer({
    offer,
    tracks: [
      {
        mid: '0',
        profileLevelId: '42001f',
        rtpParameters: {
          codecs: [
            {
              mimeType: 'video/H264',
              payloadType: 102,
              clockRate: 90_000,
              parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f' },
              rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
            },
            { mimeType: 'video/rtx', payloadType: 103, clockRate: 90_000, parameters: { apt: 102 } },
          ],
          headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:toffset', id: 9 }],
          encodings: [{ ssrc: 1111, rtx: { ssrc: 2222 } }],
          rtcp: { cname: 'feed' },
        },
      },
    ],
    iceParameters: ICE_PARAMETERS,
    iceCandidates: ICE_CANDIDATES,
    dtlsParameters: {
      fingerprints: [
        { algorithm: 'sha-1', value: 'AA' },
        { algorithm: 'sha-256', value: FINGERPRINT },
      ],
    },
    setup: 'passive',
    sessionVersion: 1,
    streamLabel: 'live-cam',
  });
  const answer = parse(text);
  expect(answer.icelite).toBe('ice-lite');
  expect(answer.groups).toEqual([{ type: 'BUNDLE', mids: 0 }]);
  expect(answer.media.map(({ type, port, direction }) => [type, port, direction])).toEqual([
    ['video', 9, 'sendonly'],
    ['audio', 0, 'inactive'],
  ]);
  const [video] = answer.media;
  expect(video?.payloads).toBe('102 103');
  expect(video?.fmtp).toEqual([
    { payload: 102, config: 'packetization-mode=1;profile-level-id=42001f' },
    { payload: 103, config: 'apt=102' },
  ]);
  expect(video?.setup).toBe('passive');
  expect(video?.fingerprint).toEqual({ type: 'sha-256', hash: FINGERPRINT });
  expect(video?.candidates?.map(({ transport, tcptype }) => [transport, tcptype])).toEqual([
    ['udp', undefined],
    ['tcp', 'passive'],
  ]);
  expect(video?.ext).toEqual([{ value: 9, uri: 'urn:ietf:params:rtp-hdrext:toffset' }]);
  expect(video?.ssrcGroups).toEqual([{ semantics: 'FID', ssrcs: '1111 2222' }]);
});

test('a fragment brings both ICE parameters or none', () => {
  const fragment = buildIceFragment({
    mid: '0',
    kind: 'video',
    iceParameters: ICE_PARAMETERS,
    iceCandidates: ICE_CANDIDATES,
  });
  expect(parseSdpFragment(fragment)).toEqual({
    ok: true,
    value: { iceUfrag: 'serverufrag', icePwd: 'serverpasswordserverpassword' },
  });
  expect(parseSdpFragment('m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=end-of-candidates\r\n')).toEqual({
    ok: true,
    value: { iceUfrag: undefined, icePwd: undefined },
  });
  for (const bad of [
    'a=ice-ufrag:abcd',
    'a=ice-ufrag:ab\r\na=ice-pwd:abcdefghijklmnopqrstuvwx',
    'nonsense',
  ]) {
    expect(parseSdpFragment(bad).ok).toBe(false);
  }
});
