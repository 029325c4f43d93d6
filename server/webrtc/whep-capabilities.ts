import type { types } from 'mediasoup';
import type { AudioChoice, VideoChoice } from './payload-choice.ts';
import { H264_PARAMETERS, isKnownExtension } from './rtp-parameters.ts';
import type { SdpMedia, SdpPayload } from './sdp-offer.ts';

const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';
/** A worker has no room for a longer one in its packets. */
const MAX_MID_BYTES = 8;

/**
 * What a player offered, in mediasoup's terms: the chosen payload types called what the router calls them, and
 * the extensions under the player's ids, of which mediasoup takes only those that agree with its own.
 */
export function whepCapabilities(choice: VideoChoice | AudioChoice): types.RtpCapabilities {
  return choice.kind === 'video' ? videoCapabilities(choice) : audioCapabilities(choice);
}

function videoCapabilities({ media, payload, rtx }: VideoChoice): types.RtpCapabilities {
  const codecs: types.RtpCodecCapability[] = [
    {
      kind: 'video',
      mimeType: 'video/H264',
      preferredPayloadType: payload.payloadType,
      clockRate: 90_000,
      parameters: { ...H264_PARAMETERS },
      rtcpFeedback: feedbackOf(payload),
    },
  ];
  if (rtx !== undefined) {
    codecs.push({
      kind: 'video',
      mimeType: 'video/rtx',
      preferredPayloadType: rtx.payloadType,
      clockRate: 90_000,
      parameters: { apt: payload.payloadType },
      rtcpFeedback: [],
    });
  }
  return { codecs, headerExtensions: extensionsOf(media, 'video') };
}

function audioCapabilities({ media, payload }: AudioChoice): types.RtpCapabilities {
  return {
    codecs: [
      {
        kind: 'audio',
        mimeType: `audio/${payload.codec}`,
        preferredPayloadType: payload.payloadType,
        clockRate: payload.clockRate,
        channels: payload.channels,
        parameters: {},
        rtcpFeedback: feedbackOf(payload),
      },
    ],
    headerExtensions: extensionsOf(media, 'audio'),
  };
}

function feedbackOf(payload: SdpPayload): types.RtcpFeedback[] {
  return payload.feedback.map((text) => {
    const [type = '', parameter = ''] = text.split(/ +/);
    return { type, parameter };
  });
}

function extensionsOf(media: SdpMedia, kind: types.MediaKind): types.RtpHeaderExtension[] {
  return media.extensions.flatMap(({ id, uri }) => {
    if (!isKnownExtension(uri)) return [];
    if (uri === MID_URI && Buffer.byteLength(media.mid) > MAX_MID_BYTES) return [];
    return [{ kind, uri, preferredId: id }];
  });
}
