import { z } from 'zod';
import type { Gate } from '../access/gate.ts';
import { type ApiRoute, defineRoute } from '../route.ts';

const sessionSchema = z.object({ authRequired: z.boolean(), authenticated: z.boolean() });
const loginSchema = z.strictObject({ token: z.string().min(1).max(1024) });
const JSON_TYPE = 'application/json';
const MAX_LOGIN_BYTES = 8 * 1024;

/** Log-in and log-out of the control room. They are public: they are how one gets in. */
export function sessionRoutes(gate: Gate): ApiRoute[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/api/v1/session',
      access: 'public',
      tag: 'session',
      summary: 'Tells the page whether a token is needed, and whether this request brought a right one.',
      answers: [{ status: 200, description: 'Told.', contentType: JSON_TYPE, schema: sessionSchema }],
      handle({ request }) {
        const identity = gate.identify(request.raw, { queryToken: true, subprotocolToken: false });
        return { authRequired: gate.authRequired, authenticated: identity.ok };
      },
    }),
    defineRoute({
      method: 'POST',
      url: '/api/v1/login',
      access: 'public',
      tag: 'session',
      summary: 'Trades the token for a cookie that scripts cannot read.',
      // Anybody may send this, so no more of it is read than a token needs.
      body: { contentType: JSON_TYPE, schema: loginSchema, maxBytes: MAX_LOGIN_BYTES },
      answers: [
        {
          status: 200,
          description: 'Logged in.',
          contentType: JSON_TYPE,
          schema: sessionSchema,
          headers: { 'Set-Cookie': 'The session; HttpOnly, SameSite=Strict. It does not hold the token.' },
        },
      ],
      errors: [
        'BAD_REQUEST',
        'UNAUTHORIZED',
        'FORBIDDEN',
        'RATE_LIMITED',
        'PAYLOAD_TOO_LARGE',
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      handle({ body, request, reply }) {
        const login = gate.logIn(request.raw, body.token);
        if (!login.ok) throw login.error;
        if (login.value.setCookie !== undefined) reply.header('set-cookie', login.value.setCookie);
        return reply.send({ authRequired: gate.authRequired, authenticated: true });
      },
    }),
    defineRoute({
      method: 'POST',
      url: '/api/v1/logout',
      access: 'public',
      tag: 'session',
      summary: 'Ends the session of the cookie.',
      answers: [{ status: 204, description: 'Logged out; also where nobody was logged in.' }],
      errors: ['FORBIDDEN'],
      handle: ({ request, reply }) => reply.header('set-cookie', gate.logOut(request.raw)).code(204).send(),
    }),
  ];
}
