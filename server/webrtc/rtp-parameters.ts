import type { types } from 'mediasoup';
import type { WireRtpCapabilities } from '../../shared/signaling.ts';
import {
  type AudioCodec,
  type AudioFormat,
  browserWay,
  type H264Format,
  type TrackFormat,
} from '../stream/index.ts';

export const PLAYOUT_DELAY_URI = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay';
/** The worker sends this extension under this id whatever a producer uses, so the same is used on the way in. */
const PLAYOUT_DELAY_ID = 11;

/**
 * An RFC 8285 one-byte header extension block with playout-delay min 0, max 0: browsers then show every frame
 * as soon as it is decoded instead of smoothing the picture through a jitter buffer.
 */
export const PLAYOUT_DELAY_BLOCK: Buffer = Buffer.from([
  0xbe,
  0xde,
  0x00,
  0x01,
  (PLAYOUT_DELAY_ID << 4) | 2,
  0x00,
  0x00,
  0x00,
]);

/** Audio codecs that browsers take as they are. AAC needs a transcoding leg first. */
export type WebRtcAudioCodec = Exclude<AudioCodec, 'aac'>;

/** The payload types that a router sends with. Undefined: the codec or RTX is not wanted. */
export interface PayloadTypes {
  readonly h264: number;
  readonly h264Rtx: number | undefined;
  readonly opus: number;
}

export const DEFAULT_PAYLOAD_TYPES: PayloadTypes = { h264: 102, h264Rtx: 103, opus: 111 };

const STATIC_PAYLOAD_TYPES = { pcmu: 0, pcma: 8, g722: 9 } as const;

/** What every stream is offered as. Browsers list no High profile, yet decode it when it is called this. */
export const H264_PARAMETERS = {
  'packetization-mode': 1,
  'level-asymmetry-allowed': 1,
  'profile-level-id': '42e01f',
} as const;

/** mediasoup hands out dynamic payload types for RTX in this order. */
const DYNAMIC_PAYLOAD_TYPES: readonly number[] = [
  ...Array.from({ length: 28 }, (_, index) => 100 + index),
  96,
  97,
  98,
  99,
];

/**
 * The codecs of a router that sends with the given payload types. mediasoup takes a wanted payload type for
 * every codec but RTX, for which it takes its next free one; so that this is the wanted one too, placeholders
 * that nobody produces occupy those before it.
 */
export function routerCodecs(payloadTypes: PayloadTypes): types.RouterRtpCodecCapability[] {
  const codecs: types.RouterRtpCodecCapability[] = [
    {
      kind: 'audio',
      mimeType: 'audio/opus',
      clockRate: 48_000,
      channels: 2,
      preferredPayloadType: payloadTypes.opus,
    },
    { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8000, preferredPayloadType: 0 },
    { kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000, preferredPayloadType: 8 },
    { kind: 'audio', mimeType: 'audio/G722', clockRate: 8000, preferredPayloadType: 9 },
  ];
  const { h264, h264Rtx, opus } = payloadTypes;
  if (h264Rtx !== undefined) {
    for (const payloadType of DYNAMIC_PAYLOAD_TYPES) {
      if (payloadType === h264Rtx) break;
      if (payloadType === h264 || payloadType === opus) continue;
      codecs.push({
        kind: 'audio',
        mimeType: 'audio/iLBC',
        clockRate: 8000,
        preferredPayloadType: payloadType,
      });
    }
  }
  codecs.push({
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90_000,
    preferredPayloadType: h264,
    parameters: { ...H264_PARAMETERS },
  });
  return codecs;
}

/** RTX can only be had at a payload type that mediasoup hands out. */
export function canBeRtxPayloadType(payloadType: number): boolean {
  return DYNAMIC_PAYLOAD_TYPES.includes(payloadType);
}

/** The RTP capabilities of a router without its placeholders: what viewers are told. */
export function presentedCapabilities(capabilities: types.RtpCapabilities): types.RtpCapabilities {
  return {
    ...capabilities,
    codecs: (capabilities.codecs ?? []).filter((codec) => codec.mimeType !== 'audio/iLBC'),
  };
}

const MIME_TYPES: Record<WebRtcAudioCodec, string> = {
  opus: 'audio/opus',
  pcmu: 'audio/PCMU',
  pcma: 'audio/PCMA',
  g722: 'audio/G722',
};

/** What browsers can take over WebRTC. */
export type PlayableFormat = H264Format | AudioFormat;

/** Whether a track can go to a browser without transcoding. */
export function isPlayable(format: TrackFormat): format is PlayableFormat {
  return format.kind === 'video' ? format.codec === 'h264' : isWebRtcAudio(format);
}

export function isWebRtcAudio(format: AudioFormat): format is AudioFormat & { codec: WebRtcAudioCodec } {
  return browserWay(format) === 'as-is';
}

/** A name that changes when a track needs a new producer; the parameter sets of H.264 do not count. */
export function producerKey(format: TrackFormat): string {
  return format.kind === 'video' ? 'h264' : `${format.codec}/${format.clockRate}`;
}

export function payloadTypeOf(format: TrackFormat): number {
  if (format.kind === 'video') return DEFAULT_PAYLOAD_TYPES.h264;
  if (format.codec === 'opus' || format.codec === 'aac') return DEFAULT_PAYLOAD_TYPES.opus;
  return STATIC_PAYLOAD_TYPES[format.codec];
}

/** How a track's RTP enters mediasoup. No NACK: the way from here is loopback and nothing is kept to resend. */
export function producerParameters(format: TrackFormat, ssrc: number, cname: string): types.RtpParameters {
  const payloadType = payloadTypeOf(format);
  const encodings = [{ ssrc }];
  const rtcp = { cname };
  if (format.kind === 'video') {
    return {
      codecs: [
        {
          mimeType: 'video/H264',
          payloadType,
          clockRate: 90_000,
          parameters: { ...H264_PARAMETERS },
          rtcpFeedback: [
            { type: 'nack', parameter: 'pli' },
            { type: 'ccm', parameter: 'fir' },
          ],
        },
      ],
      headerExtensions: [{ uri: PLAYOUT_DELAY_URI, id: PLAYOUT_DELAY_ID }],
      encodings,
      rtcp,
    };
  }
  const mimeType = isWebRtcAudio(format) ? MIME_TYPES[format.codec] : 'audio/unknown';
  const channels = format.codec === 'opus' ? 2 : 1;
  return {
    codecs: [
      {
        mimeType,
        payloadType,
        clockRate: format.clockRate,
        channels,
        parameters: format.codec === 'opus' ? { 'sprop-stereo': 1 } : {},
        rtcpFeedback: [],
      },
    ],
    headerExtensions: [],
    encodings,
    rtcp,
  };
}

const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set<types.RtpHeaderExtensionUri>([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:3gpp:video-orientation',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'urn:ietf:params:rtp-hdrext:toffset',
  PLAYOUT_DELAY_URI,
]);

export function isKnownExtension(uri: string): uri is types.RtpHeaderExtensionUri {
  return KNOWN_EXTENSIONS.has(uri);
}

/**
 * A viewer's capabilities as they came over the wire, for mediasoup: a copy that holds only what is known here.
 * Codecs other than ours are left out before they reach its matching.
 */
export function viewerCapabilities(wire: WireRtpCapabilities): types.RtpCapabilities {
  const wanted = new Set(['video/h264', 'video/rtx', 'audio/opus', 'audio/pcmu', 'audio/pcma', 'audio/g722']);
  return {
    codecs: (wire.codecs ?? []).flatMap((codec) => {
      if (!wanted.has(codec.mimeType.toLowerCase())) return [];
      return [
        {
          kind: codec.kind,
          mimeType: codec.mimeType,
          preferredPayloadType: codec.preferredPayloadType ?? 0,
          clockRate: codec.clockRate,
          ...(codec.channels === undefined ? {} : { channels: codec.channels }),
          parameters: codecParameters(codec.parameters ?? {}),
          rtcpFeedback: (codec.rtcpFeedback ?? []).map((feedback) => ({
            type: feedback.type,
            parameter: feedback.parameter ?? '',
          })),
        },
      ];
    }),
    headerExtensions: (wire.headerExtensions ?? []).flatMap((extension) => {
      const { uri } = extension;
      if (!isKnownExtension(uri)) return [];
      return [{ kind: extension.kind, uri, preferredId: extension.preferredId }];
    }),
  };
}

function codecParameters(parameters: Readonly<Record<string, unknown>>): Record<string, string | number> {
  const result: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(parameters)) {
    if (typeof value === 'string' || typeof value === 'number') result[key] = value;
  }
  return result;
}
