import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../../../shared/errors.ts';
import { isInternalStream, nameSchema, type StreamId, streamId } from '../../../shared/names.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import { BodiesInFlight } from '../bodies-in-flight.ts';
import { acceptsGzip, matchesEtag, parseRange, rangeCounts } from '../byte-range.ts';
import type { HlsPlayback, HlsPlaylist } from '../ports-hls.ts';
import { countField, timeMsField } from '../query-fields.ts';
import { type ApiRoute, defineRoute, type RouteAnswer } from '../route.ts';
import { streamPathSchema } from './streams.ts';

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';
const SEGMENT_TYPE = 'video/mp2t';
const MAX_DURATION_MS = 1e13;
/** Segments never change; a viewer who comes back within a day need not load them again. */
const SEGMENT_MAX_AGE_S = 86_400;
/** What was recorded may be deleted by retention, so a player should look again some time. */
const COMPLETE_MAX_AGE_S = 60;

const querySchema = z.object({
  start_time: timeMsField(
    'Unix milliseconds: recorded from here on. Without an end it plays on into live (24 hours back at most).',
  ).optional(),
  end_time: timeMsField(
    'Unix milliseconds; may lie ahead (then the span is 4 hours at most, else 7 days).',
  ).optional(),
  duration: countField('Milliseconds from start_time on; end_time wins over it.', {
    min: 1,
    max: MAX_DURATION_MS,
  }).optional(),
  key_frames: z
    .enum(['true', 'false'])
    .optional()
    .describe(
      'true: the key frames of recorded time alone, without sound, for play at up to 16 times the speed. An end that is ' +
        'missing or lies ahead is now; whole stretches of 15 s are listed.',
    ),
});
type Query = z.output<typeof querySchema>;

const segmentPathSchema = z.object({
  app: nameSchema,
  name: nameSchema,
  file: z.string().regex(/^\d{1,15}\.ts$/, 'must be the start of a segment in Unix milliseconds, and .ts'),
});
const keyFramesPathSchema = z.object({
  app: nameSchema,
  name: nameSchema,
  file: z
    .string()
    .regex(
      /^\d{1,15}-\d{1,15}\.ts$/,
      'must be the two times that a playlist with key_frames=true names, and .ts',
    ),
});
/** All of it, a range of it, or that it is still the same. */
const SEGMENT_ANSWERS: readonly RouteAnswer[] = [
  { status: 200, description: 'All of it.', contentType: SEGMENT_TYPE, headers: { ETag: 'Never changes.' } },
  { status: 206, description: 'The bytes that Range asks for.', contentType: SEGMENT_TYPE },
  { status: 304, description: 'As If-None-Match says.' },
];
const SEGMENT_ERRORS = [
  'BAD_REQUEST',
  'STREAM_NOT_FOUND',
  'NOT_RECORDED',
  'RANGE_NOT_SATISFIABLE',
  'STORAGE_UNAVAILABLE',
] as const;
const ANSWERS: readonly RouteAnswer[] = [
  {
    status: 200,
    description: 'The playlist.',
    contentType: PLAYLIST_TYPE,
    headers: { ETag: 'Changes with the playlist.' },
  },
  { status: 304, description: 'It is still as If-None-Match says.' },
];
const ERRORS = [
  'BAD_REQUEST',
  'STREAM_NOT_FOUND',
  'NOT_RECORDED',
  'STREAM_NOT_LIVE',
  'STORAGE_UNAVAILABLE',
] as const;

interface Parts {
  readonly hls: HlsPlayback;
  readonly inFlight: BodiesInFlight;
}

/** HLS (RFC 8216): live, recorded, and from a past instant into live. */
export function hlsRoutes(hls: HlsPlayback, inFlight = new BodiesInFlight()): ApiRoute[] {
  const parts = { hls, inFlight };
  return [playlistRoute(parts), segmentRoute(parts), keyFramesRoute(parts)];
}

function playlistRoute(parts: Parts): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/:app/:name/playlist.m3u8',
    access: 'token',
    tag: 'hls',
    summary: 'The HLS playlist of a stream: live, or of recorded time.',
    description:
      'A token that came in the query is carried on into the URIs of the segments. A stream that is not recorded ' +
      'starts when it is asked for, so the first answer may take some seconds. The spelling ' +
      '"playlist.m3u8&start_time=..." is taken too.',
    params: streamPathSchema,
    query: querySchema,
    answers: ANSWERS,
    errors: ERRORS,
    handle: ({ params: { app, name }, query, request, reply }) =>
      answerPlaylist(parts, streamId(app, name), query, { request, reply }),
  });
}

async function answerPlaylist(
  { hls, inFlight }: Parts,
  stream: StreamId,
  query: Query,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<FastifyReply> {
  refuseInternal(stream);
  const asked = {
    startMs: query.start_time,
    endMs: query.end_time,
    durationMs: query.duration,
    ...(query.key_frames === 'true' ? { keyFrames: true } : {}),
  };
  const gzip = acceptsGzip(request.headers['accept-encoding']);
  const playlist = await hls.playlist(stream, asked, { gzip, uriSuffix: tokenSuffix(request) });
  const etag = playlist.etag ?? etagOf(playlist);
  reply.headers({
    etag,
    vary: 'Origin, Accept-Encoding',
    'cache-control': cacheControl(
      request,
      playlist.isComplete ? `max-age=${COMPLETE_MAX_AGE_S}` : 'no-cache',
    ),
  });
  allowOtherSites(request, reply);
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  inFlight.hold(playlist.body, reply);
  if (playlist.isGzip) reply.header('content-encoding', 'gzip');
  return reply.type(PLAYLIST_TYPE).send(asBuffer(playlist.body));
}

function segmentRoute({ hls, inFlight }: Parts): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/:app/:name/segments/:file',
    access: 'token',
    tag: 'hls',
    summary: 'One segment, as MPEG-TS. Playlists name them.',
    params: segmentPathSchema,
    answers: SEGMENT_ANSWERS,
    errors: SEGMENT_ERRORS,
    async handle({ params: { app, name, file }, request, reply }) {
      const stream = streamId(app, name);
      refuseInternal(stream);
      const startMs = Number(file.slice(0, -'.ts'.length));
      const bytes = asBuffer(await hls.segment(stream, startMs));
      inFlight.hold(bytes, reply);
      return answerSegment(bytes, startMs.toString(36), { request, reply });
    },
  });
}

function keyFramesRoute({ hls, inFlight }: Parts): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/:app/:name/key-frames/:file',
    access: 'token',
    tag: 'hls',
    summary: 'The key frames of some seconds, as MPEG-TS. Playlists with key_frames=true name them.',
    params: keyFramesPathSchema,
    answers: SEGMENT_ANSWERS,
    errors: SEGMENT_ERRORS,
    async handle({ params: { app, name, file }, request, reply }) {
      const stream = streamId(app, name);
      refuseInternal(stream);
      const [fromMs = 0, toMs = 0] = file.slice(0, -'.ts'.length).split('-').map(Number);
      const bytes = asBuffer(await hls.keyFrames(stream, fromMs, toMs));
      inFlight.hold(bytes, reply);
      return answerSegment(bytes, `k${fromMs.toString(36)}-${toMs.toString(36)}`, { request, reply });
    },
  });
}

function answerSegment(
  bytes: Buffer,
  tag: string,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const etag = `"${tag}-${bytes.length.toString(36)}"`;
  const { range: rangeHeader, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
  const range = rangeCounts(ifRange, etag)
    ? parseRange(rangeHeader, bytes.length)
    : { kind: 'whole' as const };
  if (range.kind === 'unsatisfiable') {
    reply.header('content-range', `bytes */${bytes.length}`);
    throw new ApiError('RANGE_NOT_SATISFIABLE', `The segment has only ${bytes.length} bytes.`);
  }
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': cacheControl(request, `max-age=${SEGMENT_MAX_AGE_S}, immutable`),
  });
  allowOtherSites(request, reply);
  if (matchesEtag(ifNoneMatch, etag)) return reply.code(304).send();
  reply.type(SEGMENT_TYPE);
  if (range.kind === 'whole') return reply.send(bytes);
  const { start, end } = range;
  return reply
    .code(206)
    .header('content-range', `bytes ${start}-${end - 1}/${bytes.length}`)
    .send(bytes.subarray(start, end));
}

/** The gateway's own streams are shown to nobody. */
function refuseInternal(stream: StreamId): void {
  if (isInternalStream(stream)) {
    throw noSuchStream(stream);
  }
}

/** Players that send no header of their own need the token in each URI, as they had it in the playlist's. */
function tokenSuffix({ identity, url }: FastifyRequest): string {
  if (identity?.kind !== 'token' || identity.via !== 'query') return '';
  const token = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('access_token');
  return token === null ? '' : `?access_token=${encodeURIComponent(token)}`;
}

/** Only what anybody may see may be kept by caches that many share. */
function cacheControl({ identity }: FastifyRequest, directives: string): string {
  return `${identity?.kind === 'open' ? 'public' : 'private'}, ${directives}`;
}

/** A <video> that plays HLS by itself sends no Origin; the token in its address says that the page may. */
function allowOtherSites({ identity }: FastifyRequest, reply: FastifyReply): void {
  if (identity?.kind === 'token' && identity.via === 'query') {
    reply.header('cross-origin-resource-policy', 'cross-origin');
  }
}

function etagOf({ body }: HlsPlaylist): string {
  return `W/"${createHash('sha1').update(body).digest('base64url')}"`;
}

/** The same memory as a Buffer. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
