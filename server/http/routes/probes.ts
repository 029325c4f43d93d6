import { z } from 'zod';
import { bulkRequestSchema, bulkResultSchema, newProbeSchema, probeSchema } from '../../../shared/probe.ts';
import type { BulkPort, ProbesPort } from '../ports-probes.ts';
import { type ApiRoute, defineRoute } from '../route.ts';
import { answerFrame } from './frames.ts';

const JSON_TYPE = 'application/json';
const JPEG_TYPE = 'image/jpeg';
const TAG = 'add cameras';
const ONE = '/api/v1/probes/:id';
const MAX_PROBE_BYTES = 16 * 1024;

const idSchema = z.object({ id: z.string().regex(/^[0-9a-f]{24}$/, 'must be the id of a probe') });

/** Trying cameras before they are saved, and adding many at once. */
export function probeRoutes(probes: ProbesPort, bulk: BulkPort): ApiRoute[] {
  return [createRoute(probes), getRoute(probes), frameRoute(probes), removeRoute(probes), bulkRoute(bulk)];
}

function createRoute(probes: ProbesPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: '/api/v1/probes',
    access: 'token',
    tag: TAG,
    summary: 'Tries a source before it is saved: dials the camera and answers at once.',
    description:
      'How it goes is asked with GET. The camera is let go a minute after the last question. At most 8 at once.',
    body: { contentType: JSON_TYPE, schema: newProbeSchema, maxBytes: MAX_PROBE_BYTES },
    answers: [
      {
        status: 201,
        description: 'Begun.',
        contentType: JSON_TYPE,
        schema: probeSchema,
        headers: { Location: 'The path of the probe.' },
      },
    ],
    errors: [
      'BAD_REQUEST',
      'STREAM_NOT_FOUND',
      'TOO_MANY_PROBES',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    handle({ body, reply }) {
      const probe = probes.create(body);
      return reply.code(201).header('location', `/api/v1/probes/${probe.id}`).send(probeSchema.parse(probe));
    },
  });
}

function getRoute(probes: ProbesPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: ONE,
    access: 'token',
    tag: TAG,
    summary: 'How the test goes: state, reason and camera report, as of a stream.',
    params: idSchema,
    answers: [{ status: 200, description: 'The probe.', contentType: JSON_TYPE, schema: probeSchema }],
    errors: ['BAD_REQUEST', 'PROBE_NOT_FOUND'],
    // Only what the schema names goes out, whatever else the objects may hold.
    handle: ({ params }) => probeSchema.parse(probes.get(params.id)),
  });
}

function frameRoute(probes: ProbesPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: `${ONE}/frame`,
    access: 'token',
    tag: TAG,
    summary: 'The newest key frame of the tried camera, as a JPEG.',
    params: idSchema,
    answers: [
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
    ],
    errors: ['BAD_REQUEST', 'PROBE_NOT_FOUND', 'STREAM_NOT_LIVE', 'PICTURE_DAMAGED', 'RATE_LIMITED'],
    async handle({ params, request, reply }) {
      return answerFrame(await probes.frame(params.id), { isRecorded: false, request, reply });
    },
  });
}

function removeRoute(probes: ProbesPort): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: ONE,
    access: 'token',
    tag: TAG,
    summary: 'Ends the test and lets the camera go.',
    params: idSchema,
    answers: [{ status: 204, description: 'Ended.' }],
    errors: ['BAD_REQUEST', 'PROBE_NOT_FOUND'],
    async handle({ params, reply }) {
      await probes.remove(params.id);
      return reply.code(204).send();
    },
  });
}

function bulkRoute(bulk: BulkPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: '/api/v1/streams/bulk',
    access: 'token',
    tag: TAG,
    summary:
      'Adds the cameras of a CSV or YAML text, at most 500; with dryRun it only says what it would do.',
    description:
      'CSV: headings (name, url, username, password, sub, record, onDemand, title, app, transport), then a camera in each line. ' +
      'YAML: the same in a list, or the streams of a sluice.yaml. What is wrong with one row keeps no other back. ' +
      'Answers never repeat a password.',
    body: { contentType: JSON_TYPE, schema: bulkRequestSchema },
    answers: [
      {
        status: 200,
        description: 'What became of each row.',
        contentType: JSON_TYPE,
        schema: bulkResultSchema,
      },
    ],
    errors: ['BAD_REQUEST', 'RATE_LIMITED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    handle: ({ body }) => bulk.add(body),
  });
}
