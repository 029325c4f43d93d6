import { z } from 'zod';
import {
  layoutListSchema,
  layoutPatchSchema,
  layoutSchema,
  newLayoutSchema,
} from '../../../shared/layouts.ts';
import type { LayoutsPort } from '../ports-layouts.ts';
import { type ApiRoute, defineRoute } from '../route.ts';

const JSON_TYPE = 'application/json';
const TAG = 'layouts';
const ALL = '/api/v1/layouts';
const ONE = `${ALL}/:id`;
const MAX_BODY_BYTES = 16 * 1024;

const layoutPathSchema = z.object({ id: layoutSchema.shape.id });

/** The walls that were saved: list, create, read, change, remove. */
export function layoutRoutes(layouts: LayoutsPort): ApiRoute[] {
  return [
    listRoute(layouts),
    createRoute(layouts),
    getRoute(layouts),
    changeRoute(layouts),
    removeRoute(layouts),
  ];
}

function listRoute(layouts: LayoutsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: ALL,
    access: 'token',
    tag: TAG,
    summary: 'Lists the walls that were saved, by title.',
    answers: [{ status: 200, description: 'All of them.', contentType: JSON_TYPE, schema: layoutListSchema }],
    async handle() {
      return { layouts: await layouts.list() };
    },
  });
}

function createRoute(layouts: LayoutsPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: ALL,
    access: 'token',
    tag: TAG,
    summary: 'Saves a wall: which stream stands where.',
    description:
      '`tiles` go row by row, `columns` in each; null is an empty place. A stream that is not there (any more) keeps its place. At most 100 walls.',
    body: { contentType: JSON_TYPE, schema: newLayoutSchema, maxBytes: MAX_BODY_BYTES },
    answers: [
      {
        status: 201,
        description: 'Saved, durably.',
        contentType: JSON_TYPE,
        schema: layoutSchema,
        headers: { Location: 'The path of the layout.' },
      },
    ],
    errors: ['BAD_REQUEST', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    async handle({ body, reply }) {
      const layout = await layouts.create(body);
      reply.header('location', `${ALL}/${layout.id}`);
      return reply.code(201).send(layout);
    },
  });
}

function getRoute(layouts: LayoutsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: ONE,
    access: 'token',
    tag: TAG,
    summary: 'One saved wall.',
    params: layoutPathSchema,
    answers: [{ status: 200, description: 'The wall.', contentType: JSON_TYPE, schema: layoutSchema }],
    errors: ['BAD_REQUEST', 'LAYOUT_NOT_FOUND'],
    handle: ({ params }) => layouts.get(params.id),
  });
}

function changeRoute(layouts: LayoutsPort): ApiRoute {
  return defineRoute({
    method: 'PATCH',
    url: ONE,
    access: 'token',
    tag: TAG,
    summary: 'Changes the given fields of a saved wall; given tiles replace the old ones whole.',
    params: layoutPathSchema,
    body: { contentType: JSON_TYPE, schema: layoutPatchSchema, maxBytes: MAX_BODY_BYTES },
    answers: [{ status: 200, description: 'Changed.', contentType: JSON_TYPE, schema: layoutSchema }],
    errors: ['BAD_REQUEST', 'LAYOUT_NOT_FOUND', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    handle: ({ params, body }) => layouts.change(params.id, body),
  });
}

function removeRoute(layouts: LayoutsPort): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: ONE,
    access: 'token',
    tag: TAG,
    summary: 'Removes a saved wall; its streams stay.',
    params: layoutPathSchema,
    answers: [{ status: 204, description: 'Removed.' }],
    errors: ['BAD_REQUEST', 'LAYOUT_NOT_FOUND'],
    async handle({ params, reply }) {
      await layouts.remove(params.id);
      return reply.code(204).send();
    },
  });
}
