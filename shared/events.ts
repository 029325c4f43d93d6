import { z } from 'zod';

/** What happened at a camera: what it reports by ONVIF, or what a program reports for it. */
export const EVENT_KINDS = ['motion', 'input', 'tamper', 'line', 'sound', 'other'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];
export const eventKindSchema = z.enum(EVENT_KINDS);

export const cameraEventSchema = z.object({
  id: z.string(),
  app: z.string(),
  name: z.string(),
  kind: eventKindSchema,
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

/** A page of events, newest first. */
export const eventPageSchema = z.object({
  events: z.array(cameraEventSchema),
  /** There are more, from `before=<next>` on. */
  next: z.string().optional(),
});
export type EventPage = z.infer<typeof eventPageSchema>;

const eventTime = z.number().int().positive();
const eventLabel = z.string().min(1).max(128);

/** What a program may report. */
export const newEventSchema = z.strictObject({
  kind: eventKindSchema.default('other'),
  /** Default: now. */
  start: eventTime.optional(),
  /** Left out of what has no length, and of what goes on. */
  end: eventTime.optional(),
  /** It goes on until a PATCH ends it. */
  isActive: z.boolean().default(false),
  label: eventLabel.optional(),
});
export type NewEvent = z.output<typeof newEventSchema>;

/** What a program may change of an event that it has reported. An `end` ends it. */
export const eventPatchSchema = z.strictObject({
  kind: eventKindSchema.optional(),
  end: eventTime.optional(),
  label: eventLabel.optional(),
});
export type EventPatch = z.output<typeof eventPatchSchema>;
