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
  /** As the SPS declares it: how many pictures are decoded ahead of one that is shown before them. 0: no B-pictures. */
  readonly reorderFrames?: number;
}

/** What a decoder has to know of an H.265 track. Browsers take it as HLS only; WebRTC viewers get a leg. */
export interface H265Format {
  readonly kind: 'video';
  readonly codec: 'h265';
  readonly clockRate: 90_000;
  /** Parameter sets as NAL units (two-byte header first), without start codes. A format is only made once all are known. */
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  /** As in an HLS or MP4 `codecs` text, e.g. `hvc1.1.6.L93.B0` (ISO 14496-15 annex E.3). */
  readonly codecString: string;
  /** For people, e.g. `Main 4.0`. */
  readonly profile: string;
  readonly width: number;
  readonly height: number;
  readonly declaredFps?: number;
  /** As with H.264; the SPS always says it (`sps_max_num_reorder_pics`). */
  readonly reorderFrames?: number;
}

export type VideoFormat = H264Format | H265Format;

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
export type TrackFormat = VideoFormat | AudioFormat;
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
  /** Video: decoding can begin here (H.264: an IDR picture; H.265: an IRAP picture). Audio: always true. */
  readonly isKeyFrame: boolean;
  /** Video: no other picture refers to this one (H.264: nal_ref_idc 0 in every slice), so it can be left out. */
  readonly isDisposable?: boolean;
  /**
   * Video: it is to be shown before a picture that came ahead of it, as B-pictures are. False where the stream says for
   * sure that it is not, so that a time that goes back is the camera's mistake; undefined where nothing tells.
   */
  readonly isReordered?: boolean | undefined;
  /** Video: grows with the place in the order of presentation, from each picture that decoding can begin with (H.264: the picture order count). */
  readonly orderCount?: number | undefined;
  /** Only from a leg: its place on the timeline of the stream that it is made of, so the hub gives it none of its own. */
  readonly place?: UnitPlace;
  /** Monotonic time at which the unit's last packet came off the socket. */
  readonly receivedAtMs: number;
}

/** Where a unit belongs: ticks of the stream's own timeline, and Unix time. */
export interface UnitPlace {
  readonly pts90k: number;
  readonly wallMs: number;
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
  /** As in SourceUnit; false for sound. */
  readonly isDisposable: boolean;
  /** As in SourceUnit, or told by its time; absent means no. */
  readonly isReordered?: boolean;
  /** Presentation time on the stream's own monotonic timeline, an integer that never wraps. */
  readonly pts90k: number;
  /** Unix time of the picture by this machine's clock, smoothed over arrivals. */
  readonly wallMs: number;
  readonly receivedAtMs: number;
  /** Sum of the payloads. */
  readonly sizeBytes: number;
}
