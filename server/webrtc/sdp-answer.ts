import type { types } from 'mediasoup';
import type { SdpMedia, SdpOffer } from './sdp-offer.ts';

/** A track that an m-section of the offer gets. */
export interface AnsweredTrack {
  readonly mid: string;
  readonly rtpParameters: types.RtpParameters;
  /** fmtp values that differ from those of the consumer: the profile as it was offered. */
  readonly profileLevelId?: string;
}

export interface AnswerOptions {
  readonly offer: SdpOffer;
  readonly tracks: readonly AnsweredTrack[];
  readonly iceParameters: types.IceParameters;
  readonly iceCandidates: readonly types.IceCandidate[];
  readonly dtlsParameters: types.DtlsParameters;
  /** Ours: `passive` unless the offer insists on being it. */
  readonly setup: 'passive' | 'active';
  /** For the origin line; a number that grows with every answer of a session. */
  readonly sessionVersion: number;
  /** Of the MediaStream that the player will see. */
  readonly streamLabel: string;
}

/**
 * An answer in which each section of the offer has its place: `sendonly` where a track is sent, refused (port 0)
 * else. The payload types and extension ids are those of the consumers, for these are what is really sent.
 */
export function buildSdpAnswer(options: AnswerOptions): string {
  const { offer, tracks } = options;
  const mids = offer.media.filter(({ mid }) => trackOf(tracks, mid) !== undefined).map(({ mid }) => mid);
  const lines = [
    'v=0',
    `o=- 1 ${options.sessionVersion} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    ...(offer.bundle === undefined || mids.length === 0 ? [] : [`a=group:BUNDLE ${mids.join(' ')}`]),
    `a=msid-semantic: WMS ${options.streamLabel}`,
  ];
  for (const media of offer.media) {
    const track = trackOf(tracks, media.mid);
    if (track === undefined) lines.push(...refusedSection(media));
    else lines.push(...sentSection(media, track, options, media.mid === mids[0]));
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** ICE parameters anew, in the form of RFC 8840 section 9. */
export function buildIceFragment(options: {
  readonly mid: string;
  readonly kind: string;
  readonly iceParameters: types.IceParameters;
  readonly iceCandidates: readonly types.IceCandidate[];
}): string {
  const lines = [
    'a=ice-lite',
    `a=group:BUNDLE ${options.mid}`,
    `m=${options.kind} 9 UDP/TLS/RTP/SAVPF 0`,
    `a=mid:${options.mid}`,
    ...iceLines(options.iceParameters),
    ...candidateLines(options.iceCandidates),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function trackOf(tracks: readonly AnsweredTrack[], mid: string): AnsweredTrack | undefined {
  return tracks.find((track) => track.mid === mid);
}

function refusedSection(media: SdpMedia): string[] {
  return [
    `m=${media.kind} 0 ${media.protocol} ${media.formats.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${media.mid}`,
    'a=inactive',
  ];
}

function sentSection(
  media: SdpMedia,
  track: AnsweredTrack,
  options: AnswerOptions,
  isTagged: boolean,
): string[] {
  const { rtpParameters } = track;
  const payloadTypes = rtpParameters.codecs.map((codec) => codec.payloadType);
  return [
    `m=${media.kind} 9 ${media.protocol} ${payloadTypes.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=mid:${media.mid}`,
    'a=sendonly',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...iceLines(options.iceParameters),
    ...options.dtlsParameters.fingerprints
      .filter(({ algorithm }) => algorithm === 'sha-256')
      .map(({ algorithm, value }) => `a=fingerprint:${algorithm} ${value}`),
    `a=setup:${options.setup}`,
    ...rtpParameters.codecs.flatMap((codec) => codecLines(codec, track.profileLevelId)),
    ...(rtpParameters.headerExtensions ?? []).map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    `a=msid:${options.streamLabel} ${media.kind}`,
    ...ssrcLines(rtpParameters),
    // Those of the BUNDLE's first section hold for all of it (RFC 8843 section 10).
    ...(isTagged ? candidateLines(options.iceCandidates) : []),
  ];
}

function iceLines({ usernameFragment, password }: types.IceParameters): string[] {
  return [`a=ice-ufrag:${usernameFragment}`, `a=ice-pwd:${password}`];
}

function candidateLines(candidates: readonly types.IceCandidate[]): string[] {
  const lines = candidates.map((candidate) => {
    const { foundation, protocol, priority, address, port, type, tcpType } = candidate;
    const tcp = tcpType === undefined ? '' : ` tcptype ${tcpType}`;
    return `a=candidate:${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}${tcp}`;
  });
  return [...lines, 'a=end-of-candidates'];
}

function codecLines(codec: types.RtpCodecParameters, profileLevelId: string | undefined): string[] {
  const { payloadType, mimeType, clockRate, channels = 1 } = codec;
  const name = mimeType.split('/')[1] ?? mimeType;
  const parameters = { ...codec.parameters };
  if (name.toUpperCase() === 'H264' && profileLevelId !== undefined) {
    parameters['profile-level-id'] = profileLevelId;
  }
  const fmtp = Object.entries(parameters).map(([key, value]) => `${key}=${String(value)}`);
  return [
    `a=rtpmap:${payloadType} ${name}/${clockRate}${channels > 1 ? `/${channels}` : ''}`,
    ...(fmtp.length === 0 ? [] : [`a=fmtp:${payloadType} ${fmtp.join(';')}`]),
    ...(codec.rtcpFeedback ?? []).map(({ type, parameter }) =>
      `a=rtcp-fb:${payloadType} ${type} ${parameter ?? ''}`.trimEnd(),
    ),
  ];
}

function ssrcLines({ encodings, rtcp }: types.RtpParameters): string[] {
  const encoding = encodings?.[0];
  if (encoding?.ssrc === undefined) return [];
  const cname = rtcp?.cname ?? '-';
  const lines = [`a=ssrc:${encoding.ssrc} cname:${cname}`];
  if (encoding.rtx === undefined) return lines;
  return [
    `a=ssrc-group:FID ${encoding.ssrc} ${encoding.rtx.ssrc}`,
    ...lines,
    `a=ssrc:${encoding.rtx.ssrc} cname:${cname}`,
  ];
}
