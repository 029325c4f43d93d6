import { z } from 'zod';
import { cameraEventSchema } from './events.ts';
import { streamIdSchema } from './names.ts';
import { ptzParamsSchema } from './onvif.ts';
import { streamStateSchema } from './stream.ts';

/** The WebSocket subprotocol; a token travels beside it as `sluice.token.<t>`. */
export const SIGNALING_PROTOCOL = 'sluice.v1';
export const TOKEN_PROTOCOL_PREFIX = 'sluice.token.';
export const MAX_MESSAGE_BYTES = 64 * 1024;

const id = z.string().min(1).max(64);
const text = z.string().max(256);
const port = z.number().int().min(0).max(65_535);

/** A value of a codec's fmtp line. */
const codecParameters = z
  .record(z.string().max(64), z.union([text, z.number(), z.boolean(), z.null()]))
  .refine((value) => Object.keys(value).length <= 32, { message: 'holds more than 32 parameters' });

/** RTP capabilities of a viewer, bounded: unbounded ones can kill a mediasoup worker. */
export const rtpCapabilitiesSchema = z.object({
  codecs: z
    .array(
      z.object({
        kind: z.enum(['audio', 'video']),
        mimeType: z.string().max(64),
        preferredPayloadType: z.number().int().min(0).max(127).optional(),
        clockRate: z.number().int().min(1).max(1_000_000),
        channels: z.number().int().min(1).max(8).optional(),
        parameters: codecParameters.optional(),
        rtcpFeedback: z
          .array(z.object({ type: text, parameter: text.optional() }))
          .max(32)
          .optional(),
      }),
    )
    .max(64)
    .optional(),
  headerExtensions: z
    .array(
      z.object({
        kind: z.enum(['audio', 'video']),
        uri: text,
        preferredId: z.number().int().min(1).max(255),
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(64)
    .optional(),
});
export type WireRtpCapabilities = z.infer<typeof rtpCapabilitiesSchema>;

export const dtlsParametersSchema = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z.string().regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$/),
      }),
    )
    .min(1)
    .max(8),
});

export const iceParametersSchema = z.object({
  usernameFragment: text,
  password: text,
  iceLite: z.boolean().optional(),
});

export const iceCandidateSchema = z.object({
  foundation: text,
  priority: z.number(),
  ip: text.optional(),
  address: text,
  protocol: z.enum(['udp', 'tcp']),
  port,
  type: text,
  tcpType: text.optional(),
});

export const transportSchema = z.object({
  id,
  iceParameters: iceParametersSchema,
  iceCandidates: z.array(iceCandidateSchema),
  dtlsParameters: z.object({
    role: z.enum(['auto', 'client', 'server']).optional(),
    fingerprints: z.array(z.object({ algorithm: text, value: text })),
  }),
});
export type WireTransport = z.infer<typeof transportSchema>;

/** What mediasoup-client's `transport.consume` needs; `rtpParameters` is passed on as it is. */
export const consumerSchema = z.object({
  id,
  producerId: id,
  kind: z.enum(['audio', 'video']),
  rtpParameters: z.record(z.string(), z.unknown()),
});
export type WireConsumer = z.infer<typeof consumerSchema>;

/** Why a stream is not live: a code for programs, a sentence for people. */
export const reasonSchema = z.object({ code: text, message: z.string() });

/** Which of a camera's pictures: the stream's own, or the smaller one of its second stream (`source.sub`). */
export const qualitySchema = z.enum(['main', 'sub']);
export type Quality = z.infer<typeof qualitySchema>;

const watchParams = z.strictObject({ watchId: id });
const empty = z.strictObject({});

/** Every method: the params the server takes and the result the client gets. */
export const METHODS = {
  'streams.list': {
    params: empty,
    result: z.object({ streams: z.array(z.object({ stream: text, state: streamStateSchema }).loose()) }),
  },
  'watch.start': {
    params: z.strictObject({
      stream: streamIdSchema,
      rtpCapabilities: rtpCapabilitiesSchema,
      /** `sub` where the camera has no second stream, or that does not come, is `main`. */
      quality: qualitySchema.optional(),
      /** False: no consumer of sound is made. */
      sound: z.boolean().optional(),
    }),
    result: z.object({
      watchId: id,
      state: streamStateSchema,
      /** Where it is waiting: events tell of later changes only. */
      reason: reasonSchema.optional(),
      transport: transportSchema.optional(),
      consumers: z.array(consumerSchema),
      /** Those that the viewer may ask for. */
      qualities: z.array(qualitySchema).default(['main']),
      /** What it is given, or will be once that has come. */
      given: qualitySchema.default('main'),
    }),
  },
  /** Another picture of a watch, or its sound on or off; events tell of consumers that go and come. */
  'watch.quality': {
    params: watchParams.extend({ quality: qualitySchema.optional(), sound: z.boolean().optional() }),
    result: empty,
  },
  'watch.resume': { params: watchParams, result: empty },
  'watch.pause': { params: watchParams, result: empty },
  'watch.stop': { params: watchParams, result: empty },
  'transport.connect': {
    params: z.strictObject({ transportId: id, dtlsParameters: dtlsParametersSchema }),
    result: empty,
  },
  'transport.restartIce': {
    params: z.strictObject({ transportId: id }),
    result: z.object({ iceParameters: iceParametersSchema }),
  },
  /** Moves a camera; answered when it has taken that, or something newer of this session. */
  'ptz.command': { params: ptzParamsSchema, result: empty },
  /** Has `camera.event` sent, of some streams or of all; `active` is what goes on now. A further one takes the place of the one before. */
  'events.subscribe': {
    params: z.strictObject({ streams: z.array(streamIdSchema).max(1000).optional() }),
    result: z.object({ active: z.array(cameraEventSchema) }),
  },
  'events.unsubscribe': { params: empty, result: empty },
} as const;

export type Method = keyof typeof METHODS;
export type Params<M extends Method> = z.output<(typeof METHODS)[M]['params']>;
export type MethodResult<M extends Method> = z.output<(typeof METHODS)[M]['result']>;

export const requestSchema = z.strictObject({
  id: z.union([z.number().int(), z.string().min(1).max(64)]),
  method: z.string().max(64),
  params: z.unknown().optional(),
});

/** Every event the server sends. */
export const EVENTS = {
  hello: z.object({
    routerRtpCapabilities: z.record(z.string(), z.unknown()),
    iceServers: z.array(z.record(z.string(), z.unknown())),
    version: text,
  }),
  'stream.state': z.object({
    stream: text,
    state: streamStateSchema,
    reason: reasonSchema.optional(),
  }),
  'consumer.added': z.object({
    watchId: id,
    consumer: consumerSchema,
    transport: transportSchema.optional(),
  }),
  'consumer.closed': z.object({ watchId: id, consumerId: id }),
  /** What a viewer whose link is too slow gets instead, and `resumed` when it gets the stream again. */
  'watch.congested': z.object({
    watchId: id,
    action: z.enum(['sub', 'paused', 'resumed']),
    reason: reasonSchema.optional(),
    /** When a better picture is tried; missing where it is up to the viewer. */
    retryInMs: z.number().optional(),
  }),
  /** A viewer gets the other of the camera's pictures: as it asked, or since that one does not come. */
  'watch.quality': z.object({ watchId: id, given: qualitySchema }),
  'watch.closed': z.object({
    watchId: id,
    code: z.string(),
    retryable: z.boolean(),
    /** For people, where the code alone does not say what to do. */
    message: z.string().optional(),
  }),
  /** Something begins, ends or changes at a camera, or was removed from what is kept. */
  'camera.event': cameraEventSchema.extend({ removed: z.literal(true).optional() }),
  'server.closing': z.object({ retryAfterMs: z.number() }),
} as const;

export type EventName = keyof typeof EVENTS;
export type EventData<E extends EventName> = z.output<(typeof EVENTS)[E]>;

export const serverMessageSchema = z.union([
  z.object({ id: z.union([z.number(), z.string()]), result: z.unknown() }).strict(),
  z
    .object({
      id: z.union([z.number(), z.string(), z.null()]),
      error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
    })
    .strict(),
  z.object({ event: z.string(), data: z.unknown() }).strict(),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;
