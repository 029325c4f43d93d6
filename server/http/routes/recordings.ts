import { z } from 'zod';
import { nameSchema, streamId } from '../../../shared/names.ts';
import {
  erasedRecordingsSchema,
  keptRecordingsSchema,
  lockSchema,
  timelineSchema,
} from '../../../shared/recording.ts';
import type { RecordingsPort } from '../ports-recordings.ts';
import { timeMsField } from '../query-fields.ts';
import { type ApiRoute, defineRoute } from '../route.ts';
import { streamPathSchema } from './streams.ts';

const JSON_TYPE = 'application/json';
const LOCKS = '/api/v1/streams/:app/:name/locks';
const TAG = 'recordings';

const lockPathSchema = z.object({
  app: nameSchema,
  name: nameSchema,
  id: z
    .string()
    .regex(/^\d{1,15}$/, 'must be the number of a lock')
    .transform(Number),
});

const newLockSchema = z.strictObject({
  start: z.number().int().nonnegative(),
  end: z.number().int().nonnegative(),
  label: z.string().min(1).max(200).optional(),
});

/** What is kept and what is missing, and the locks that keep retention away. */
export function recordingRoutes(recordings: RecordingsPort): ApiRoute[] {
  return [
    listRoute(recordings),
    timelineRoute(recordings),
    eraseRoute(recordings),
    locksRoute(recordings),
    lockRoute(recordings),
    unlockRoute(recordings),
  ];
}

function listRoute(recordings: RecordingsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/recordings',
    access: 'token',
    tag: TAG,
    summary: 'Lists the streams of which something is kept, also those that were removed since.',
    answers: [
      {
        status: 200,
        description: 'By name.',
        contentType: JSON_TYPE,
        schema: z.object({ recordings: z.array(keptRecordingsSchema) }),
      },
    ],
    errors: ['STORAGE_UNAVAILABLE'],
    async handle() {
      return { recordings: await recordings.recordings() };
    },
  });
}

function timelineRoute(recordings: RecordingsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/streams/:app/:name/timeline',
    access: 'token',
    tag: TAG,
    summary: 'What was recorded of a stream, what was not, and why.',
    description:
      'Each millisecond of the asked time is in exactly one of `ranges` and `gaps`, up to now; while a recording is under way, up to its newest segment. At most 31 days at once.',
    params: streamPathSchema,
    query: z.object({
      from: timeMsField('Default: a day before `to`.').optional(),
      to: timeMsField('Default: now.').optional(),
    }),
    answers: [
      {
        status: 200,
        description:
          'The timeline. A range is `repeated` where the clock of the gateway was set back: that time was recorded twice, and the newer recording is played.',
        contentType: JSON_TYPE,
        schema: timelineSchema,
      },
    ],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    handle({ params, query: { from, to } }) {
      return recordings.timeline(streamId(params.app, params.name), {
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
    },
  });
}

function eraseRoute(recordings: RecordingsPort): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: '/api/v1/streams/:app/:name/recordings',
    access: 'token',
    tag: TAG,
    summary: 'Deletes what was recorded of a stream in a time, also of a stream that was removed since.',
    description:
      'Segments that lie whole in the time, with their thumbnails and events; nothing that is locked, no exports and no MP4 files of periods. It cannot be undone. What plays it just now finds a gap, what exports it leaves it out.',
    params: streamPathSchema,
    query: z.object({
      from: timeMsField('Of the first thing to delete.'),
      to: timeMsField('Not what ends later.'),
    }),
    answers: [
      {
        status: 200,
        description:
          'What was deleted, durably; its files go in the next seconds. After 20 s it answers with what it has got to, and `more`.',
        contentType: JSON_TYPE,
        schema: erasedRecordingsSchema,
      },
    ],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    handle({ params, query: { from, to } }) {
      return recordings.erase(streamId(params.app, params.name), { from, to });
    },
  });
}

function locksRoute(recordings: RecordingsPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: LOCKS,
    access: 'token',
    tag: TAG,
    summary: 'The locked times of a stream, oldest first.',
    params: streamPathSchema,
    answers: [
      {
        status: 200,
        description: 'The locks.',
        contentType: JSON_TYPE,
        schema: z.object({ locks: z.array(lockSchema) }),
      },
    ],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    async handle({ params }) {
      return { locks: await recordings.locks(streamId(params.app, params.name)) };
    },
  });
}

function lockRoute(recordings: RecordingsPort): ApiRoute {
  return defineRoute({
    method: 'POST',
    url: LOCKS,
    access: 'token',
    tag: TAG,
    summary: 'Locks a time: retention leaves it alone till the lock is removed.',
    description:
      'Times to come may be locked too. What is locked counts in the limits of retention. At most 366 days each, and 1000 locks a stream.',
    params: streamPathSchema,
    body: { contentType: JSON_TYPE, schema: newLockSchema },
    answers: [
      {
        status: 201,
        description: 'Locked, durably.',
        contentType: JSON_TYPE,
        schema: lockSchema,
        headers: { Location: 'The path of the lock.' },
      },
    ],
    errors: [
      'BAD_REQUEST',
      'STREAM_NOT_FOUND',
      'NOT_RECORDED',
      'CONFLICT',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'STORAGE_UNAVAILABLE',
    ],
    async handle({ params, body, reply }) {
      const { start, end, label } = body;
      const range = { start, end, ...(label === undefined ? {} : { label }) };
      const lock = await recordings.lock(streamId(params.app, params.name), range);
      reply.header('location', `/api/v1/streams/${params.app}/${params.name}/locks/${lock.id}`);
      return reply.code(201).send(lock);
    },
  });
}

function unlockRoute(recordings: RecordingsPort): ApiRoute {
  return defineRoute({
    method: 'DELETE',
    url: `${LOCKS}/:id`,
    access: 'token',
    tag: TAG,
    summary: 'Removes a lock; retention goes on as for any other time.',
    params: lockPathSchema,
    answers: [{ status: 204, description: 'Removed.' }],
    errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND', 'LOCK_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    async handle({ params, reply }) {
      await recordings.unlock(streamId(params.app, params.name), params.id);
      return reply.code(204).send();
    },
  });
}
