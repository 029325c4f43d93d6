import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiError, type ErrorCode } from '../../shared/errors.ts';
import { describeIssues, inputIssues } from '../base/schema-issues.ts';

export type RouteMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** What a route answers when all goes well. */
export interface RouteAnswer {
  readonly status: number;
  readonly description: string;
  readonly contentType?: string;
  readonly schema?: z.ZodType;
  /** Names and meanings of the headers that matter. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** All there is to know of a route: it is served from this, and the OpenAPI document is made from this. */
export interface RouteFacts {
  readonly method: RouteMethod;
  /** As Fastify spells it: `/api/v1/streams/:app/:name`. */
  readonly url: string;
  /** `public` routes never ask for the token. */
  readonly access: 'public' | 'token';
  /** Whether `?access_token=` will do; it always does for GET. */
  readonly queryToken?: boolean;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly answers: readonly RouteAnswer[];
  readonly errors?: readonly ErrorCode[];
}

export interface RouteBody<B> {
  readonly contentType: string;
  readonly schema: z.ZodType<B>;
  /** Where less than the limit of all routes (1 MiB) will do. */
  readonly maxBytes?: number;
}

interface RouteSpec<P, B, Q> extends RouteFacts {
  readonly params?: z.ZodType<P>;
  readonly body?: RouteBody<B>;
  /** An object of text fields (`query-fields.ts`); a parameter given twice is refused, an unknown one is let be. */
  readonly query?: z.ZodType<Q>;
  handle(input: RouteInput<P, B, Q>): unknown;
}

export interface RouteInput<P, B, Q = undefined> {
  readonly params: P;
  readonly body: B;
  readonly query: Q;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A route with its types taken off, so that all of them fit into one table. */
export interface ApiRoute extends RouteFacts {
  readonly params?: z.ZodType;
  readonly body?: RouteBody<unknown>;
  readonly query?: z.ZodType;
  run(request: FastifyRequest, reply: FastifyReply): unknown;
}

/** Checks params, query and body against their schemas before `handle` sees them. */
export function defineRoute<P = undefined, B = undefined, Q = undefined>(spec: RouteSpec<P, B, Q>): ApiRoute {
  const { handle, ...facts } = spec;
  return {
    ...facts,
    run(request, reply) {
      // Where there is no schema, P, B or Q is undefined, and so is what is handed over.
      const params = spec.params === undefined ? undefined : checked(spec.params, request.params, 'the path');
      const body = spec.body === undefined ? undefined : checkedBody(spec.body, request);
      const query = spec.query === undefined ? undefined : checkedQuery(spec.query, request);
      return handle({ params: params as P, body: body as B, query: query as Q, request, reply });
    },
  };
}

/** A parameter that is given twice comes as an array, which no schema of texts takes. */
function checkedQuery<Q>(schema: z.ZodType<Q>, request: FastifyRequest): Q {
  const values = request.query as Record<string, unknown>;
  const twice = Object.keys(values).find((name) => Array.isArray(values[name]));
  if (twice !== undefined) {
    throw new ApiError('BAD_REQUEST', `The parameter "${twice.slice(0, 64)}" is given more than once.`);
  }
  return checked(schema, values, 'the query');
}

function checkedBody<B>(body: RouteBody<B>, request: FastifyRequest): B {
  const given = mediaTypeOf(request);
  if (given !== undefined && given !== body.contentType) {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', `Send the body as ${body.contentType}.`);
  }
  return checked(body.schema, request.body, 'the body');
}

function mediaTypeOf(request: FastifyRequest): string | undefined {
  return request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
}

function checked<T>(schema: z.ZodType<T>, value: unknown, whole: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = inputIssues(parsed.error);
  throw new ApiError('BAD_REQUEST', `${describeIssues(issues, whole)}.`, { issues });
}
