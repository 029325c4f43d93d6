/**
 * What flows through the hub. A *unit* is one access unit: a coded picture or one audio frame, with its time.
 * Buffers are shared by every reader and must never be written to.
 */

/** What a decoder has to know of an H.264 track, and what people want to. */
export interface H264Format {
  readonly kind: 'video';
  readonly codec: 'h264';
  readonly clockRate: 90_000;
  /** Parameter sets as NAL units, without start codes. A format is only made once both are known. */
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  /** Six hex digits: profile_idc, constraint flags, level_idc (RFC 6184 section 8.1). */
  readonly profileLevelId: string;
  readonly width: number;
  readonly height: number;
  /** Frames a second as the SPS declares it; cameras often declare wrong. */
  readonly declaredFps?: number;
}

/** Sound as cameras and publishers send it. Browsers take all of it over WebRTC but AAC. */
export type AudioCodec = 'opus' | 'aac' | 'pcmu' | 'pcma' | 'g722';

/** What a decoder has to know of an audio track. */
export interface AudioFormat {
  readonly kind: 'audio';
  readonly codec: AudioCodec;
  /** Of the RTP clock (8000 for G.722, RFC 3551 section 4.5.2). */
  readonly clockRate: number;
  readonly channels: number;
  /** AAC: the AudioSpecificConfig (ISO 14496-3). */
  readonly config?: Buffer;
}

/** A track's format. The same object until it changes, so readers compare by identity. */
export type TrackFormat = H264Format | AudioFormat;
/** A stream has at most one track of each kind. */
export type TrackKind = TrackFormat['kind'];

/** A unit as a source delivers it, in decoding order. */
export interface SourceUnit {
  readonly kind: TrackKind;
  /** 32 bits, wrapping, in ticks of the track's clock. */
  readonly rtpTimestamp: number;
  /**
   * Video: the NAL units of one access unit, without start codes, without AUD and parameter sets (those are in
   * the format). Audio: one entry, one frame.
   */
  readonly payloads: readonly Buffer[];
  /** Video: the unit holds an IDR picture. Audio: always true. */
  readonly isKeyFrame: boolean;
  /** Monotonic time at which the unit's last packet came off the socket. */
  readonly receivedAtMs: number;
}

/** About what a unit and each of its payloads take up as objects, beside their bytes. */
const UNIT_BYTES = 512;
const PAYLOAD_BYTES = 256;

/**
 * What keeping a unit costs in memory: bounds go by this, since a flood of the tiniest pictures is nearly nothing by
 * their own bytes.
 */
export function heldBytes({ sizeBytes, payloads }: Pick<Unit, 'sizeBytes' | 'payloads'>): number {
  return sizeBytes + UNIT_BYTES + PAYLOAD_BYTES * payloads.length;
}

/** A unit as the hub hands it to readers. */
export interface Unit {
  readonly format: TrackFormat;
  readonly payloads: readonly Buffer[];
  readonly isKeyFrame: boolean;
  /** Presentation time on the stream's own monotonic timeline, an integer that never wraps. */
  readonly pts90k: number;
  /** Unix time of the picture by this machine's clock, smoothed over arrivals. */
  readonly wallMs: number;
  readonly receivedAtMs: number;
  /** Sum of the payloads. */
  readonly sizeBytes: number;
}
