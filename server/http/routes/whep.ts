import { z } from 'zod';
import { ApiError } from '../../../shared/errors.ts';
import { nameSchema, streamId } from '../../../shared/names.ts';
import { replyWithError } from '../error-reply.ts';
import type { WhepGateway } from '../ports.ts';
import { type ApiRoute, defineRoute } from '../route.ts';
import { streamPathSchema } from './streams.ts';

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const MAX_SDP_BYTES = 64 * 1024;

const sdpSchema = z.string().min(1);
const sessionPathSchema = z.object({
  app: nameSchema,
  name: nameSchema,
  session: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/, 'is no session id'),
});

/** WHEP (draft-ietf-wish-whep): playback over WebRTC with nothing but HTTP for signaling. */
export function whepRoutes(whep: WhepGateway): ApiRoute[] {
  return [createRoute(whep), trickleRoute(whep), removeRoute(whep), optionsRoute()];
}

function createRoute(whep: WhepGateway): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: '/whep/:app/:name',
    access: 'token',
    queryToken: true,
    tag: 'whep',
    summary: 'Begins to watch a stream: an SDP offer in, an SDP answer out.',
    params: streamPathSchema,
    body: { contentType: SDP, schema: sdpSchema, maxBytes: MAX_SDP_BYTES },
    answers: [
      {
        status: 201,
        description: 'The answer.',
        contentType: SDP,
        headers: { Location: 'The session, for PATCH and DELETE.', ETag: 'The state of its ICE.' },
      },
    ],
    errors: [
      'BAD_REQUEST',
      'STREAM_NOT_FOUND',
      'STREAM_NOT_LIVE',
      'NO_COMMON_CODEC',
      'WEBRTC_UNSUITABLE',
      'TOO_MANY_VIEWERS',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    async handle({ params: { app, name }, body, reply }) {
      const { sessionId, answerSdp, etag } = await whep.create(streamId(app, name), body);
      return reply
        .code(201)
        .headers({ location: `/whep/${app}/${name}/${sessionId}`, etag, 'accept-patch': FRAGMENT })
        .type(SDP)
        .send(answerSdp);
    },
  });
}

function trickleRoute(whep: WhepGateway): ApiRoute {
  return defineRoute({
    method: 'PATCH',
    url: '/whep/:app/:name/:session',
    access: 'token',
    queryToken: true,
    tag: 'whep',
    summary: 'Adds ICE candidates, or restarts ICE.',
    description: 'A wrong If-Match is answered by status 412 with the code CONFLICT.',
    params: sessionPathSchema,
    body: { contentType: FRAGMENT, schema: sdpSchema, maxBytes: MAX_SDP_BYTES },
    answers: [
      { status: 204, description: 'Candidates taken.' },
      {
        status: 200,
        description: 'ICE restarted; the fragment holds what is new.',
        contentType: FRAGMENT,
        headers: { ETag: 'The state of its ICE.' },
      },
    ],
    errors: ['BAD_REQUEST', 'SESSION_NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    async handle({ params, body, request, reply }) {
      try {
        const { answer, etag } = await whep.trickle(params.session, body, request.headers['if-match']);
        if (answer === undefined) return reply.code(204).send();
        return reply.code(200).header('etag', etag).type(FRAGMENT).send(answer);
      } catch (failure) {
        // RFC 9725 section 4.3.1: an entity tag that does not match is a failed precondition.
        if (failure instanceof ApiError && failure.code === 'CONFLICT')
          return replyWithError(reply, failure, 412);
        throw failure;
      }
    },
  });
}

function removeRoute(whep: WhepGateway): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: '/whep/:app/:name/:session',
    access: 'token',
    queryToken: true,
    tag: 'whep',
    summary: 'Ends a session.',
    params: sessionPathSchema,
    answers: [{ status: 204, description: 'Ended.' }],
    errors: ['BAD_REQUEST', 'SESSION_NOT_FOUND'],
    async handle({ params, reply }) {
      await whep.remove(params.session);
      return reply.code(204).send();
    },
  });
}

function optionsRoute(): ApiRoute {
  return defineRoute({
    method: 'OPTIONS',
    url: '/whep/:app/:name',
    access: 'public',
    tag: 'whep',
    summary: 'Says what may be posted. Preflights of allowed origins are answered on every path.',
    params: streamPathSchema,
    answers: [{ status: 204, description: 'Said.', headers: { 'Accept-Post': SDP } }],
    handle: ({ reply }) => reply.code(204).header('accept-post', SDP).send(),
  });
}
