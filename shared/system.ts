import { z } from 'zod';

/** The gateway as a whole; `GET /api/v1/system`. Nothing here is a secret, yet it asks for the token. */
export const systemStatusSchema = z.object({
  version: z.string(),
  versions: z.object({
    node: z.string(),
    mediasoup: z.string().optional(),
    ffmpeg: z.string().optional(),
    /** e.g. `Linux 6.1 x64`. */
    system: z.string(),
  }),
  startedAt: z.number(),
  /** Its own clock, to see how far the viewer's is off. */
  now: z.number(),
  ready: z.boolean(),
  /** What readiness rests on. */
  checks: z.record(z.string(), z.boolean()),
  cpu: z.object({
    cores: z.number(),
    /** Cores' worth that the gateway's main process took in the last seconds, e.g. 0.25. */
    gateway: z.number(),
    /** Load of the whole machine, 0..1 of all cores. */
    machine: z.number(),
  }),
  memory: z.object({ gatewayBytes: z.number(), machineBytes: z.number(), machineFreeBytes: z.number() }),
  workers: z.array(
    z.object({
      id: z.number(),
      state: z.enum(['running', 'starting', 'hanging']),
      viewers: z.number(),
      /** Cores' worth. */
      cpu: z.number().optional(),
      memoryBytes: z.number().optional(),
      restarts: z.number(),
    }),
  ),
  streams: z.object({ total: z.number(), live: z.number(), waiting: z.number(), recorded: z.number() }),
  viewers: z.object({ webrtc: z.number(), whep: z.number(), hls: z.number(), rtsp: z.number() }),
  disks: z.array(
    z.object({
      path: z.string(),
      state: z.enum(['ready', 'full', 'missing', 'failing']),
      /** For people, where something is wrong. */
      reason: z.string().optional(),
      totalBytes: z.number().optional(),
      freeBytes: z.number().optional(),
      recordedBytes: z.number(),
      /** Until the space is used up, at the rate of late; or until the oldest is deleted where retention keeps up. */
      daysLeft: z.number().optional(),
      streams: z.number(),
    }),
  ),
});
export type SystemStatus = z.infer<typeof systemStatusSchema>;

/** One line of the gateway's log, newest last; as it is printed, so without any secret. */
export const logLineSchema = z.object({
  /** Ascending; `after` asks for those behind it. */
  seq: z.number(),
  time: z.number(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  stream: z.string().optional(),
  message: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;

/** A setting as the page shows it. Those of the configuration file or the environment are fixed: `isFixed` says by what. */
export const settingSchema = z.object({
  key: z.string(),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  /** What it would be if nobody had set it. */
  default: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  setBy: z.enum(['default', 'file', 'environment', 'page']),
  /** Whether the page may change it. */
  canChange: z.boolean(),
  /** A change takes effect at the next start only. */
  needsRestart: z.boolean(),
  kind: z.enum(['text', 'number', 'days', 'bytes', 'milliseconds', 'switch', 'choice']),
  choices: z.array(z.string()).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  /** For people. */
  description: z.string(),
});
export type Setting = z.infer<typeof settingSchema>;
