import type { AudioFormat, H264Format } from '../stream/index.ts';
import { canBeRtxPayloadType, isWebRtcAudio, type PayloadTypes } from './rtp-parameters.ts';
import type { SdpMedia, SdpOffer, SdpPayload } from './sdp-offer.ts';

/** The H.264 payload type of an offer that a stream will be sent as. */
export interface VideoChoice {
  readonly kind: 'video';
  readonly media: SdpMedia;
  readonly payload: SdpPayload;
  readonly rtx: SdpPayload | undefined;
  /** What the answer calls it: the profile of the payload type, level and all. */
  readonly profileLevelId: string;
}

export interface AudioChoice {
  readonly kind: 'audio';
  readonly media: SdpMedia;
  readonly payload: SdpPayload;
}

/**
 * Browsers decode any profile whatever it was offered as, so every H.264 payload type will do, but one that says
 * what the stream is comes first: a hardware decoder is chosen by it.
 */
const FALLBACK_PROFILES = ['42e0', '4200', '4d00', '6400', '640c', 'f400'];

/** Undefined where no section wants video, or none takes H.264 in packetization mode 1. */
export function chooseVideo(offer: SdpOffer, format: H264Format): VideoChoice | undefined {
  for (const media of receivingSections(offer, 'video')) {
    let best: { payload: SdpPayload; rank: number } | undefined;
    for (const payload of media.payloads) {
      const rank = rankOf(payload, format);
      if (rank !== undefined && (best === undefined || rank < best.rank)) best = { payload, rank };
    }
    if (best !== undefined) {
      const { payload } = best;
      return {
        kind: 'video',
        media,
        payload,
        rtx: rtxOf(media, payload),
        profileLevelId: profileLevelIdOf(payload),
      };
    }
  }
  return undefined;
}

/** Undefined where no section wants sound, or none takes the stream's codec. */
export function chooseAudio(offer: SdpOffer, format: AudioFormat): AudioChoice | undefined {
  if (!isWebRtcAudio(format)) return undefined;
  for (const media of receivingSections(offer, 'audio')) {
    const payload = media.payloads.find((candidate) => isSameAudio(candidate, format));
    if (payload !== undefined) return { kind: 'audio', media, payload };
  }
  return undefined;
}

/** Payload types for a router; codecs that were not chosen get some that are free. */
export function payloadTypesFor(
  video: VideoChoice | undefined,
  audio: AudioChoice | undefined,
): PayloadTypes {
  const h264 = video?.payload.payloadType;
  const h264Rtx = video?.rtx?.payloadType;
  const opus = audio?.payload.codec.toLowerCase() === 'opus' ? audio.payload.payloadType : undefined;
  const taken = new Set([h264, h264Rtx, opus]);
  const free = (preferred: readonly number[]): number => {
    const found = preferred.find((payloadType) => !taken.has(payloadType)) ?? preferred[0] ?? 96;
    taken.add(found);
    return found;
  };
  return { h264: h264 ?? free([102, 104, 106, 108]), h264Rtx, opus: opus ?? free([111, 113, 115, 117]) };
}

/** The sections that want to receive and share the one transport, in order. */
function receivingSections(offer: SdpOffer, kind: 'video' | 'audio'): SdpMedia[] {
  const shared = new Set(offer.bundle ?? [offer.media[0]?.mid]);
  return offer.media.filter(
    (media) =>
      media.kind === kind &&
      shared.has(media.mid) &&
      (media.port !== 0 || media.isBundleOnly) &&
      (media.direction === 'recvonly' || media.direction === 'sendrecv') &&
      /^(UDP|TCP)\/TLS\/RTP\/SAVPF?$|^RTP\/SAVPF?$/.test(media.protocol),
  );
}

function rankOf(payload: SdpPayload, format: H264Format): number | undefined {
  if (payload.codec.toUpperCase() !== 'H264' || payload.clockRate !== 90_000) return undefined;
  const mode = payload.parameters.get('packetization-mode');
  // Mode 1 is needed for fragments (RFC 6184 section 5.2). Some players leave the parameter out and take them.
  if (mode !== '1' && mode !== undefined) return undefined;
  const profile = profileLevelIdOf(payload).slice(0, 4);
  const fallback = FALLBACK_PROFILES.indexOf(profile);
  const rank = isSameProfile(profile, format) ? 0 : fallback === -1 ? 50 : 1 + fallback;
  return mode === undefined ? rank + 100 : rank;
}

function profileLevelIdOf(payload: SdpPayload): string {
  const value = payload.parameters.get('profile-level-id')?.toLowerCase() ?? '';
  // RFC 6184 section 8.1: where it is not given, it is Baseline at level 1.
  return /^[0-9a-f]{6}$/.test(value) ? value : '42000a';
}

/** Constrained Baseline is told from Baseline by a constraint flag; in the other profiles the flags say little. */
function isSameProfile(profile: string, format: H264Format): boolean {
  const own = format.profileLevelId.toLowerCase();
  if (!own.startsWith(profile.slice(0, 2))) return false;
  if (!own.startsWith('42')) return true;
  const isConstrained = (flags: string) => (Number.parseInt(flags, 16) & 0x40) !== 0;
  return isConstrained(own.slice(2, 4)) === isConstrained(profile.slice(2, 4));
}

function rtxOf(media: SdpMedia, payload: SdpPayload): SdpPayload | undefined {
  return media.payloads.find(
    (candidate) =>
      candidate.codec.toLowerCase() === 'rtx' &&
      candidate.parameters.get('apt') === String(payload.payloadType) &&
      canBeRtxPayloadType(candidate.payloadType),
  );
}

function isSameAudio(payload: SdpPayload, format: AudioFormat): boolean {
  switch (payload.codec.toLowerCase()) {
    case 'opus':
      return format.codec === 'opus' && payload.clockRate === 48_000 && payload.channels === 2;
    case 'pcmu':
      return format.codec === 'pcmu' && payload.payloadType === 0;
    case 'pcma':
      return format.codec === 'pcma' && payload.payloadType === 8;
    case 'g722':
      return format.codec === 'g722' && payload.payloadType === 9;
    default:
      return false;
  }
}
