import { z } from 'zod';
import { nameSchema, streamId } from '../../../shared/names.ts';
import {
  type StreamStatus,
  streamDefinitionSchema,
  streamPatchSchema,
  streamStatusSchema,
} from '../../../shared/stream.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import type { StreamDirectory } from '../ports.ts';
import { type ApiRoute, defineRoute } from '../route.ts';

/** The path of one stream. */
export const streamPathSchema = z.object({ app: nameSchema, name: nameSchema });

const JSON_TYPE = 'application/json';
const ONE = '/api/v1/streams/:app/:name';

/** The streams: list, create, read, change, remove, restart. */
export function streamRoutes(streams: StreamDirectory): ApiRoute[] {
  return [
    listRoute(streams),
    createRoute(streams),
    getRoute(streams),
    patchRoute(streams),
    removeRoute(streams),
    restartRoute(streams),
  ];
}

function listRoute(streams: StreamDirectory): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/streams',
    access: 'token',
    tag: 'streams',
    summary: 'Lists all streams with their status.',
    answers: [
      {
        status: 200,
        description: 'All streams.',
        contentType: JSON_TYPE,
        schema: z.object({ streams: z.array(streamStatusSchema) }),
      },
    ],
    handle: () => ({ streams: streams.list().map(shown) }),
  });
}

function createRoute(streams: StreamDirectory): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: '/api/v1/streams',
    access: 'token',
    tag: 'streams',
    summary: 'Adds a stream, which is kept over restarts.',
    body: { contentType: JSON_TYPE, schema: streamDefinitionSchema },
    answers: [
      {
        status: 201,
        description: 'Added. It connects on its own; its state tells how that goes.',
        contentType: JSON_TYPE,
        schema: streamStatusSchema,
        headers: { Location: 'The path of the stream.' },
      },
    ],
    errors: ['BAD_REQUEST', 'STREAM_EXISTS', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    async handle({ body, reply }) {
      const status = await streams.create(body);
      reply.header('location', `/api/v1/streams/${status.app}/${status.name}`);
      return reply.code(201).send(shown(status));
    },
  });
}

function getRoute(streams: StreamDirectory): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: ONE,
    access: 'token',
    tag: 'streams',
    summary: 'One stream with its status.',
    params: streamPathSchema,
    answers: [
      { status: 200, description: 'The stream.', contentType: JSON_TYPE, schema: streamStatusSchema },
    ],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND'],
    handle({ params }) {
      const id = streamId(params.app, params.name);
      const status = streams.get(id);
      if (status === undefined) throw noSuchStream(id);
      return shown(status);
    },
  });
}

function patchRoute(streams: StreamDirectory): ApiRoute {
  return defineRoute({
    method: 'PATCH',
    url: ONE,
    access: 'token',
    tag: 'streams',
    summary: 'Changes the given fields of a stream; a given source replaces the old one whole.',
    params: streamPathSchema,
    body: { contentType: JSON_TYPE, schema: streamPatchSchema },
    answers: [{ status: 200, description: 'Changed.', contentType: JSON_TYPE, schema: streamStatusSchema }],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STREAM_READ_ONLY', 'UNSUPPORTED_MEDIA_TYPE'],
    async handle({ params, body }) {
      return shown(await streams.patch(streamId(params.app, params.name), body));
    },
  });
}

function removeRoute(streams: StreamDirectory): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: ONE,
    access: 'token',
    tag: 'streams',
    summary: 'Removes a stream; its viewers are told.',
    params: streamPathSchema,
    answers: [{ status: 204, description: 'Removed.' }],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STREAM_READ_ONLY'],
    async handle({ params, reply }) {
      await streams.remove(streamId(params.app, params.name));
      return reply.code(204).send();
    },
  });
}

function restartRoute(streams: StreamDirectory): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: `${ONE}/restart`,
    access: 'token',
    tag: 'streams',
    summary: 'Lets the camera go and connects to it anew.',
    description:
      'For a camera that got stuck: also to one that waits for its next try, and to one of the configuration file. Viewers stay ' +
      'and see a pause; the stream’s state tells how it goes. A publisher (publish:) is sent away and may come again.',
    params: streamPathSchema,
    answers: [{ status: 204, description: 'It is let go, and connects anew.' }],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND'],
    async handle({ params, reply }) {
      await streams.restart(streamId(params.app, params.name));
      return reply.code(204).send();
    },
  });
}

/** Only what the schema names goes out, whatever else the object may hold. */
function shown(status: StreamStatus): StreamStatus {
  return streamStatusSchema.parse(status);
}
