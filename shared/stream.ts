import { z } from 'zod';
import { waitReasonSchema } from './errors.ts';
import { appSchema, DEFAULT_APP, nameSchema } from './names.ts';
import { recorderStatusSchema } from './recording.ts';

const timeoutMs = (fallback: number) => z.number().int().min(500).max(120_000).default(fallback);

/** Schemes a stream's media may come from; nothing else is ever dialled or started. */
export const SOURCE_SCHEMES = ['rtsp:', 'rtsps:', 'onvif:', 'publish:'] as const;

export const sourceUrlSchema = z
  .string()
  .min(1)
  .max(2048)
  .superRefine((text, context) => {
    // What the API shows in place of a secret; sent back by an editor it would become the secret.
    if (text.includes('***')) {
      context.addIssue({ code: 'custom', message: 'has *** where its secret was; enter the whole URL' });
      return;
    }
    if (text === 'publish:') return;
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'is no URL; expected something like rtsp://10.0.0.5/stream1',
      });
      return;
    }
    if (!(SOURCE_SCHEMES as readonly string[]).includes(url.protocol)) {
      context.addIssue({
        code: 'custom',
        message: `has the scheme "${url.protocol}"; expected rtsp:, rtsps:, onvif: or publish:`,
      });
    } else if (url.protocol !== 'publish:' && url.hostname === '') {
      context.addIssue({
        code: 'custom',
        message: 'names no host; expected something like rtsp://10.0.0.5/stream1',
      });
    }
  });

/**
 * SHA-256 of a camera's certificate, with or without colons; kept as `openssl x509 -fingerprint -sha256` and Node write
 * it.
 */
const tlsFingerprintSchema = z
  .string()
  .regex(
    /^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/,
    "must be the SHA-256 of the camera's certificate, 64 hex digits with or without colons",
  )
  .transform((text) => (text.replaceAll(':', '').toUpperCase().match(/../g) ?? []).join(':'));

export const sourceSchema = z
  .strictObject({
    url: sourceUrlSchema,
    username: z.string().min(1).max(256).optional(),
    password: z.string().max(256).optional(),
    transport: z.enum(['auto', 'tcp', 'udp']).default('auto'),
    /** For rtsps: the one certificate that is taken. Without it the system's roots decide. */
    tlsFingerprint: tlsFingerprintSchema.optional(),
    sub: z.strictObject({ url: sourceUrlSchema }).optional(),
    /** Of a camera that is dialled by another URL: where its ONVIF services are, for PTZ, events and key frames. */
    onvif: z.strictObject({ url: sourceUrlSchema }).optional(),
    trustCameraClock: z.boolean().default(false),
    connectTimeoutMs: timeoutMs(10_000),
    silenceTimeoutMs: timeoutMs(5_000),
  })
  .superRefine(({ url, onvif }, context) => {
    if (onvif === undefined) return;
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['onvif', 'url'], message });
    if (!URL.canParse(onvif.url) || !URL.canParse(url)) return;
    if (!/^onvif:/i.test(onvif.url)) refuse('must begin with onvif://');
    // User and password are those of the source.
    else if (new URL(onvif.url).hostname !== new URL(url).hostname)
      refuse("must have the host of the source's own URL");
    else if (/^onvif:/i.test(url))
      refuse('is for a source that is dialled by another URL; this one is ONVIF already');
  })
  .superRefine(({ url, tlsFingerprint }, context) => {
    if (tlsFingerprint === undefined || /^(?:rtsps|onvif):/i.test(url)) return;
    const message = 'is for a source whose URL begins with rtsps://; nothing else shows a certificate';
    context.addIssue({ code: 'custom', path: ['tlsFingerprint'], message });
  })
  .transform((source) => withCredentialsApart(source));

export const recordSchema = z.union([
  z.boolean(),
  z.strictObject({
    segmentMs: z.number().int().min(1000).max(60_000).optional(),
    keepDays: z.number().positive().max(3650).optional(),
    maxBytes: z.number().int().positive().optional(),
    mp4EveryMs: z.number().int().min(60_000).max(86_400_000).optional(),
  }),
]);

const labelsSchema = z
  .record(z.string().min(1).max(64), z.string().max(256))
  .refine((labels) => Object.keys(labels).length <= 32, { message: 'holds more than 32 labels' });

/** What a stream is, as in the YAML file, the API and the database; the same everywhere. */
const streamFields = {
  source: sourceSchema,
  record: recordSchema.optional(),
  onDemand: z.boolean().default(false),
  labels: labelsSchema.optional(),
};

export const streamDefinitionSchema = z.strictObject({
  app: appSchema.default(DEFAULT_APP),
  name: nameSchema,
  ...streamFields,
});
export type StreamDefinition = z.output<typeof streamDefinitionSchema>;

/** A stream as a value of the YAML map, whose key gives app and name. */
export const streamBodySchema = z.strictObject(streamFields);

/** The fields a PATCH may change; a given `source` replaces the old one whole. */
export const streamPatchSchema = z.strictObject({
  source: sourceSchema.optional(),
  record: recordSchema.optional(),
  onDemand: z.boolean().optional(),
  labels: labelsSchema.optional(),
});
export type StreamPatch = z.output<typeof streamPatchSchema>;

export const streamStateSchema = z.enum(['connecting', 'live', 'waiting', 'idle']);
export type StreamState = z.infer<typeof streamStateSchema>;

export const trackStatusSchema = z.object({
  kind: z.enum(['video', 'audio']),
  codec: z.string(),
  profile: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  fps: z.number().optional(),
  clockRate: z.number().optional(),
  channels: z.number().optional(),
});

export const webRtcStatusSchema = z.object({
  video: z.enum(['as-is', 'without-b-pictures', 'transcoded', 'unavailable']),
  /** Only of a stream with sound. */
  audio: z.enum(['as-is', 'transcoded', 'unavailable']).optional(),
  reason: z.string().optional(),
});
export type WebRtcStatus = z.infer<typeof webRtcStatusSchema>;

/** A track of a stream in another codec, made while somebody needs it. */
export const legStatusSchema = z.object({
  kind: z.enum(['h264', 'opus']),
  /** `resting`: the camera sends nothing for it just now. */
  state: z.enum(['resting', 'starting', 'running', 'waiting']),
  /** As FFmpeg calls it, e.g. `libx264`, `h264_vaapi`. */
  encoder: z.string().optional(),
  reason: z.string().optional(),
});
export type LegStatus = z.infer<typeof legStatusSchema>;

/** A stream with its status as the API gives it. It never holds a password, nor a URL with one. */
export const streamStatusSchema = z.object({
  app: z.string(),
  name: z.string(),
  source: z.object({
    url: z.string(),
    username: z.string().optional(),
    hasPassword: z.boolean(),
    transport: z.string(),
    tlsFingerprint: z.string().optional(),
    sub: z.object({ url: z.string() }).optional(),
    onvif: z.object({ url: z.string() }).optional(),
    trustCameraClock: z.boolean().optional(),
    connectTimeoutMs: z.number().optional(),
    silenceTimeoutMs: z.number().optional(),
  }),
  record: recordSchema.optional(),
  onDemand: z.boolean(),
  labels: z.record(z.string(), z.string()).optional(),
  /** Set up in the configuration, so not to be changed; of the demo camera `record` alone may be. */
  readOnly: z.boolean(),
  /** The demo camera, which goes when there is a camera. */
  demo: z.boolean().optional(),
  state: streamStateSchema,
  reason: z
    .object({ code: waitReasonSchema, message: z.string(), retryInMs: z.number().optional() })
    .optional(),
  tracks: z.array(trackStatusSchema),
  codec: z.string().optional(),
  audioCodec: z.string().optional(),
  profile: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  fps: z.number().optional(),
  bitrateKbps: z.number().optional(),
  keyFrameIntervalMs: z.number().optional(),
  transport: z.string().optional(),
  /** Why the media travels over that, or what is wrong with it, for people. */
  transportReason: z.string().optional(),
  /** How viewers get picture and sound over WebRTC; `reason`, for people, where it is not just as the camera sends it. */
  webrtc: webRtcStatusSchema.optional(),
  /** What FFmpeg makes of the stream's tracks for viewers just now. */
  legs: z.array(legStatusSchema).optional(),
  /** The camera's clock less the gateway's, by its last sender report. */
  cameraClockOffsetMs: z.number().optional(),
  viewers: z.number(),
  readers: z.number(),
  recorder: recorderStatusSchema,
});
export type StreamStatus = z.infer<typeof streamStatusSchema>;

/**
 * Takes user and password out of the URLs (people paste `rtsp://user:pass@host/`), so that nothing that prints
 * a URL prints a password. Separate fields win over those in the URL; the other stream of a camera has the same.
 */
function withCredentialsApart<
  T extends {
    url: string;
    username?: string | undefined;
    password?: string | undefined;
    sub?: { url: string } | undefined;
    onvif?: { url: string } | undefined;
  },
>(source: T): T {
  const found = [source.url, source.sub?.url, source.onvif?.url]
    .map(userInfoOf)
    .find((info) => info !== undefined);
  if (found === undefined) return source;
  return {
    ...source,
    url: withoutUserInfo(source.url),
    ...(source.sub === undefined ? {} : { sub: { ...source.sub, url: withoutUserInfo(source.sub.url) } }),
    ...(source.onvif === undefined
      ? {}
      : { onvif: { ...source.onvif, url: withoutUserInfo(source.onvif.url) } }),
    username: source.username ?? found.username,
    password: source.password ?? found.password,
  };
}

function userInfoOf(text: string | undefined): { username: string; password: string } | undefined {
  if (text === undefined || text === 'publish:') return undefined;
  const { username, password } = new URL(text);
  if (username === '' && password === '') return undefined;
  return { username: decodeUserInfo(username), password: decodeUserInfo(password) };
}

function withoutUserInfo(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1');
}

function decodeUserInfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
