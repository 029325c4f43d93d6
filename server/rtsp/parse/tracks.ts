import type { AudioCodec, AudioFormat, H264Format, H265Format } from '../../stream/index.ts';
import { buildAacConfig, parseAacConfig } from './aac-config.ts';
import { controlBase, otherControls, resolveControl } from './control-url.ts';
import { h265Format, parseH265Sprop } from './h265-parameter-sets.ts';
import { h264Format, parseSpropParameterSets } from './parameter-sets.ts';
import type { MediaDescription, MediaFormat, SessionDescription } from './sdp.ts';

/** How RFC 3640 packets are cut, in bits. */
export interface AacParameters {
  readonly sizeLength: number;
  readonly indexLength: number;
  readonly indexDeltaLength: number;
  /** RTP ticks from one frame to the next. */
  readonly ticksPerFrame: number;
}

interface TrackBase {
  /** Place among the media of the session description. */
  readonly mediaIndex: number;
  /** What to SETUP. */
  readonly controlUrl: string;
  /** What else the description may mean, in the order to try, for a server that answers 404 there. */
  readonly otherControlUrls: readonly string[];
  /** What to ask for there: with feedback (RFC 4585) where the description has it so, else the profile every server has. */
  readonly profile: 'RTP/AVP' | 'RTP/AVPF';
  readonly payloadType: number;
  readonly clockRate: number;
}

interface VideoTrackBase extends TrackBase {
  readonly supported: true;
  readonly kind: 'video';
  /** The server says that it takes picture loss indications (RFC 4585 section 4.2), so a key frame can be asked for. */
  readonly takesPli: boolean;
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

export interface RtspH264Track extends VideoTrackBase {
  readonly codec: 'h264';
  /** Undefined while the parameter sets are not known: they come in band. */
  readonly format: H264Format | undefined;
}

export interface RtspH265Track extends VideoTrackBase {
  readonly codec: 'h265';
  readonly vps: readonly Buffer[];
  /** As for H.264. */
  readonly format: H265Format | undefined;
}

export type RtspVideoTrack = RtspH264Track | RtspH265Track;

export interface RtspAudioTrack extends TrackBase {
  readonly supported: true;
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  readonly format: AudioFormat;
  /** Only for AAC. */
  readonly aac: AacParameters | undefined;
}

export interface RtspOtherTrack extends TrackBase {
  readonly supported: false;
  /** As in the media line: `video`, `audio`, `application`... */
  readonly kind: string;
  readonly encoding: string;
  /** ONVIF's events and analytics as XML (ONVIF Streaming Specification section 5.2.1.1). Not set up: nobody reads it yet. */
  readonly isOnvifMetadata: boolean;
  /** Encrypted by keys of its own (SRTP), whether or not the connection is encrypted too. */
  readonly isEncrypted: boolean;
  /** Why it is not used, for people. */
  readonly reason: string;
}

/** One media of a session description, ready to be set up if we can use it. */
export type RtspTrack = RtspVideoTrack | RtspAudioTrack | RtspOtherTrack;

/** The URL for PLAY and TEARDOWN of all tracks. */
export function aggregateUrl(session: SessionDescription, baseUrl: string): string {
  return resolveControl(baseUrl, session.control);
}

/**
 * What each media is and how it is reached, in the order of the description. `baseUrl` comes from
 * `resolveBase`.
 */
export function describeTracks(session: SessionDescription, baseUrl: string): RtspTrack[] {
  const base = controlBase(baseUrl, session.control);
  const backChannel = directionOfBackChannels(session);
  return session.media.map((media, mediaIndex) => {
    const controlUrl = resolveControl(base, media.control);
    const profile = /^RTP\/AVPF(?:\/|$)/.test(media.protocol) ? 'RTP/AVPF' : 'RTP/AVP';
    const elsewhere = base === baseUrl ? [] : [resolveControl(baseUrl, media.control)];
    const otherControlUrls = [...elsewhere, ...otherControls(base, media.control)];
    const place: Place = { mediaIndex, controlUrl, otherControlUrls, profile };
    if (media.direction === backChannel) {
      return other(media, place, 'is a back-channel to the camera');
    }
    for (const format of media.formats) {
      const track = describeFormat(media, format, place);
      if (track !== undefined) return track;
    }
    return other(media, place, unusedBecause(media));
  });
}

/**
 * ONVIF's descriptions see it from the client, so what it is to send is `sendonly` (ONVIF Streaming Specification section 5.3);
 * servers are known that see it from the camera. A picture never goes to a camera, so one that is `sendonly` tells which it is.
 * Undefined where nothing is marked as the other direction.
 */
function directionOfBackChannels({ media }: SessionDescription): 'sendonly' | 'recvonly' | undefined {
  const isCamerasView = media.some(({ type, direction }) => type === 'video' && direction === 'sendonly');
  if (isCamerasView) return 'recvonly';
  const heard = media.filter(({ type, direction }) => type === 'audio' && direction !== 'sendonly');
  return heard.length > 0 || media.some(({ direction }) => direction === 'recvonly') ? 'sendonly' : undefined;
}

type Place = Pick<TrackBase, 'mediaIndex' | 'controlUrl' | 'otherControlUrls' | 'profile'>;

/**
 * Keys in the description (RFC 4568) mean that the packets are encrypted whatever profile is asked for, as those of UniFi Protect
 * behind `?enableSrtp`. Those who let the client bring its keys (MIKEY) leave it the choice.
 */
function isEncrypted({ protocol, attributes }: MediaDescription): boolean {
  return /^RTP\/SAVPF?(?:\/|$)/.test(protocol) && attributes.some(({ name }) => name === 'crypto');
}

function unusedBecause(media: MediaDescription): string {
  if (isEncrypted(media)) return 'is encrypted by keys of its own (SRTP)';
  return media.formats.some(isOnvifMetadata)
    ? 'is ONVIF metadata, which nobody reads'
    : 'is of a kind that is not supported';
}

/** Also as `vnd.onvif.metadata.gzip` and `.exi`. */
function isOnvifMetadata({ encoding }: MediaFormat): boolean {
  return /^VND\.ONVIF\.METADATA(?:\.|$)/.test(encoding);
}

function other(media: MediaDescription, place: Place, reason: string): RtspOtherTrack {
  const [format] = media.formats;
  return {
    ...place,
    supported: false,
    kind: media.type,
    encoding: format?.encoding ?? 'unknown',
    payloadType: format?.payloadType ?? 0,
    clockRate: format?.clockRate ?? 0,
    isOnvifMetadata: media.formats.some(isOnvifMetadata),
    isEncrypted: isEncrypted(media),
    reason,
  };
}

function describeFormat(media: MediaDescription, format: MediaFormat, place: Place): RtspTrack | undefined {
  if (!/^RTP\/S?AVPF?(?:\/|$)/.test(media.protocol) || isEncrypted(media)) return undefined;
  const base = { ...place, payloadType: format.payloadType, clockRate: format.clockRate };
  if (media.type === 'video') {
    const takesPli = hasPli(media, format.payloadType);
    if (format.encoding === 'H265' || format.encoding === 'HEVC') {
      return describeH265(format, { ...base, takesPli });
    }
    if (format.encoding !== 'H264') return undefined;
    const { sps, pps } = parseSpropParameterSets(format.parameters.get('sprop-parameter-sets') ?? '');
    return {
      ...base,
      supported: true,
      kind: 'video',
      codec: 'h264',
      clockRate: 90_000,
      takesPli,
      sps,
      pps,
      format: h264Format(sps, pps),
    };
  }
  if (media.type !== 'audio') return undefined;
  const codec = AUDIO_CODECS.get(format.encoding);
  if (codec === undefined) return undefined;
  if (codec === 'aac') return describeAac(format, base);
  const { clockRate } = format;
  // Opus always says two channels, whatever is inside (RFC 7587 section 7).
  const channels = codec === 'opus' ? 2 : Math.min(format.channels, 8);
  const audio: AudioFormat = { kind: 'audio', codec, clockRate, channels };
  return { ...base, supported: true, kind: 'audio', codec, format: audio, aac: undefined };
}

/** Undefined where pictures do not come in decoding order, which no camera is known to do (RFC 7798 section 7.1). */
function describeH265(
  format: MediaFormat,
  base: TrackBase & Pick<RtspH265Track, 'takesPli'>,
): RtspH265Track | undefined {
  const { parameters } = format;
  if (Number(parameters.get('sprop-max-don-diff') ?? 0) > 0) return undefined;
  const sets = parseH265Sprop(parameters);
  return {
    ...base,
    supported: true,
    kind: 'video',
    codec: 'h265',
    clockRate: 90_000,
    ...sets,
    format: h265Format(sets),
  };
}

/** `a=rtcp-fb:96 nack pli`, or the same for every payload type. */
function hasPli(media: MediaDescription, payloadType: number): boolean {
  return media.attributes.some(({ name, value }) => {
    if (name !== 'rtcp-fb') return false;
    const [type, ...feedback] = value.toLowerCase().split(/\s+/);
    return (type === '*' || type === String(payloadType)) && feedback.join(' ') === 'nack pli';
  });
}

const AUDIO_CODECS: ReadonlyMap<string, AudioCodec> = new Map([
  ['MPEG4-GENERIC', 'aac'],
  ['OPUS', 'opus'],
  ['PCMU', 'pcmu'],
  ['PCMA', 'pcma'],
  ['G722', 'g722'],
]);

function describeAac(format: MediaFormat, base: TrackBase): RtspAudioTrack | undefined {
  const { parameters, clockRate } = format;
  const mode = parameters.get('mode')?.toLowerCase() ?? 'aac-hbr';
  if (mode !== 'aac-hbr' && mode !== 'aac-lbr') return undefined;
  const hex = parameters.get('config') ?? '';
  const config =
    hex === '' ? buildAacConfig(clockRate, format.channels) : Buffer.from(hex.replace(/^"|"$/g, ''), 'hex');
  const known = config === undefined ? undefined : parseAacConfig(config);
  if (config === undefined || known === undefined) return undefined;
  const isHbr = mode === 'aac-hbr';
  // The RTP clock runs at the output's rate where SBR doubles it.
  const ticksPerFrame = Math.round((known.samplesPerFrame * clockRate) / known.sampleRate);
  return {
    ...base,
    supported: true,
    kind: 'audio',
    codec: 'aac',
    format: { kind: 'audio', codec: 'aac', clockRate, channels: known.channels, config },
    aac: {
      sizeLength: bitsOf(parameters.get('sizelength'), isHbr ? 13 : 6, 1),
      indexLength: bitsOf(parameters.get('indexlength'), isHbr ? 3 : 2, 0),
      indexDeltaLength: bitsOf(parameters.get('indexdeltalength'), isHbr ? 3 : 2, 0),
      ticksPerFrame,
    },
  };
}

function bitsOf(text: string | undefined, fallback: number, least: number): number {
  const value = text !== undefined && /^\d{1,2}$/.test(text) ? Number(text) : fallback;
  return value >= least && value <= 16 ? value : fallback;
}
