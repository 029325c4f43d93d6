import { ApiError } from '../../../shared/errors.ts';
import { type ApiRoute, defineRoute } from '../route.ts';

/** The API's own description; `document` and `page` are made when first asked for, from the whole table. */
export function docsRoutes(
  document: () => object,
  page: () => { html: string; contentSecurityPolicy: string },
): ApiRoute[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/api/openapi.json',
      access: 'token',
      tag: 'docs',
      summary: 'This document (OpenAPI 3.1).',
      answers: [{ status: 200, description: 'The document.', contentType: 'application/json' }],
      handle: () => document(),
    }),
    defineRoute({
      method: 'GET',
      url: '/docs',
      access: 'token',
      tag: 'docs',
      summary: 'The same for people to read.',
      answers: [{ status: 200, description: 'The page.', contentType: 'text/html' }],
      handle({ reply }) {
        const { html, contentSecurityPolicy } = page();
        return reply
          .header('content-security-policy', contentSecurityPolicy)
          .type('text/html; charset=utf-8')
          .send(html);
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/api/v1/signaling',
      access: 'token',
      tag: 'signaling',
      summary: 'Signaling over WebSocket, subprotocol sluice.v1; see docs/signaling.md.',
      answers: [{ status: 101, description: 'The WebSocket is open.' }],
      errors: ['BAD_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED'],
      handle() {
        throw new ApiError(
          'BAD_REQUEST',
          'Open this address as a WebSocket, with the subprotocol sluice.v1.',
        );
      },
    }),
  ];
}
