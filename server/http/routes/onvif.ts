import { z } from 'zod';
import type { ErrorCode } from '../../../shared/errors.ts';
import { nameSchema, streamId } from '../../../shared/names.ts';
import {
  deviceAccessSchema,
  deviceFactsSchema,
  presetSchema,
  ptzCommandSchema,
  ptzStatusSchema,
  scanRequestSchema,
  scanSchema,
} from '../../../shared/onvif.ts';
import { clientGroup } from '../../base/addresses.ts';
import type { OnvifPort, ScansPort } from '../ports-onvif.ts';
import { type ApiRoute, defineRoute } from '../route.ts';
import { streamPathSchema } from './streams.ts';

const JSON_TYPE = 'application/json';
const JPEG_TYPE = 'image/jpeg';
const TAG = 'onvif';
const SCANS = '/api/v1/onvif/scans';
const OF_STREAM = '/api/v1/onvif/:app/:name';
const MAX_BODY_BYTES = 16 * 1024;

/** What any question to a camera may end with. */
const OF_DEVICE: readonly ErrorCode[] = ['DEVICE_UNREACHABLE', 'DEVICE_AUTH_FAILED', 'DEVICE_REFUSED'];
const OF_CAMERA: readonly ErrorCode[] = [
  'BAD_REQUEST',
  'STREAM_NOT_FOUND',
  'ONVIF_UNSUPPORTED',
  'FORBIDDEN',
  ...OF_DEVICE,
];
const OF_BODY: readonly ErrorCode[] = ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

const scanPathSchema = z.object({ id: z.string().regex(/^[0-9a-f]{18}$/, 'must be the id of a search') });
const presetPathSchema = z.object({ app: nameSchema, name: nameSchema, token: z.string().min(1).max(64) });
const newPresetSchema = z.strictObject({ name: z.string().trim().min(1).max(64) });

/** ONVIF cameras: asked about themselves, and steered. */
export function onvifRoutes(cameras: OnvifPort): ApiRoute[] {
  return [
    inspectRoute(cameras),
    factsRoute(cameras),
    ptzStatusRoute(cameras),
    ptzRoute(cameras),
    addPresetRoute(cameras),
    removePresetRoute(cameras),
    snapshotRoute(cameras),
  ];
}

/** Searches for ONVIF cameras. */
export function scanRoutes(scans: ScansPort): ApiRoute[] {
  return [
    defineRoute({
      method: 'POST',
      url: SCANS,
      access: 'token',
      tag: TAG,
      summary: 'Begins a search for ONVIF cameras, and answers at once.',
      description:
        'By multicast on every network of the gateway (WS-Discovery), and of single addresses or small ranges. What was found so far is asked with GET. At most 2 at once, each at most 10 minutes.',
      body: { contentType: JSON_TYPE, schema: scanRequestSchema, maxBytes: MAX_BODY_BYTES },
      answers: [
        {
          status: 201,
          description: 'Begun.',
          contentType: JSON_TYPE,
          schema: scanSchema,
          headers: { Location: 'The path of the search.' },
        },
      ],
      errors: ['BAD_REQUEST', 'TOO_MANY_SCANS', ...OF_BODY],
      handle({ body, reply }) {
        const scan = scans.start(body);
        return reply.code(201).header('location', `${SCANS}/${scan.id}`).send(scan);
      },
    }),
    defineRoute({
      method: 'GET',
      url: SCANS,
      access: 'token',
      tag: TAG,
      summary: 'The searches of the last minutes, newest first.',
      answers: [
        {
          status: 200,
          description: 'With what they have found so far.',
          contentType: JSON_TYPE,
          schema: z.object({ scans: z.array(scanSchema) }),
        },
      ],
      handle: () => ({ scans: scans.list() }),
    }),
    defineRoute({
      method: 'GET',
      url: `${SCANS}/:id`,
      access: 'token',
      tag: TAG,
      summary: 'How far a search is, and what it has found.',
      params: scanPathSchema,
      answers: [
        { status: 200, description: 'As it stands now.', contentType: JSON_TYPE, schema: scanSchema },
      ],
      errors: ['BAD_REQUEST', 'SCAN_NOT_FOUND'],
      handle: ({ params }) => scans.get(params.id),
    }),
    defineRoute({
      method: 'DELETE',
      url: `${SCANS}/:id`,
      access: 'token',
      tag: TAG,
      summary: 'Cancels a search and forgets it.',
      params: scanPathSchema,
      answers: [{ status: 204, description: 'Cancelled.' }],
      errors: ['BAD_REQUEST', 'SCAN_NOT_FOUND'],
      handle({ params, reply }) {
        scans.remove(params.id);
        return reply.code(204).send();
      },
    }),
  ];
}

function inspectRoute(cameras: OnvifPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: '/api/v1/onvif/inspect',
    access: 'token',
    tag: TAG,
    summary: 'What a device that is no stream yet says of itself: maker, model, profiles, services.',
    body: { contentType: JSON_TYPE, schema: deviceAccessSchema, maxBytes: MAX_BODY_BYTES },
    answers: [{ status: 200, description: 'Its word.', contentType: JSON_TYPE, schema: deviceFactsSchema }],
    errors: ['BAD_REQUEST', 'ONVIF_UNSUPPORTED', 'TOO_MANY_PROBES', ...OF_DEVICE, ...OF_BODY],
    handle: ({ body }) => cameras.inspect(body),
  });
}

function factsRoute(cameras: OnvifPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: OF_STREAM,
    access: 'token',
    tag: TAG,
    summary: 'What the camera of a stream says of itself.',
    params: streamPathSchema,
    answers: [
      { status: 200, description: 'Asked just now.', contentType: JSON_TYPE, schema: deviceFactsSchema },
    ],
    errors: OF_CAMERA,
    handle: ({ params }) => cameras.facts(streamId(params.app, params.name)),
  });
}

function ptzStatusRoute(cameras: OnvifPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: `${OF_STREAM}/ptz`,
    access: 'token',
    tag: TAG,
    summary: 'How the camera of a stream can be moved, where it looks, and its presets.',
    params: streamPathSchema,
    answers: [
      { status: 200, description: 'Asked just now.', contentType: JSON_TYPE, schema: ptzStatusSchema },
    ],
    errors: OF_CAMERA,
    handle: ({ params }) => cameras.ptzStatus(streamId(params.app, params.name)),
  });
}

function ptzRoute(cameras: OnvifPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: `${OF_STREAM}/ptz`,
    access: 'token',
    tag: TAG,
    summary: 'Moves the camera of a stream.',
    description:
      'A `move` ends by itself 1 s after it was last asked for: ask again each half second, and `stop` at the end. Who moves a camera has it till 3 s after the last command; others get PTZ_BUSY. Commands of one client address count as those of one person; over signaling, those of one session. Answered when the camera has taken it, or something newer of the same client.',
    params: streamPathSchema,
    body: { contentType: JSON_TYPE, schema: ptzCommandSchema, maxBytes: MAX_BODY_BYTES },
    answers: [{ status: 204, description: 'The camera has taken it.' }],
    errors: [...OF_CAMERA, 'PTZ_BUSY', 'SHUTTING_DOWN', ...OF_BODY],
    async handle({ params, body, request, reply }) {
      await cameras.ptz(`http ${clientGroup(request.ip)}`, streamId(params.app, params.name), body);
      return reply.code(204).send();
    },
  });
}

function addPresetRoute(cameras: OnvifPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: `${OF_STREAM}/presets`,
    access: 'token',
    tag: TAG,
    summary: 'Keeps where the camera looks now as a preset.',
    params: streamPathSchema,
    body: { contentType: JSON_TYPE, schema: newPresetSchema, maxBytes: MAX_BODY_BYTES },
    answers: [
      { status: 201, description: 'As the camera keeps it.', contentType: JSON_TYPE, schema: presetSchema },
    ],
    errors: [...OF_CAMERA, ...OF_BODY],
    async handle({ params, body, reply }) {
      const preset = await cameras.addPreset(streamId(params.app, params.name), body.name);
      return reply.code(201).send(preset);
    },
  });
}

function removePresetRoute(cameras: OnvifPort): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: `${OF_STREAM}/presets/:token`,
    access: 'token',
    tag: TAG,
    summary: 'Removes a preset from the camera.',
    params: presetPathSchema,
    answers: [{ status: 204, description: 'Removed.' }],
    errors: OF_CAMERA,
    async handle({ params, reply }) {
      await cameras.removePreset(streamId(params.app, params.name), params.token);
      return reply.code(204).send();
    },
  });
}

function snapshotRoute(cameras: OnvifPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: `${OF_STREAM}/snapshot`,
    access: 'token',
    tag: TAG,
    summary: 'A picture of now as the camera itself makes it.',
    description:
      'Often larger than the stream, and slower to come than `/api/v1/streams/{app}/{name}/frame`, which needs no camera that can do this.',
    params: streamPathSchema,
    answers: [{ status: 200, description: 'The picture.', contentType: JPEG_TYPE }],
    errors: [...OF_CAMERA, 'RATE_LIMITED'],
    async handle({ params, reply }) {
      const { bytes } = await cameras.snapshot(streamId(params.app, params.name));
      return reply.type(JPEG_TYPE).send(bytes);
    },
  });
}
