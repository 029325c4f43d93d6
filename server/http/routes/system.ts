import { z } from 'zod';
import {
  logTailSchema,
  settingsPatchSchema,
  settingsSchema,
  systemStatusSchema,
  viewersSchema,
} from '../../../shared/system.ts';
import type { SystemPort } from '../ports-system.ts';
import { countField } from '../query-fields.ts';
import { type ApiRoute, defineRoute } from '../route.ts';

const JSON_TYPE = 'application/json';
const TAG = 'system';
const MAX_LINES = 1000;
const MAX_VIEWERS = 1000;
const MAX_PATCH_BYTES = 32 * 1024;

/** What the gateway is and does, who watches, its log and its settings. */
export function systemRoutes(system: SystemPort): ApiRoute[] {
  return [
    statusRoute(system),
    viewersRoute(system),
    logRoute(system),
    settingsRoute(system),
    changeSettingsRoute(system),
  ];
}

function statusRoute(system: SystemPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/system',
    access: 'token',
    tag: TAG,
    summary: 'Health, load, media workers, disks and versions.',
    answers: [
      {
        status: 200,
        description: 'The gateway as a whole.',
        contentType: JSON_TYPE,
        schema: systemStatusSchema,
      },
    ],
    handle: async () => systemStatusSchema.parse(await system.status()),
  });
}

function viewersRoute(system: SystemPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/viewers',
    access: 'token',
    tag: TAG,
    summary: 'Who watches what just now, newest first; at most 1000 are listed.',
    answers: [{ status: 200, description: 'The viewers.', contentType: JSON_TYPE, schema: viewersSchema }],
    handle() {
      const viewers = system.viewers();
      return { viewers: viewers.slice(0, MAX_VIEWERS), total: viewers.length };
    },
  });
}

function logRoute(system: SystemPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/system/log',
    access: 'token',
    tag: TAG,
    summary: 'The newest lines of the log, oldest first; of those before the last 2000 nothing is kept.',
    query: z.object({
      after: countField('The `newest` of the answer before: lines behind it.', {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      }).optional(),
      max: countField('How many at most, the newest; 200 by default.', { min: 1, max: MAX_LINES }).optional(),
    }),
    answers: [
      {
        status: 200,
        description: 'The lines. A `newest` below that of before says that the gateway was started anew.',
        contentType: JSON_TYPE,
        schema: logTailSchema,
      },
    ],
    errors: ['BAD_REQUEST'],
    handle: ({ query: { after, max = 200 } }) => system.log({ after, max }),
  });
}

function settingsRoute(system: SystemPort): ApiRoute {
  return defineRoute({
    method: 'GET',
    url: '/api/v1/settings',
    access: 'token',
    tag: TAG,
    summary: 'The settings, by what each is set, and whether it can be changed here.',
    answers: [{ status: 200, description: 'The settings.', contentType: JSON_TYPE, schema: settingsSchema }],
    handle: () => settingsSchema.parse({ settings: system.settings() }),
  });
}

function changeSettingsRoute(system: SystemPort): ApiRoute {
  return defineRoute({
    method: 'PATCH',
    url: '/api/v1/settings',
    access: 'token',
    tag: TAG,
    summary: 'Changes settings by their keys, all or none; null goes back to the default.',
    description:
      'They are kept in the database. What the configuration file or the environment sets is not changed here (CONFLICT). ' +
      'Some take effect at the next start: `needsRestart`.',
    body: { contentType: JSON_TYPE, schema: settingsPatchSchema, maxBytes: MAX_PATCH_BYTES },
    answers: [{ status: 200, description: 'All settings.', contentType: JSON_TYPE, schema: settingsSchema }],
    errors: ['BAD_REQUEST', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
    async handle({ body }) {
      return settingsSchema.parse({ settings: await system.changeSettings(body) });
    },
  });
}
