import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isInternalStream, type StreamId, streamId } from '../../../shared/names.ts';
import { isoTime } from '../../../shared/time.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import { matchesEtag } from '../byte-range.ts';
import type { FrameAnswer, FramesPort } from '../ports-frames.ts';
import { countField, timeMsField } from '../query-fields.ts';
import { type ApiRoute, defineRoute, type RouteAnswer } from '../route.ts';
import { streamPathSchema } from './streams.ts';

const JPEG_TYPE = 'image/jpeg';
const TAG = 'frames';
/** Recorded pictures do not change, but may be deleted. */
const RECORDED_MAX_AGE_S = 3600;

const ANSWERS: readonly RouteAnswer[] = [
  {
    status: 200,
    description: 'The picture.',
    contentType: JPEG_TYPE,
    headers: {
      'X-Frame-Time': 'When the picture was, in Unix milliseconds.',
      ETag: 'Changes with the picture.',
    },
  },
  { status: 304, description: 'It is still the picture that If-None-Match names.' },
];

/** The gateway's own streams are shown to nobody: those of tests have pictures of their own. */
function shownStream({ app, name }: { readonly app: string; readonly name: string }): StreamId {
  const stream = streamId(app, name);
  if (isInternalStream(stream)) throw noSuchStream(stream);
  return stream;
}

/** Pictures of streams, of now and of recorded time. */
export function frameRoutes(frames: FramesPort): ApiRoute[] {
  return [frameRoute(frames), thumbnailRoute(frames), thumbnailsRoute(frames)];
}

function frameRoute(frames: FramesPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/streams/:app/:name/frame',
    access: 'token',
    tag: TAG,
    summary: 'A picture of a stream as a JPEG: of now, or of a recorded instant.',
    description:
      'Of now it is the newest key frame; a stream that is on demand is started for it. With `at` it is the very picture that ' +
      'was to be seen then, also of streams that were removed since.',
    params: streamPathSchema,
    query: z.object({
      at: timeMsField('Unix milliseconds. Default: now.').optional(),
      width: countField('Pixels; the height follows. Never wider than the picture itself.', {
        min: 16,
        max: 7680,
      }).optional(),
    }),
    answers: ANSWERS,
    errors: [
      'BAD_REQUEST',
      'STREAM_NOT_FOUND',
      'NOT_RECORDED',
      'STREAM_NOT_LIVE',
      'PICTURE_DAMAGED',
      'RATE_LIMITED',
      'STORAGE_UNAVAILABLE',
    ],
    async handle({ params, query: { at, width }, request, reply }) {
      const frame = await frames.frame(shownStream(params), {
        ...(at === undefined ? {} : { atMs: at }),
        ...(width === undefined ? {} : { width }),
      });
      return answerFrame(frame, { isRecorded: at !== undefined, request, reply });
    },
  });
}

function thumbnailRoute(frames: FramesPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/streams/:app/:name/thumbnail',
    access: 'token',
    tag: TAG,
    summary: 'A small picture (320 pixels wide) of recorded time.',
    description: 'The last one kept before `at`; where none is near, the key frame before `at` is decoded.',
    params: streamPathSchema,
    query: z.object({ at: timeMsField('Unix milliseconds.') }),
    answers: ANSWERS,
    errors: [
      'BAD_REQUEST',
      'STREAM_NOT_FOUND',
      'NOT_RECORDED',
      'PICTURE_DAMAGED',
      'RATE_LIMITED',
      'STORAGE_UNAVAILABLE',
    ],
    async handle({ params, query: { at }, request, reply }) {
      const frame = await frames.thumbnail(shownStream(params), at);
      return answerFrame(frame, { isRecorded: true, request, reply });
    },
  });
}

function thumbnailsRoute(frames: FramesPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/streams/:app/:name/thumbnails',
    access: 'token',
    tag: TAG,
    summary: 'Times of which small pictures are kept, evenly over the asked time.',
    params: streamPathSchema,
    query: z.object({
      from: timeMsField('Default: a day before `to`.').optional(),
      to: timeMsField('Default: now.').optional(),
      max: countField('How many at most; default 100.', { min: 1, max: 1000 }).optional(),
    }),
    answers: [
      {
        status: 200,
        description: 'Oldest first; `GET thumbnail?at=` with such a time is the picture.',
        contentType: 'application/json',
        schema: z.object({ thumbnails: z.array(z.object({ at: z.number().int() })) }),
      },
    ],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    async handle({ params, query: { from, to, max } }) {
      const times = await frames.thumbnails(shownStream(params), {
        ...(from === undefined ? {} : { fromMs: from }),
        ...(to === undefined ? {} : { toMs: to }),
        ...(max === undefined ? {} : { max }),
      });
      return { thumbnails: times.map((at) => ({ at })) };
    },
  });
}

/** A JPEG with its time and entity tag, or 304. */
export function answerFrame(
  { jpeg, atMs }: FrameAnswer,
  to: { isRecorded: boolean; request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const { request, reply } = to;
  // Time and length tell apart what one address may answer with: other widths have other addresses.
  const etag = `"${atMs}-${jpeg.length}"`;
  reply
    .header('etag', etag)
    .header('x-frame-time', String(atMs))
    // A picture of now is asked for again and again; where it is the same it need not travel again.
    .header('cache-control', to.isRecorded ? `private, max-age=${RECORDED_MAX_AGE_S}` : 'private, no-cache');
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply
    .header('content-disposition', `inline; filename="${isoTime(atMs).replaceAll(':', '-')}.jpg"`)
    .type(JPEG_TYPE)
    .send(jpeg);
}
