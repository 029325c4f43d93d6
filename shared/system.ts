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
      /** `hanging`: it does not answer, and is replaced in a moment. */
      state: z.enum(['running', 'starting', 'hanging']),
      /** Tracks that it sends to viewers. */
      consumers: z.number(),
      /** Cores' worth. */
      cpu: z.number().optional(),
      memoryBytes: z.number().optional(),
      restarts: z.number(),
    }),
  ),
  streams: z.object({
    total: z.number(),
    live: z.number(),
    waiting: z.number(),
    /** Those that are to be recorded, and those that are just now. */
    toRecord: z.number(),
    recorded: z.number(),
  }),
  viewers: z.object({ webrtc: z.number(), whep: z.number(), hls: z.number(), rtsp: z.number() }),
  disks: z.array(
    z.object({
      /** The folder that holds `recordings`. */
      path: z.string(),
      state: z.enum(['ready', 'full', 'opening', 'missing', 'failing']),
      /** For people, where something is wrong. */
      reason: z.string().optional(),
      totalBytes: z.number().optional(),
      freeBytes: z.number().optional(),
      recordedBytes: z.number(),
      /** How many days of recordings fit, as the cameras have sent so far: the least of its streams. */
      daysLeft: z.number().optional(),
      /** Streams of which something is kept there. */
      streams: z.number(),
    }),
  ),
});
export type SystemStatus = z.infer<typeof systemStatusSchema>;

/** Somebody who watches just now. */
export const viewerSchema = z.object({
  /** `app/name`. */
  stream: z.string(),
  by: z.enum(['webrtc', 'whep', 'hls', 'rtsp']),
  /** Where from, as the gateway sees it: a proxy in between hides who it speaks for. */
  address: z.string().optional(),
  /** Unix milliseconds; of HLS when it was first seen. */
  since: z.number(),
});
export type Viewer = z.infer<typeof viewerSchema>;
export const viewersSchema = z.object({
  viewers: z.array(viewerSchema),
  /** Where there are more than are listed. */
  total: z.number(),
});

/** One line of the gateway's log, newest last; as it is printed, so without any secret. */
export const logLineSchema = z.object({
  /** Ascending; `after` asks for those behind it. */
  seq: z.number(),
  /** Unix milliseconds. */
  time: z.number(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  stream: z.string().optional(),
  message: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;
export const logTailSchema = z.object({ lines: z.array(logLineSchema), newest: z.number() });

const settingValueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type SettingValue = z.infer<typeof settingValueSchema>;

/** A setting as the page shows it. */
export const settingSchema = z.object({
  /** As in `sluice.yaml`, dotted. */
  key: z.string(),
  /** What holds, or will hold from the next start on; null: nothing is set. A list stands with commas. */
  value: settingValueSchema,
  /** What holds now, where that differs because a change waits for the next start. */
  running: settingValueSchema.optional(),
  /** What it would be if nobody had set it; null: it depends, see the description. */
  default: settingValueSchema,
  setBy: z.enum(['default', 'file', 'environment', 'page']),
  /** Whether the page may change it. What the file or the environment sets stays as it is there. */
  canChange: z.boolean(),
  /** A change takes effect at the next start only. */
  needsRestart: z.boolean(),
  kind: z.enum(['text', 'number', 'days', 'bytes', 'milliseconds', 'switch', 'choice', 'list']),
  choices: z.array(z.string()).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  /** The environment variable of the same. */
  variable: z.string().optional(),
  /** For people. */
  description: z.string(),
});
export type Setting = z.infer<typeof settingSchema>;
export const settingsSchema = z.object({ settings: z.array(settingSchema) });

/** Changes by key; null goes back to the default. All of them, or none where one does not fit. */
export const settingsPatchSchema = z
  .record(z.string().min(1).max(64), settingValueSchema)
  .refine((changes) => Object.keys(changes).length <= 64, { message: 'holds more than 64 settings' });
export type SettingsPatch = z.output<typeof settingsPatchSchema>;
