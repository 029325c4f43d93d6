import { z } from 'zod';
import { streamIdSchema } from './names.ts';
import { cameraReportSchema } from './report.ts';
import { sourceSchema, streamStatusSchema } from './stream.ts';

/** A source to be tried before it is saved. It is dialled as a stream would be, and forgotten a minute after the last question. */
export const newProbeSchema = z.strictObject({
  source: sourceSchema,
  /**
   * A stream whose kept password is to be used where `source` has none, as a PATCH of it would: the same user on the
   * same host only.
   */
  passwordOf: streamIdSchema.optional(),
});
export type NewProbe = z.output<typeof newProbeSchema>;

export const probeSchema = z.object({
  id: z.string(),
  /** As of a stream; `status.state` and `status.reason` say how it goes. */
  status: streamStatusSchema.omit({ app: true, name: true, recorder: true, readOnly: true }),
  report: cameraReportSchema.omit({ app: true, name: true }).optional(),
  /** Whether `GET /api/v1/probes/{id}/frame` has a picture. */
  hasPicture: z.boolean(),
  /** How the camera's second stream fares, where the source names one; it is dialled once the first one is there. */
  sub: streamStatusSchema
    .pick({ state: true, reason: true, codec: true, width: true, height: true, fps: true, bitrateKbps: true })
    .optional(),
});
export type Probe = z.infer<typeof probeSchema>;

/** A list of cameras as text, to be added at once. */
export const bulkRequestSchema = z.strictObject({
  format: z.enum(['csv', 'yaml']),
  text: z.string().max(512 * 1024),
  /** Says what would be done, and does nothing. */
  dryRun: z.boolean().default(false),
});
export type BulkRequest = z.output<typeof bulkRequestSchema>;

export const bulkResultSchema = z.object({
  rows: z.array(
    z.object({
      /** Of the text, from 1. */
      line: z.number().optional(),
      /** `app/name`, where that much could be read. */
      id: z.string().optional(),
      /** Where it would be dialled, without any secret. */
      url: z.string().optional(),
      outcome: z.enum(['added', 'would-add', 'exists', 'wrong']),
      /** For people: what is wrong, and what to write instead. */
      message: z.string().optional(),
    }),
  ),
  added: z.number(),
});
export type BulkResult = z.infer<typeof bulkResultSchema>;
export type BulkRow = BulkResult['rows'][number];
