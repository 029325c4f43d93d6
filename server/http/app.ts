import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { fastifyStatic } from '@fastify/static';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type RouteOptions,
} from 'fastify';
import { ApiError } from '../../shared/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { VERSION } from '../base/version.ts';
import { loggableTarget } from './access/credentials.ts';
import type { Gate, Identity } from './access/gate.ts';
import { answerPreflight, isPreflight, setCorsHeaders } from './cors.ts';
import { type DocumentForPage, docsPage } from './docs-page.ts';
import { asApiError, errorBody, replyWithError } from './error-reply.ts';
import type { HlsViewers } from './hls-viewers.ts';
import { straightenPlaylistUrl } from './odd-playlist-url.ts';
import { openApiDocument } from './openapi.ts';
import type { HttpPorts } from './ports.ts';
import type { ApiRoute } from './route.ts';
import { docsRoutes } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { sessionRoutes } from './routes/session.ts';
import { siteRoutes } from './routes/site.ts';
import { streamRoutes } from './routes/streams.ts';
import { whepRoutes } from './routes/whep.ts';
import { registerSecurityHeaders } from './security-headers.ts';

/** Routes of `routes/hls.ts`. */
const HLS_URL = /^\/:app\/:name\/(?:playlist\.m3u8|segments\/|key-frames\/)/;
const BODY_LIMIT_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
/** Whoever takes nothing of an answer for so long is gone, or wants to hold the memory that it waits in. */
const STALL_TIMEOUT_MS = 60_000;
/** How long answers that are under way may still take at a stop; a download of an hour's film must not hold up the recorder's end. */
const CLOSE_GRACE_MS = 2_000;
/** Viewers' WebSockets among them; each open connection costs some tens of kilobytes, whoever holds it. */
const DEFAULT_MAX_CONNECTIONS = 5_000;

/** What the HTTP edge is made of. */
export interface HttpAppOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: Gate;
  readonly ports: HttpPorts;
  /** The folder with the built control room; an absolute path. */
  readonly staticDir: string;
  /** Default 5000; further ones are closed at once. */
  readonly maxConnections?: number;
  /** Default 60 s: a connection on which nothing goes either way for so long is closed; WebSockets have their own rules. */
  readonly stallTimeoutMs?: number;
  /** Hears who plays over HLS. */
  readonly hlsViewers?: HlsViewers;
  /** More routes of the table, as later parts of the gateway bring them. */
  readonly routes?: readonly ApiRoute[];
  /** Hears of every route that is registered; the tests hold the OpenAPI document against them. */
  onRoute?(route: RouteOptions): void;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Missing means that the route asks for the token: what is forgotten stays shut. */
    access?: 'public' | 'token';
    queryToken?: boolean;
  }
  interface FastifyRequest {
    /** Who was let in; undefined on public routes. */
    identity: Identity | undefined;
  }
}

/**
 * Stands in for Fastify's own checks by JSON Schema, which no route uses: loading their compiler alone took a fifth of
 * the gateway's start.
 */
const noSchemas = (): never => {
  throw new Error('routes are checked by zod: see defineRoute');
};

/** Builds the HTTP edge with all its routes. It does not listen yet. */
export async function createHttpApp(options: HttpAppOptions): Promise<FastifyInstance> {
  const log = options.log.child({ part: 'http' });
  const app = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    rewriteUrl: (request) => straightenPlaylistUrl(request.url ?? '/'),
    // Raised before any route is found: an address that cannot be decoded, or a part of it far too long.
    frameworkErrors: (_error, _request, reply) =>
      void replyWithError(reply, new ApiError('BAD_REQUEST', 'This address cannot be read.')),
    clientErrorHandler: refuseUnreadable,
  });
  app.server.maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
  if (options.onRoute !== undefined) app.addHook('onRoute', options.onRoute);
  parseBodies(app);
  await registerSecurityHeaders(app, options.gate.allowedOrigins);
  // The build leaves each file compressed beside itself.
  await app.register(fastifyStatic, { root: options.staticDir, serve: false, preCompressed: true });
  endConnectionsAtClose(app, options.clock);
  guard(app, options.gate);
  logRequests(app, options.clock, log);
  if (options.hlsViewers !== undefined) noteHlsViewers(app, options.hlsViewers);
  app.setErrorHandler((failure, request, reply) =>
    replyWithError(reply, asApiError(failure, request.id, log)),
  );
  app.setNotFoundHandler((request, reply) => replyWithError(reply, notFound(request)));
  for (const route of routeTable(options)) serve(app, route);
  return app;
}

/** All routes; the OpenAPI document and the page at `/docs` are made from the same table when first asked for. */
function routeTable(options: HttpAppOptions): readonly ApiRoute[] {
  let document: object | undefined;
  let page: ReturnType<typeof docsPage> | undefined;
  const openApi = () => {
    document ??= openApiDocument(routes, VERSION);
    return document;
  };
  const readable = () => {
    // The document comes from our own `openApiDocument`, so its shape is known here.
    page ??= docsPage(openApi() as unknown as DocumentForPage);
    return page;
  };
  const routes: readonly ApiRoute[] = [
    ...streamRoutes(options.ports.streams),
    ...(options.routes ?? []),
    ...whepRoutes(options.ports.whep),
    ...sessionRoutes(options.gate),
    ...healthRoutes(options.ports),
    ...docsRoutes(openApi, readable),
    ...siteRoutes(),
  ];
  return routes;
}

function serve(app: FastifyInstance, route: ApiRoute): void {
  const { method, url, access } = route;
  const config = { access, queryToken: route.queryToken ?? method === 'GET' };
  const bodyLimit = route.body?.maxBytes ?? BODY_LIMIT_BYTES;
  app.route({ method, url, config, bodyLimit, handler: async (request, reply) => route.run(request, reply) });
}

/** Else whoever takes an answer slowly, or not at all, would keep the server from closing. */
function endConnectionsAtClose(app: FastifyInstance, clock: Clock): void {
  let cancel = () => {};
  app.addHook('preClose', async () => {
    cancel = clock.after(CLOSE_GRACE_MS, () => app.server.closeAllConnections());
  });
  app.addHook('onClose', async () => cancel());
}

/** Host and Origin, CORS, then the token: in this order, before anything of the request is believed. */
function guard(app: FastifyInstance, gate: Gate): void {
  let closing = false;
  app.decorateRequest('identity', undefined);
  app.addHook('preClose', async () => {
    closing = true;
  });
  // Else the connection of a request that was under way would stay open, and the server with it.
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (closing) throw new ApiError('SHUTTING_DOWN', 'The gateway is shutting down. Try again in a moment.');
    const refusal = gate.refuseHostOrOrigin(request.raw);
    if (refusal !== undefined) throw refusal;
    setCorsHeaders(reply, gate.corsOrigin(request.raw));
    if (isPreflight(request)) return answerPreflight(reply, gate.corsOrigin(request.raw));
    const { access, queryToken } = request.routeOptions.config;
    if (access === 'public') return;
    const identity = gate.identify(request.raw, { queryToken: queryToken ?? false, subprotocolToken: false });
    if (!identity.ok) throw identity.error;
    request.identity = identity.value;
    // What the token opened is nothing for a cache; a route that knows better may say so.
    reply.header('cache-control', 'no-store');
    return undefined;
  });
}

function parseBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Some clients send the content type with an empty DELETE; that is no JSON, and no fault either.
    if (body === '') done(null, undefined);
    else parseJson(request, String(body), done);
  });
  app.addContentTypeParser(
    ['application/sdp', 'application/trickle-ice-sdpfrag'],
    { parseAs: 'string' },
    (_request, body, done) => done(null, body),
  );
}

function logRequests(app: FastifyInstance, clock: Clock, log: Logger): void {
  const startedAtMs = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', async (request) => {
    startedAtMs.set(request, clock.monotonicMs());
  });
  app.addHook('onResponse', async (request, reply) => {
    const tookMs = Math.round(clock.monotonicMs() - (startedAtMs.get(request) ?? clock.monotonicMs()));
    const { method, ip } = request;
    const target = loggableTarget(request.raw.url);
    log.debug({ method, target, status: reply.statusCode, tookMs, ip }, 'Answered a request.');
  });
}

function noteHlsViewers(app: FastifyInstance, viewers: HlsViewers): void {
  app.addHook('onResponse', async (request, reply) => {
    const { url } = request.routeOptions;
    if (reply.statusCode >= 400 || url === undefined || !HLS_URL.test(url)) return;
    const { app: streamApp, name } = request.params as Record<string, unknown>;
    viewers.note(streamApp, name, { address: request.ip, agent: request.headers['user-agent'] });
  });
}

function notFound(request: FastifyRequest): ApiError {
  return request.raw.url === '/'
    ? new ApiError('NOT_FOUND', 'The control room has not been built yet; "npm start" builds it.')
    : new ApiError('NOT_FOUND', 'There is nothing here. The API is described at /docs.');
}

/** What is no HTTP at all gets the same shape of error, as far as the socket still takes one. */
function refuseUnreadable(_failure: Error, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(errorBody(new ApiError('BAD_REQUEST', 'This is no readable HTTP request.')));
  socket.end(
    'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
