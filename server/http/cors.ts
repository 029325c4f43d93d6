import type { FastifyReply, FastifyRequest } from 'fastify';

const ALLOWED_METHODS = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
const ALLOWED_HEADERS = 'Authorization, Content-Type, If-Match, If-None-Match, Range';
const EXPOSED_HEADERS = 'Location, ETag, Accept-Patch, Retry-After, Content-Range, X-Frame-Time';
const PREFLIGHT_MAX_AGE_S = 600;

/**
 * CORS for allowed origins by their name, never `*` and never with cookies: a page of another site brings the
 * token itself.
 */
export function setCorsHeaders(reply: FastifyReply, origin: string | undefined): void {
  reply.header('vary', 'Origin');
  if (origin === undefined) return;
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED_HEADERS,
  });
}

export function isPreflight(request: FastifyRequest): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

/** A preflight of an origin that is not allowed gets no CORS header, which is a no to the browser. */
export function answerPreflight(reply: FastifyReply, origin: string | undefined): FastifyReply {
  if (origin === undefined) return reply.code(403).send();
  return reply
    .code(204)
    .headers({
      'access-control-allow-methods': ALLOWED_METHODS,
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': String(PREFLIGHT_MAX_AGE_S),
    })
    .send();
}
