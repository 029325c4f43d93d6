import { Readable } from 'node:stream';
import { z } from 'zod';
import { ApiError, type ErrorCode } from '../../../shared/errors.ts';
import { isInternalStream, nameSchema, type StreamId, streamId } from '../../../shared/names.ts';
import { exportJobSchema, periodFileSchema } from '../../../shared/recording.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import type { ExportsPort } from '../ports-exports.ts';
import { countField, timeMsField } from '../query-fields.ts';
import { type ApiRoute, defineRoute } from '../route.ts';
import { attachment, sendFile } from '../send-file.ts';
import { streamPathSchema } from './streams.ts';

const JSON_TYPE = 'application/json';
const MP4_TYPE = 'video/mp4';
const TAG = 'exports';
const ONE = '/api/v1/exports/:id';
const MAX_BODY_BYTES = 16 * 1024;
const MAX_DURATION_MS = 1e13;
const PERIOD_FILES_LIMIT = 1000;

const timeMs = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const durationMs = z.number().int().positive().max(MAX_DURATION_MS);
const fileName = z.string().min(1).max(200);
const gaps = z.enum(['skip', 'keep']).meta({
  description:
    'Time that was not recorded is left out (the default), or the last picture stands for so long.',
});
const manifest = z.boolean().meta({ description: 'SHA-256 digests beside the files; true by default.' });

const newExportSchema = z.strictObject({
  app: nameSchema.default('live'),
  name: nameSchema,
  start: timeMs,
  end: timeMs.optional(),
  durationMs: durationMs.optional(),
  fileName: fileName.optional(),
  gaps: gaps.optional(),
  manifest: manifest.optional(),
});

/** The names of this one are older than the rest of the API, and other programs know them. */
const convertSchema = z.strictObject({
  app_name: nameSchema,
  stream_name: nameSchema,
  start_time: timeMs,
  end_time: timeMs.optional(),
  duration: durationMs.optional(),
  file_name: fileName.optional(),
  gaps: gaps.optional(),
  manifest: manifest.optional(),
});
const convertedSchema = z.object({ job_id: z.string(), file_name: z.string(), status_url: z.string() });

const idSchema = z.object({ id: z.string().regex(/^[a-z0-9]{1,64}$/, 'must be the id of an export') });
const partSchema = z.object({
  part: countField('Which file, where the camera changed its format; 1 is the first.', {
    min: 1,
    max: 10_000,
  }).optional(),
});
const clipSchema = z.object({
  start_time: timeMsField('Unix milliseconds.'),
  end_time: timeMsField('Unix milliseconds; instead of duration.').optional(),
  duration: countField('Milliseconds.', { min: 1, max: MAX_DURATION_MS }).optional(),
});
const periodQuerySchema = z.object({
  app: nameSchema.optional(),
  name: nameSchema.optional(),
  from: timeMsField('Unix milliseconds: periods that end after it.').optional(),
  to: timeMsField('Unix milliseconds: periods that begin before it.').optional(),
  limit: countField('How many at most; 1000 by default.', { min: 1, max: PERIOD_FILES_LIMIT }).optional(),
});
const periodIdSchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9_~-]{1,200}$/, 'must be the id of a period file'),
});

const CREATE_ERRORS = [
  'BAD_REQUEST',
  'STREAM_NOT_FOUND',
  'NOT_RECORDED',
  'CONFLICT',
  'TOO_MANY_EXPORTS',
  'UNSUPPORTED_MEDIA_TYPE',
  'PAYLOAD_TOO_LARGE',
  'STORAGE_UNAVAILABLE',
] as const;
const FILE_ANSWERS = (contentType: string) => [
  {
    status: 200,
    description: 'All of it.',
    contentType,
    headers: { ETag: 'Changes with the file.', 'Content-Disposition': 'The name of the file.' },
  },
  { status: 206, description: 'The bytes that Range asks for.', contentType },
  { status: 304, description: 'As If-None-Match says.' },
];

/** MP4 of what is recorded: jobs, clips, and a file for each period. */
export function exportRoutes(exports: ExportsPort): ApiRoute[] {
  return [
    convertRoute(exports),
    listRoute(exports),
    createRoute(exports),
    getRoute(exports),
    removeRoute(exports),
    retryRoute(exports),
    fileRoute(exports),
    manifestRoute(exports),
    clipRoute(exports),
    periodFilesRoute(exports),
    periodFileRoute(exports),
  ];
}

function convertRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: '/v1/nvr/convert2mp4',
    access: 'token',
    tag: TAG,
    summary: 'Begins to make an MP4 of a recorded time, and answers at once.',
    body: { contentType: JSON_TYPE, schema: convertSchema, maxBytes: MAX_BODY_BYTES },
    answers: [{ status: 202, description: 'Queued.', contentType: JSON_TYPE, schema: convertedSchema }],
    errors: CREATE_ERRORS,
    async handle({ body, reply }) {
      const job = await exports.create({
        stream: publicStream(body.app_name, body.stream_name),
        start: body.start_time,
        end: body.end_time,
        durationMs: body.duration,
        fileName: body.file_name,
        gaps: body.gaps,
        manifest: body.manifest,
      });
      return reply
        .code(202)
        .send({ job_id: job.id, file_name: job.fileName, status_url: `/api/v1/exports/${job.id}` });
    },
  });
}

function listRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/exports',
    access: 'token',
    tag: TAG,
    summary: 'Lists all export jobs, newest first.',
    answers: [
      {
        status: 200,
        description: 'The jobs.',
        contentType: JSON_TYPE,
        schema: z.object({ exports: z.array(exportJobSchema) }),
      },
    ],
    errors: ['STORAGE_UNAVAILABLE'],
    handle: () => ({ exports: exports.list() }),
  });
}

function createRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: '/api/v1/exports',
    access: 'token',
    tag: TAG,
    summary: 'Begins to make an MP4 of a recorded time.',
    description: 'Times are Unix milliseconds; give end or durationMs. At most 24 hours.',
    body: { contentType: JSON_TYPE, schema: newExportSchema, maxBytes: MAX_BODY_BYTES },
    answers: [
      {
        status: 202,
        description: 'Queued.',
        contentType: JSON_TYPE,
        schema: exportJobSchema,
        headers: { Location: 'The path of the job.' },
      },
    ],
    errors: CREATE_ERRORS,
    async handle({ body: { app, name, ...wish }, reply }) {
      const job = await exports.create({ stream: publicStream(app, name), ...wish });
      return reply.code(202).header('location', `/api/v1/exports/${job.id}`).send(job);
    },
  });
}

function getRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: ONE,
    access: 'token',
    tag: TAG,
    summary: 'One export job with its state, progress, files and gaps.',
    params: idSchema,
    answers: [{ status: 200, description: 'The job.', contentType: JSON_TYPE, schema: exportJobSchema }],
    errors: ['BAD_REQUEST', 'EXPORT_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    handle({ params }) {
      const job = exports.get(params.id);
      if (job !== undefined) return job;
      throw new ApiError(
        'EXPORT_NOT_FOUND',
        'There is no such export; GET /api/v1/exports lists those there are.',
      );
    },
  });
}

function removeRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: ONE,
    access: 'token',
    tag: TAG,
    summary: 'Cancels a job that waits or runs; removes any other with its files.',
    params: idSchema,
    answers: [
      { status: 200, description: 'Cancelled.', contentType: JSON_TYPE, schema: exportJobSchema },
      { status: 204, description: 'Removed.' },
    ],
    errors: ['BAD_REQUEST', 'EXPORT_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    async handle({ params, reply }) {
      const cancelled = await exports.remove(params.id);
      return cancelled === undefined ? reply.code(204).send() : reply.code(200).send(cancelled);
    },
  });
}

function retryRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: `${ONE}/retry`,
    access: 'token',
    tag: TAG,
    summary: 'Puts a failed or cancelled job into the queue again.',
    params: idSchema,
    answers: [{ status: 202, description: 'Queued.', contentType: JSON_TYPE, schema: exportJobSchema }],
    errors: ['BAD_REQUEST', 'EXPORT_NOT_FOUND', 'CONFLICT', 'TOO_MANY_EXPORTS', 'STORAGE_UNAVAILABLE'],
    async handle({ params, reply }) {
      return reply.code(202).send(await exports.retry(params.id));
    },
  });
}

/** What a file of a job may answer instead of itself. */
const JOB_FILE_ERRORS: readonly ErrorCode[] = [
  'BAD_REQUEST',
  'EXPORT_NOT_FOUND',
  'EXPORT_NOT_READY',
  'NOT_FOUND',
  'RANGE_NOT_SATISFIABLE',
  'RATE_LIMITED',
  'STORAGE_UNAVAILABLE',
];

function fileRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: `${ONE}/file`,
    access: 'token',
    tag: TAG,
    summary: 'The MP4 of a job that is done.',
    params: idSchema,
    query: partSchema,
    answers: FILE_ANSWERS(MP4_TYPE),
    errors: JOB_FILE_ERRORS,
    async handle({ params, query, request, reply }) {
      return sendFile(await exports.file(params.id, query.part ?? 1), MP4_TYPE, { request, reply });
    },
  });
}

function manifestRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: `${ONE}/manifest`,
    access: 'token',
    tag: TAG,
    summary: 'SHA-256 digests of the files of a job, as "sha256sum -c" reads them.',
    params: idSchema,
    answers: FILE_ANSWERS('text/plain'),
    errors: JOB_FILE_ERRORS,
    async handle({ params, request, reply }) {
      return sendFile(await exports.manifest(params.id), 'text/plain; charset=utf-8', { request, reply });
    },
  });
}

function clipRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/streams/:app/:name/clip.mp4',
    access: 'token',
    tag: TAG,
    summary: 'A recorded time as fragmented MP4, streamed at once without a job.',
    description:
      'It begins with the key frame before start_time; give duration or end_time, at most 4 hours. Gaps are closed up; ' +
      'it ends where the camera changed its format.',
    params: streamPathSchema,
    query: clipSchema,
    answers: [
      {
        status: 200,
        description: 'The clip.',
        contentType: MP4_TYPE,
        headers: {
          'X-Leading-Media-Duration': 'How many milliseconds before start_time it begins.',
          'Content-Disposition': 'A name for the file.',
        },
      },
    ],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'NOT_RECORDED', 'TOO_MANY_EXPORTS', 'STORAGE_UNAVAILABLE'],
    async handle({ params: { app, name }, query, request, reply }) {
      const asked = { start: query.start_time, end: query.end_time, durationMs: query.duration };
      const { leadMs, body } = await exports.clip(publicStream(app, name), asked);
      reply.type(MP4_TYPE).headers({
        'x-leading-media-duration': String(leadMs),
        'accept-ranges': 'none',
        'content-disposition': attachment(`${name}_${query.start_time}.mp4`).replace('attachment', 'inline'),
      });
      if (request.method !== 'HEAD') return reply.send(body);
      body.destroy();
      return reply.send(Readable.from([]));
    },
  });
}

function periodFilesRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/period-files',
    access: 'token',
    tag: TAG,
    summary: 'Lists the MP4 files of fixed periods (record.mp4EveryMs), newest first.',
    query: periodQuerySchema,
    answers: [
      {
        status: 200,
        description: 'The files.',
        contentType: JSON_TYPE,
        schema: z.object({ files: z.array(periodFileSchema) }),
      },
    ],
    errors: ['BAD_REQUEST', 'STORAGE_UNAVAILABLE'],
    async handle({ query: { app, name, limit = PERIOD_FILES_LIMIT, ...range } }) {
      if (app !== undefined && name === undefined) {
        throw new ApiError('BAD_REQUEST', 'Give the name of the stream too, or neither app nor name.');
      }
      const stream = name === undefined ? {} : { stream: streamId(app ?? 'live', name) };
      return { files: await exports.periodFiles({ ...stream, ...range, limit }) };
    },
  });
}

function periodFileRoute(exports: ExportsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/period-files/:id/file',
    access: 'token',
    tag: TAG,
    summary: 'The MP4 of a period.',
    params: periodIdSchema,
    answers: FILE_ANSWERS(MP4_TYPE),
    errors: [
      'BAD_REQUEST',
      'PERIOD_FILE_NOT_FOUND',
      'NOT_FOUND',
      'RANGE_NOT_SATISFIABLE',
      'RATE_LIMITED',
      'STORAGE_UNAVAILABLE',
    ],
    async handle({ params, request, reply }) {
      return sendFile(await exports.periodFile(params.id), MP4_TYPE, { request, reply });
    },
  });
}

/** The gateway's own streams are shown to nobody. */
function publicStream(app: string, name: string): StreamId {
  const id = streamId(app, name);
  if (isInternalStream(id)) throw noSuchStream(id);
  return id;
}
