import { z } from 'zod';
import {
  cameraEventSchema,
  EVENT_KINDS,
  type EventKind,
  eventPageSchema,
  eventPatchSchema,
  newEventSchema,
} from '../../../shared/events.ts';
import { nameSchema, streamId, streamIdSchema } from '../../../shared/names.ts';
import type { AskedEvents, EventsPort } from '../ports-events.ts';
import { countField, timeMsField } from '../query-fields.ts';
import { type ApiRoute, defineRoute } from '../route.ts';
import { streamPathSchema } from './streams.ts';

const JSON_TYPE = 'application/json';
const OF_STREAM = '/api/v1/streams/:app/:name/events';
const TAG = 'events';
const MAX_BODY_BYTES = 16 * 1024;
const KINDS: ReadonlySet<string> = new Set(EVENT_KINDS);

const eventPathSchema = z.object({
  app: nameSchema,
  name: nameSchema,
  id: z.string().regex(/^[0-9a-f-]{1,64}$/, 'must be the id of an event'),
});

const kindsField = z
  .string()
  .max(128)
  .transform((text, context): EventKind[] => {
    const kinds = text.split(',');
    if (kinds.every((kind): kind is EventKind => KINDS.has(kind))) return kinds;
    context.addIssue({
      code: 'custom',
      message: `must be of ${EVENT_KINDS.join(', ')}; several with commas`,
    });
    return z.NEVER;
  })
  .meta({ description: `Of ${EVENT_KINDS.join(', ')}; several with commas. Default: all.` });

const queryFields = {
  from: timeMsField('Default: a day before `to`.').optional(),
  to: timeMsField('Default: now.').optional(),
  kind: kindsField.optional(),
  max: countField('How many at most; default 100.', { min: 1, max: 1000 }).optional(),
  before: z.string().max(96).meta({ description: '`next` of the page before.' }).optional(),
};
const queryOfStream = z.object(queryFields);
const queryOfAll = z.object({
  ...queryFields,
  stream: streamIdSchema.meta({ description: 'Only those of this stream, as `app/name`.' }).optional(),
});

function asked({ from, to, kind, max, before, stream }: Partial<z.output<typeof queryOfAll>>): AskedEvents {
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
    ...(kind === undefined ? {} : { kinds: kind }),
    ...(max === undefined ? {} : { max }),
    ...(before === undefined ? {} : { before }),
  };
}

/** What happened at the cameras: motion, inputs and the like, and what programs report. */
export function eventRoutes(events: EventsPort): ApiRoute[] {
  return [
    listRoute(events),
    ofStreamRoute(events),
    addRoute(events),
    patchRoute(events),
    removeRoute(events),
  ];
}

const PAGE = {
  status: 200,
  description: 'Newest first; `next` where there are more.',
  contentType: JSON_TYPE,
  schema: eventPageSchema,
};

function listRoute(events: EventsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/events',
    access: 'token',
    tag: TAG,
    summary: 'What happened at the cameras, newest first.',
    description:
      'Those that overlap the asked time, which is at most 366 days. Cameras report by ONVIF, programs by POST. Events are kept as long as the recordings of their stream, whether it is recorded or not.',
    query: queryOfAll,
    answers: [PAGE],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    handle: ({ query }) => events.list(asked(query)),
  });
}

function ofStreamRoute(events: EventsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: OF_STREAM,
    access: 'token',
    tag: TAG,
    summary: 'What happened at one camera, newest first.',
    params: streamPathSchema,
    query: queryOfStream,
    answers: [PAGE],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    handle: ({ params, query }) =>
      events.list(asked({ ...query, stream: streamId(params.app, params.name) })),
  });
}

function addRoute(events: EventsPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: OF_STREAM,
    access: 'token',
    tag: TAG,
    summary: 'Reports an event: a mark on the timeline, such as the ring of a door bell.',
    description:
      'Without `start` it is of now. With `isActive` it goes on until a PATCH gives its `end`, or the gateway stops; at most 256 of a stream do.',
    params: streamPathSchema,
    body: { contentType: JSON_TYPE, schema: newEventSchema, maxBytes: MAX_BODY_BYTES },
    answers: [
      {
        status: 201,
        description: 'Kept, and told to whoever listens.',
        contentType: JSON_TYPE,
        schema: cameraEventSchema,
        headers: { Location: 'The path of the event.' },
      },
    ],
    errors: [
      'BAD_REQUEST',
      'STREAM_NOT_FOUND',
      'CONFLICT',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'STORAGE_UNAVAILABLE',
    ],
    async handle({ params, body, reply }) {
      const event = await events.add(streamId(params.app, params.name), body);
      reply.header('location', `/api/v1/streams/${params.app}/${params.name}/events/${event.id}`);
      return reply.code(201).send(event);
    },
  });
}

function patchRoute(events: EventsPort): ApiRoute {
  return defineRoute({
    method: 'PATCH',
    url: `${OF_STREAM}/:id`,
    access: 'token',
    tag: TAG,
    summary: 'Changes an event that a program has reported; `end` ends it.',
    params: eventPathSchema,
    body: { contentType: JSON_TYPE, schema: eventPatchSchema, maxBytes: MAX_BODY_BYTES },
    answers: [{ status: 200, description: 'Changed.', contentType: JSON_TYPE, schema: cameraEventSchema }],
    errors: [
      'BAD_REQUEST',
      'STREAM_NOT_FOUND',
      'EVENT_NOT_FOUND',
      'CONFLICT',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'STORAGE_UNAVAILABLE',
    ],
    handle: ({ params, body }) => events.patch(streamId(params.app, params.name), params.id, body),
  });
}

function removeRoute(events: EventsPort): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: `${OF_STREAM}/:id`,
    access: 'token',
    tag: TAG,
    summary: 'Removes an event that a program has reported.',
    params: eventPathSchema,
    answers: [{ status: 204, description: 'Removed.' }],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'EVENT_NOT_FOUND', 'CONFLICT', 'STORAGE_UNAVAILABLE'],
    async handle({ params, reply }) {
      await events.remove(streamId(params.app, params.name), params.id);
      return reply.code(204).send();
    },
  });
}
