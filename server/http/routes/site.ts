import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type ApiRoute, defineRoute } from '../route.ts';

/** File names as the bundler makes them; nothing else is looked for on the disk. */
const assetPathSchema = z.object({
  '*': z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/, 'names no asset'),
});

/** The control room and the player script, all public: they hold no data. */
export function siteRoutes(): ApiRoute[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/',
      access: 'public',
      tag: 'site',
      summary: 'The control room.',
      answers: [{ status: 200, description: 'The page.', contentType: 'text/html' }],
      handle: ({ reply }) => revalidated(reply).sendFile('index.html', { cacheControl: false }),
    }),
    defineRoute({
      method: 'GET',
      url: '/assets/*',
      access: 'public',
      tag: 'site',
      summary:
        'Files of the control room. Their names change with their contents, so they are kept for a year.',
      params: assetPathSchema,
      answers: [{ status: 200, description: 'The file.' }],
      errors: ['NOT_FOUND'],
      handle: ({ params, reply }) =>
        reply.sendFile(`assets/${params['*']}`, { maxAge: '365d', immutable: true }),
    }),
    defineRoute({
      method: 'GET',
      url: '/sluice-player.js',
      access: 'public',
      tag: 'site',
      summary: 'The <sluice-player> element, for pages of any site.',
      answers: [{ status: 200, description: 'The script.', contentType: 'text/javascript' }],
      errors: ['NOT_FOUND'],
      handle: ({ reply }) =>
        revalidated(reply)
          .header('cross-origin-resource-policy', 'cross-origin')
          .sendFile('sluice-player.js', { cacheControl: false }),
    }),
    defineRoute({
      method: 'GET',
      url: '/sluice-player.d.ts',
      access: 'public',
      tag: 'site',
      summary: 'The types of that script, for pages that are written in TypeScript.',
      answers: [{ status: 200, description: 'The declarations.', contentType: 'text/plain' }],
      errors: ['NOT_FOUND'],
      handle: ({ reply }) =>
        // By its ending it would be taken for a film, an MPEG transport stream.
        revalidated(reply)
          .type('text/plain')
          .sendFile('sluice-player.d.ts', { cacheControl: false, contentType: false }),
    }),
  ];
}

/** These keep their names when they change, so browsers have to ask whether they did (by ETag, so it is cheap). */
function revalidated(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-cache');
}
