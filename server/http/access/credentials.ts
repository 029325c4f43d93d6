import type { IncomingMessage } from 'node:http';
import { TOKEN_PROTOCOL_PREFIX } from '../../../shared/signaling.ts';

export const SESSION_COOKIE = 'sluice_session';
const QUERY_TOKEN = 'access_token';
const MAX_TOKEN_LENGTH = 1024;

/** What a request brings along to be let in. */
export type Credential =
  | { readonly kind: 'token'; readonly via: 'bearer' | 'subprotocol' | 'query'; readonly token: string }
  | { readonly kind: 'cookie'; readonly sessionId: string };

/** Which ways of bringing a token a surface takes besides the header and the cookie. */
export interface Surface {
  readonly queryToken: boolean;
  readonly subprotocolToken: boolean;
}

/** The first credential found: header, then subprotocol, then query, then cookie. Later ones are not looked at. */
export function credentialOf(request: IncomingMessage, surface: Surface): Credential | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return tokenCredential('bearer', bearer);
  if (surface.subprotocolToken) {
    const offered = offeredProtocols(request).find((name) => name.startsWith(TOKEN_PROTOCOL_PREFIX));
    if (offered !== undefined) {
      return tokenCredential('subprotocol', offered.slice(TOKEN_PROTOCOL_PREFIX.length));
    }
  }
  if (surface.queryToken) {
    const token = queryOf(request.url).get(QUERY_TOKEN);
    if (token !== null) return tokenCredential('query', token);
  }
  const sessionId = sessionCookieOf(request);
  return sessionId === undefined ? undefined : { kind: 'cookie', sessionId };
}

/** The id of the control room's session, if the request brings one. */
export function sessionCookieOf(request: IncomingMessage): string | undefined {
  for (const pair of request.headers.cookie?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === SESSION_COOKIE) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/** The WebSocket subprotocols a client offers, in its order. */
export function offeredProtocols(request: IncomingMessage): string[] {
  const header = request.headers['sec-websocket-protocol'];
  if (header === undefined) return [];
  return header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** `token=...` wherever it stands: some programs join their parameters to a path, or with the wrong sign. */
const STRAY_SECRET =
  /((?:token|pass|pwd|secret|auth|user|key)[\w-]{0,32}\]?(?:=|%3d))(?:(?!%(?:26|3b|3f|2f))[^&;?/])+/gi;

/** A request's target for the log: with no secret in it, however the parameter's name was escaped. */
export function loggableTarget(target: string | undefined): string {
  return withoutSecretParameters(target ?? '').replace(STRAY_SECRET, '$1***');
}

function withoutSecretParameters(target: string): string {
  const start = target.indexOf('?');
  if (start < 0) return target;
  const query = queryOf(target);
  for (const name of new Set(query.keys())) {
    if (/token|pass|pwd|secret|auth|user|key/i.test(name)) query.set(name, '***');
  }
  return `${target.slice(0, start)}?${query.toString()}`;
}

function tokenCredential(via: 'bearer' | 'subprotocol' | 'query', token: string): Credential {
  // Cut, not refused here: a token that long is wrong anyway and is judged as such.
  return { kind: 'token', via, token: token.slice(0, MAX_TOKEN_LENGTH + 1) };
}

function queryOf(target: string | undefined): URLSearchParams {
  const start = target?.indexOf('?') ?? -1;
  return new URLSearchParams(start < 0 ? '' : target?.slice(start + 1));
}
