import { z } from 'zod';
import { waitReasonSchema } from './errors.ts';
import { streamStateSchema } from './stream.ts';

/*
 * What a camera is and does, as measured; `GET /api/v1/streams/{app}/{name}/report`. A field that is missing was not
 * measured (yet).
 */

/** One media of the camera's session description (SDP), used or not. */
export const offeredTrackSchema = z.object({
  /** As in the media line: `video`, `audio`, `application`... */
  kind: z.string(),
  /** In upper case, as in the rtpmap, e.g. `H264`, `VND.ONVIF.METADATA`. */
  encoding: z.string(),
  payloadType: z.number().optional(),
  clockRate: z.number().optional(),
  used: z.boolean(),
  /** Why it is not used, for people. */
  reason: z.string().optional(),
});

/** How the camera is spoken to. */
export const connectionReportSchema = z.object({
  /** Address and port that the connection goes to. */
  address: z.string().optional(),
  /** The `Server` header. */
  server: z.string().optional(),
  /** RTSP over TLS. */
  encrypted: z.boolean(),
  authentication: z.object({
    scheme: z.enum(['none', 'basic', 'digest']),
    /** Of digest: `MD5`, `SHA-256`... */
    algorithm: z.string().optional(),
  }),
  keepAlive: z.object({ method: z.string(), everyMs: z.number(), sessionTimeoutMs: z.number() }).optional(),
  /** What it says that it can (`Public`). */
  methods: z.array(z.string()),
  transport: z.object({
    configured: z.enum(['auto', 'tcp', 'udp']),
    used: z.enum(['tcp', 'udp']).optional(),
    /** Why this one, for people. */
    why: z.string().optional(),
  }),
  offered: z.array(offeredTrackSchema),
});
export type ConnectionReport = z.infer<typeof connectionReportSchema>;

/** How a clock of the camera runs beside ours. */
export const driftSchema = z.object({
  /** Parts per million; positive: the camera's clock is fast. 1000 ppm are 3.6 s in an hour. */
  ppm: z.number(),
  /** How far the truth may lie from `ppm`. */
  uncertaintyPpm: z.number(),
  overMs: z.number(),
});
export type Drift = z.infer<typeof driftSchema>;

/** Where the camera tells its parameter sets (SPS, PPS; H.265: VPS too). */
export const parameterSetsReportSchema = z.object({
  inSdp: z.boolean(),
  inBand: z.boolean(),
  /** Key frames seen, and those right after parameter sets. */
  keyFrames: z.number(),
  keyFramesWithSets: z.number(),
  /** How often they became others while it ran. */
  changes: z.number(),
});

/** What arrived of one track on the present, else the last connection. */
export const receivedTrackSchema = z.object({
  kind: z.enum(['video', 'audio']),
  packets: z.object({
    count: z.number(),
    meanBytes: z.number(),
    maxBytes: z.number(),
    /** Larger than what fits an Ethernet frame (1472 bytes of UDP). */
    overMtu: z.number(),
  }),
  lostPackets: z.number(),
  lossPercent: z.number(),
  /** UDP: came after their place was given up, or twice. */
  latePackets: z.number().optional(),
  /** Of the packets' arrivals (RFC 3550 section 6.4.1). */
  jitterMs: z.number(),
  droppedUnits: z.number(),
  /** Times that the camera began a new RTP stream (SSRC) without being asked. */
  restarts: z.number(),
  /** Steps of its timestamps that have nothing to do with the time that passed. */
  timestampJumps: z.number(),
  /** The timestamps' clock. */
  clockDrift: driftSchema.optional(),
  senderReports: z.object({ count: z.number(), everyMs: z.number().optional() }),
  /** Only of video. */
  parameterSets: parameterSetsReportSchema.optional(),
  /** Only of video: pictures a second as its timestamps claim. */
  timestampFps: z.number().optional(),
  /** Only of video: share of pictures whose last packet has no marker, 0..1. */
  withoutMarker: z.number().optional(),
  /** Only of video: slices of a picture, at most. */
  maxSlices: z.number().optional(),
});
export type ReceivedTrack = z.infer<typeof receivedTrackSchema>;

/** What a source knows of its camera. */
export const sourceReportSchema = z.object({
  connection: connectionReportSchema,
  received: z.array(receivedTrackSchema),
  /** The camera's wall clock, by its sender reports. */
  wallClockDrift: driftSchema.optional(),
  /** Connections since the stream was started or changed. */
  connections: z.number(),
});
export type SourceReport = z.infer<typeof sourceReportSchema>;

/** What the pictures are like, whatever brings them. */
export const pictureReportSchema = z.object({
  pictures: z.number(),
  /** Pictures that arrive in a second. */
  fps: z.number().optional(),
  /** Of the last ten seconds. */
  largestGapMs: z.number().optional(),
  bFrames: z.object({
    /** `disposable`: no other picture needs them. */
    kind: z.enum(['none', 'disposable', 'reference']),
    /** Of all pictures, 0..1. */
    share: z.number(),
    /** Of all pictures, 0..1: those that no other needs, B-pictures or not. */
    disposableShare: z.number(),
    /** Pictures that have to be held back to show them in order. */
    reorderDepth: z.number(),
  }),
  keyFrames: z.object({
    count: z.number(),
    intervalMs: z
      .object({ mean: z.number(), min: z.number(), max: z.number(), stdDev: z.number() })
      .optional(),
    /** Of the latest picture, since the last key frame. */
    sinceMs: z.number().optional(),
    meanBytes: z.number().optional(),
    maxBytes: z.number().optional(),
  }),
  meanBytes: z.number().optional(),
});
export type PictureReport = z.infer<typeof pictureReportSchema>;

/** One piece of advice. Codes are for programs and are never renamed. */
export const adviceSchema = z.object({
  code: z.string(),
  /** `problem`: something does not work or is lost; `warning`: costs latency or compatibility; `note`: good to know. */
  severity: z.enum(['problem', 'warning', 'note']),
  message: z.string(),
});
export type Advice = z.infer<typeof adviceSchema>;

export const cameraReportSchema = z.object({
  app: z.string(),
  name: z.string(),
  state: streamStateSchema,
  reason: z.object({ code: waitReasonSchema, message: z.string() }).optional(),
  /** Whether media flows now; if not, this is what was last known. */
  isCurrent: z.boolean(),
  video: z
    .object({
      codec: z.string(),
      profile: z.string(),
      /** H.264: six hex digits (RFC 6184); H.265: as in an HLS `CODECS`. */
      codecString: z.string(),
      width: z.number(),
      height: z.number(),
      /** As the parameter sets declare it. */
      declaredFps: z.number().optional(),
      bitrateKbps: z.number().optional(),
    })
    .optional(),
  audio: z.object({ codec: z.string(), clockRate: z.number(), channels: z.number() }).optional(),
  pictures: pictureReportSchema.optional(),
  camera: sourceReportSchema.optional(),
  clock: z
    .object({
      /** The camera's wall clock less ours, by its last sender report. */
      offsetMs: z.number().optional(),
      trusted: z.boolean(),
    })
    .optional(),
  advice: z.array(adviceSchema),
});
export type CameraReport = z.infer<typeof cameraReportSchema>;
