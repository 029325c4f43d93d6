import { z } from 'zod';

/** What happened at a camera: what it reports by ONVIF, or what a program reports for it. */
export const EVENT_KINDS = ['motion', 'input', 'tamper', 'line', 'sound', 'other'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export const cameraEventSchema = z.object({
  id: z.string(),
  app: z.string(),
  name: z.string(),
  kind: z.enum(EVENT_KINDS),
  /** Unix milliseconds of the gateway's clock. */
  start: z.number(),
  /** Undefined while it goes on, and of what has no length. */
  end: z.number().optional(),
  /** Whether it is still going on. */
  isActive: z.boolean(),
  /** As the camera calls it, e.g. `tns1:RuleEngine/CellMotionDetector/Motion`. */
  topic: z.string().optional(),
  /** For people: a rule's or an input's name. */
  label: z.string().optional(),
  origin: z.enum(['onvif', 'api']),
});
export type CameraEvent = z.infer<typeof cameraEventSchema>;

/** What a program may report. */
export const newEventSchema = z.strictObject({
  kind: z.enum(EVENT_KINDS).default('other'),
  start: z.number().int().positive().optional(),
  end: z.number().int().positive().optional(),
  label: z.string().min(1).max(128).optional(),
});
export type NewEvent = z.output<typeof newEventSchema>;
