import { z } from 'zod';
import { errorBodySchema } from '../../../../shared/errors.ts';
import { err, ok, type Result } from '../../../../shared/result.ts';
import { type StreamStatus, streamStatusSchema } from '../../../../shared/stream.ts';

/** Where nothing else is said. */
const TIMEOUT_MS = 10_000;

/** Why a request failed. `UNREACHABLE` is ours, the other codes are the gateway's. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
}

/** What the add form collects, as the API takes it. */
export interface NewStream {
  readonly app?: string;
  readonly name: string;
  readonly source: {
    readonly url: string;
    readonly username?: string;
    readonly password?: string;
    readonly transport?: string;
    readonly tlsFingerprint?: string;
    readonly sub?: { readonly url: string };
  };
  readonly onDemand?: boolean;
  readonly record?: boolean;
}

export interface SessionInfo {
  readonly authRequired: boolean;
  readonly authenticated: boolean;
}

const listSchema = z.object({ streams: z.array(streamStatusSchema) });
const sessionSchema = z.object({ authRequired: z.boolean(), authenticated: z.boolean() });
const issuesSchema = z.object({ issues: z.array(z.object({ path: z.string(), message: z.string() })) });

export async function listStreams(): Promise<Result<readonly StreamStatus[], Failure>> {
  const answer = await call('GET', 'api/v1/streams', listSchema);
  return answer.ok ? ok(answer.value.streams) : answer;
}

export function addStream(stream: NewStream): Promise<Result<StreamStatus, Failure>> {
  return call('POST', 'api/v1/streams', streamStatusSchema, stream);
}

/** The source replaces the old one whole. */
export function changeStream(
  app: string,
  name: string,
  change: {
    readonly source: object;
    readonly onDemand: boolean;
    readonly labels?: Readonly<Record<string, string>>;
  },
): Promise<Result<StreamStatus, Failure>> {
  return call('PATCH', streamPath(app, name), streamStatusSchema, change);
}

export function removeStream(app: string, name: string): Promise<Result<unknown, Failure>> {
  return call('DELETE', streamPath(app, name), z.unknown());
}

/** The API's address of a stream. */
export function streamPath(app: string, name: string): string {
  return `api/v1/streams/${encodeURIComponent(app)}/${encodeURIComponent(name)}`;
}

export function readSession(): Promise<Result<SessionInfo, Failure>> {
  return call('GET', 'api/v1/session', sessionSchema);
}

export function logIn(token: string): Promise<Result<unknown, Failure>> {
  return call('POST', 'api/v1/login', z.unknown(), { token });
}

export function logOut(): Promise<Result<unknown, Failure>> {
  return call('POST', 'api/v1/logout', z.unknown());
}

/** Asks the gateway this page came from, and takes only an answer of that shape. */
export async function call<T>(
  method: string,
  path: string,
  schema: z.ZodType<T>,
  body?: object,
  timeoutMs = TIMEOUT_MS,
): Promise<Result<T, Failure>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch {
    return err(failure('UNREACHABLE', 'The gateway cannot be reached.'));
  }
  const value = parseJson(text);
  if (!response.ok) return err(failureOf(response.status, value));
  const parsed = schema.safeParse(value);
  return parsed.success
    ? ok(parsed.data)
    : err(failure('BAD_ANSWER', 'The gateway sent something unexpected.'));
}

function failureOf(status: number, body: unknown): Failure {
  const parsed = errorBodySchema.safeParse(body);
  if (!parsed.success) return failure('BAD_ANSWER', `The gateway answered with status ${status}.`);
  const { code, message, details } = parsed.data.error;
  const issues = issuesSchema.safeParse(details);
  return { code, message, issues: issues.success ? issues.data.issues : [] };
}

function failure(code: string, message: string): Failure {
  return { code, message, issues: [] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
