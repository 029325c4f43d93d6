import { z } from 'zod';
import { ERROR_TABLE, type ErrorCode, errorBodySchema } from '../../shared/errors.ts';
import { streamDefinitionSchema, streamPatchSchema, streamStatusSchema } from '../../shared/stream.ts';
import type { ApiRoute, RouteAnswer } from './route.ts';

type Json = Record<string, unknown>;

/** Schemas worth a name of their own. What is sent is described as input, what is answered as output. */
const NAMED: ReadonlyArray<{ name: string; schema: z.ZodType; io: 'input' | 'output' }> = [
  { name: 'Stream', schema: streamStatusSchema, io: 'output' },
  { name: 'StreamDefinition', schema: streamDefinitionSchema, io: 'input' },
  { name: 'StreamPatch', schema: streamPatchSchema, io: 'input' },
  { name: 'Error', schema: errorBodySchema, io: 'output' },
];

/** Makes the OpenAPI 3.1 document from the table that the routes are served from. */
export function openApiDocument(routes: readonly ApiRoute[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = openApiPath(route.url);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version,
      description:
        'WebRTC gateway and recorder for IP cameras. Times are Unix milliseconds. Errors have one shape; their ' +
        'codes never change. Live viewers use WHEP or the signaling over WebSocket.',
    },
    paths,
    components: {
      schemas: Object.fromEntries(NAMED.map(({ name, schema, io }) => [name, jsonSchema(schema, io)])),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The token, as auth.apiToken sets it.' },
        query: { type: 'apiKey', in: 'query', name: 'access_token', description: 'For GET and WHEP.' },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: 'sluice_session',
          description: 'From POST /api/v1/login.',
        },
      },
    },
  };
}

/** `/a/:b/*` as OpenAPI spells it: `/a/{b}/{path}`. */
export function openApiPath(url: string): string {
  return url.replace(/:([A-Za-z]+)/g, '{$1}').replace('*', '{path}');
}

function operation(route: ApiRoute): Json {
  return {
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.params === undefined && route.query === undefined ? {} : { parameters: parametersOf(route) }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [route.body.contentType]: { schema: reference(route.body.schema, 'input') } },
          },
        }),
    responses: { ...successes(route.answers), ...failures(route) },
    security: route.access === 'public' ? [] : securityOf(route),
  };
}

function securityOf(route: ApiRoute): Json[] {
  const query = route.method === 'GET' || route.queryToken === true ? [{ query: [] }] : [];
  return [{ bearer: [] }, ...query, { cookie: [] }];
}

function parametersOf({ params, query }: ApiRoute): Json[] {
  return [
    ...(params === undefined ? [] : pathParameters(params)),
    ...(query === undefined ? [] : queryParameters(query)),
  ];
}

function queryParameters(query: z.ZodType): Json[] {
  const { properties, required } = jsonSchema(query, 'input');
  const needed = new Set((required ?? []) as string[]);
  return Object.entries((properties ?? {}) as Record<string, Json>).map(
    ([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      ...(needed.has(name) ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      schema,
    }),
  );
}

function pathParameters(params: z.ZodType): Json[] {
  const properties = jsonSchema(params, 'input').properties;
  return Object.entries((properties ?? {}) as Record<string, unknown>).map(([name, schema]) => ({
    name: name === '*' ? 'path' : name,
    in: 'path',
    required: true,
    schema,
  }));
}

function successes(answers: readonly RouteAnswer[]): Json {
  return Object.fromEntries(
    answers.map(({ status, description, contentType, schema, headers }) => [
      String(status),
      {
        description,
        ...(headers === undefined ? {} : { headers: headerObjects(headers) }),
        ...(contentType === undefined
          ? {}
          : {
              content: {
                [contentType]: { schema: schema ? reference(schema, 'output') : { type: 'string' } },
              },
            }),
      },
    ]),
  );
}

function headerObjects(headers: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

/** One answer per status, naming every code that comes with it. */
function failures(route: ApiRoute): Json {
  const always: ErrorCode[] =
    route.access === 'public'
      ? ['FORBIDDEN', 'INTERNAL']
      : ['UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED', 'INTERNAL'];
  const codesByStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...(route.errors ?? []), ...always])) {
    const { status } = ERROR_TABLE[code];
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...codesByStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  );
}

function reference(schema: z.ZodType, io: 'input' | 'output'): Json {
  const named = NAMED.find((entry) => entry.schema === schema);
  return named === undefined ? jsonSchema(schema, io) : { $ref: `#/components/schemas/${named.name}` };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...document } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return document;
}
